"""A brain's side: scans, simulated and real, decomposed and checked (chapter 1)."""
