"""Architectures behind one contract."""
