"""Silencing neurons of grammar, and lesion-symptom maps (chapter 8)."""
