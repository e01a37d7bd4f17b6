"""Neighbor lists of others: ASE's own, and those of vesin and matscipy, which peers use."""

from __future__ import annotations

from importlib import import_module

from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import CUTOFF, crystal
from benchmarks.speed.timing import timed


def neighbors(setting: Setting) -> Prepared:
    """Centers, neighbors, shifts and vectors [µs per atom]."""
    atoms = crystal(setting["atoms"])
    program = setting["program"]
    if program == "vesin":
        vesin = import_module("vesin").NeighborList(cutoff=CUTOFF, full_list=True)

        def evaluate() -> object:
            return vesin.compute(atoms.positions, atoms.cell.array, True, "ijSD")

    elif program == "matscipy":
        matscipy = import_module("matscipy.neighbours")

        def evaluate() -> object:
            return matscipy.neighbour_list("ijSD", atoms, CUTOFF)

    else:
        ase = import_module("ase.neighborlist")

        def evaluate() -> object:
            return ase.neighbor_list("ijSD", atoms, CUTOFF)

    return Prepared(timed(evaluate, len(atoms)))


KINDS: Kinds = {"neighbors": neighbors}
