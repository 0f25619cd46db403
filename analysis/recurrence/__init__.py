"""Do networks come back? Halves, resamples, templates (chapter 4)."""
