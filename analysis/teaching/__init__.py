"""The teaching model: its training, its card, its datasheet."""
