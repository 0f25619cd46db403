"""Benchmarks: each a module with `measure()`, against the peer a user would pick and against the floor."""
