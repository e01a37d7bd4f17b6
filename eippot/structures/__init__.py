"""Structures (ase.Atoms): reading, writing, splitting, generating."""
