"""Everything that holds for every architecture: one function per property.

A check takes a Subject and raises AssertionError, with what was expected, what was found and on
which structure, where the property does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from eippot.testing.checks.classifier import check_classifier
from eippot.testing.checks.derivatives import (
    check_atoms_in_one_place,
    check_forces,
    check_stress,
    check_training_on_forces,
)
from eippot.testing.checks.locality import check_ghosts, check_interaction_range
from eippot.testing.checks.reproduction import (
    check_committee,
    check_contract,
    check_exported,
    check_repeated,
    check_saved,
    check_seed,
)
from eippot.testing.checks.sizes import (
    check_batch,
    check_dissociation,
    check_empty_batch,
    check_far_fragments,
    check_mixed_periodicity,
    check_no_edges,
    check_one_atom,
    check_primitive_cell,
    check_supercell,
)
from eippot.testing.checks.smoothness import check_smooth_at_the_cutoff
from eippot.testing.checks.symmetry import (
    check_inversion,
    check_lattice_vectors,
    check_order_of_edges,
    check_permutation,
    check_rotation,
    check_sensitivity,
    check_species,
    check_translation,
)
from eippot.testing.subject import Subject

Check = Callable[[Subject], None]

CHECKS: Final[tuple[Check, ...]] = (
    check_contract,
    check_sensitivity,
    check_species,
    check_rotation,
    check_inversion,
    check_translation,
    check_permutation,
    check_order_of_edges,
    check_lattice_vectors,
    check_forces,
    check_stress,
    check_smooth_at_the_cutoff,
    check_atoms_in_one_place,
    check_training_on_forces,
    check_supercell,
    check_primitive_cell,
    check_mixed_periodicity,
    check_one_atom,
    check_no_edges,
    check_empty_batch,
    check_batch,
    check_far_fragments,
    check_dissociation,
    check_interaction_range,
    check_ghosts,
    check_repeated,
    check_seed,
    check_saved,
    check_exported,
    check_committee,
    check_classifier,
)


def title(check: Check) -> str:
    """Name of a check in plain words."""
    return check.__name__.removeprefix("check_").replace("_", " ")
