"""Two uses of networks: making a model smaller, and telling where a model comes from."""
