"""What networks are like: sizes, thresholds, rivals, connectivity, what drives them (chapters 2 and 3)."""
