"""Words in a model's tokens, and the neurons of parts of speech (chapter 7)."""
