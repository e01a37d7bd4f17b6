"""Empirical interatomic potentials as label sources."""
