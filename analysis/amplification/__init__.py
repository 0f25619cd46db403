"""Driving networks: strengths, choice of the best, what one backward pass foretells (chapter 6)."""
