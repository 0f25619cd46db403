"""What can go wrong, tried on purpose: faults, mutated inputs, mutated code, ten times the load, golden numbers."""
