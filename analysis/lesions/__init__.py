"""Silencing networks: sets, studies, curves, dissociated pairs, published errors (chapter 5)."""
