"""eippot: neural interatomic potentials that learn from empirical ones."""

from __future__ import annotations

__version__ = "0.1.0"
