"""Simulation: what if this footprint had been in force all along? Past cases held against two maps."""
