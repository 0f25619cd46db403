"""What activity tells: classifiers and their baselines, subspaces (chapter 7)."""
