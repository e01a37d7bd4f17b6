"""Sizes: supercells, fragments, batches, isolated atoms, and no atoms at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from ase.build import bulk

from eippot.models.derivatives import edge_gradient, forces_from_edge_gradient
from eippot.models.prediction import predict
from eippot.testing.exporting import exported_model
from eippot.testing.results import Result, expect, expect_close, expect_same
from eippot.testing.structures import (
    EVERY_KIND,
    REFERENCE_ENERGIES,
    SPECIES,
    cluster,
    dimer,
    isolated_atom,
    one_atom_cell,
    periodic,
    slab,
    small_cell,
    wire,
)
from eippot.testing.subject import Subject


def check_supercell(subject: Subject) -> None:
    """A repeated cell has as many times the energy, and the same forces and stress."""
    for structure, repeats in (
        (periodic, (2, 1, 1)),
        (small_cell, (2, 2, 1)),
        (small_cell, (1, 1, 5)),
        (one_atom_cell, (3, 2, 1)),
        (slab, (1, 2, 1)),
        (wire, (1, 3, 1)),
    ):
        count = int(np.prod(repeats))
        one, many = subject.evaluate(structure()), subject.evaluate(structure() * repeats)
        expected = Result(
            count * one.energy,
            np.tile(one.atomic, count),
            np.tile(one.forces, (count, 1)),
            one.stress,
        )
        where = f"{structure.__name__} repeated {repeats}"
        expect_same(many, expected, subject.tolerance, where)


def check_primitive_cell(subject: Subject) -> None:
    """The primitive and the conventional cell are the same crystal."""
    primitive, conventional = bulk("Si", a=5.0), bulk("Si", a=5.0, cubic=True)
    for crystal in (primitive, conventional):
        strain = np.eye(3) + 0.04 * np.array([[0.0, 1.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, -1.0]])
        crystal.set_cell(crystal.cell.array @ strain, scale_atoms=True)
    found, one = subject.evaluate(conventional), subject.evaluate(primitive)
    expected = Result(
        4 * one.energy, np.tile(one.atomic, 4), np.tile(one.forces, (4, 1)), one.stress
    )
    expect_same(found, expected, subject.tolerance, "conventional cell of strained diamond")


def check_mixed_periodicity(subject: Subject) -> None:
    """A wide empty space along an axis is as good as no periodicity along it."""
    for name, axes in (("slab", (2,)), ("wire", (0, 2)), ("cluster", (0, 1, 2))):
        open_ = EVERY_KIND[name]()
        wide = open_.copy()
        for axis in axes:
            wide.cell[axis] = 40.0 * np.eye(3)[axis]
        wide.pbc = True
        expected = subject.evaluate(open_)
        found = replace(subject.evaluate(wide), stress=expected.stress)
        expect_same(found, expected, subject.tolerance, f"{name} in a wide periodic cell")
        dense = open_.copy()
        for axis in axes:
            dense.cell[axis] = 5.0 * np.eye(3)[axis]
        dense.pbc = True
        change = abs(subject.evaluate(dense).energy - expected.energy)
        expect(change > 1e-3, f"{name}: expected images at 5 Å to be felt, got {change:.1e} eV")


def check_one_atom(subject: Subject) -> None:
    """An isolated atom has no energy of its own, and no force."""
    for symbol in SPECIES:
        found = subject.evaluate(isolated_atom(symbol))
        expect_close(found.energy, 0.0, subject.tolerance, f"isolated {symbol}: energy")
        expect_close(found.forces, np.zeros((1, 3)), 0.0, f"isolated {symbol}: force", "eV/Å")


def check_no_edges(subject: Subject) -> None:
    """Atoms without any edge, as an MPI rank may own, have energies and forces of zero."""
    for n_atoms in (1, 2, 5):
        _check_without_edges(subject, n_atoms)


def check_empty_batch(subject: Subject) -> None:
    """No atoms at all, as an MPI rank may own, are no error."""
    _check_without_edges(subject, n_atoms=0)


def _check_without_edges(subject: Subject, n_atoms: int) -> None:
    where = f"{n_atoms} atoms without edges"
    species = torch.arange(n_atoms) % len(SPECIES)
    edge_index = torch.zeros((2, 0), dtype=torch.int64)
    vectors = torch.zeros((0, 3), dtype=subject.precision.dtype, requires_grad=True)
    energies = subject.potential(species, edge_index, vectors)
    zero = np.zeros((n_atoms, 1))
    expect_close(energies.detach(), zero, subject.tolerance, f"{where}: energies")
    gradient = edge_gradient(energies, vectors, create_graph=False)
    forces = forces_from_edge_gradient(gradient, edge_index, n_atoms)
    expect_close(forces, np.zeros((n_atoms, 3)), 0.0, f"{where}: forces", "eV/Å")


def check_batch(subject: Subject) -> None:
    """Structures have the same results together as one by one."""
    structures = {name: structure() for name, structure in EVERY_KIND.items()}
    structures |= {"isolated atom": isolated_atom(), "last": periodic()}
    batch = subject.batch(list(structures.values()))
    found = predict(
        subject.potential, batch, with_forces=True, with_stress=True, create_graph=False
    )
    assert found.forces is not None
    assert found.stress is not None
    for index, (name, atoms) in enumerate(structures.items()):
        single = subject.evaluate(atoms)
        together = Result(
            float(found.energy[index, 0]),
            single.atomic,
            found.forces[batch.structure == index].double().numpy(),
            found.stress[index].double().numpy(),
        )
        expect_same(together, single, subject.tolerance, f"{name} in a batch")


def check_far_fragments(subject: Subject) -> None:
    """Fragments that are far apart do not notice one another."""
    pair = dimer(2.0)
    pair.positions += [subject.potential.representation.interaction_range + 10.0, 1.0, -2.0]
    one, two, both = (subject.evaluate(atoms) for atoms in (cluster(), pair, cluster() + pair))
    expected = Result(
        one.energy + two.energy,
        np.concatenate([one.atomic, two.atomic]),
        np.concatenate([one.forces, two.forces]),
        one.stress,
    )
    expect_same(both, expected, subject.tolerance, "cluster and dimer, far apart")


def check_dissociation(subject: Subject) -> None:
    """Pulled apart, a structure has the reference energies of its isolated atoms."""
    model, _ = exported_model([subject.potential], subject.config.architecture)
    far = cluster()
    far.positions *= 10.0
    for atoms in (dimer(subject.potential.representation.cutoff + 0.01), far):
        batch = subject.exact.batch([atoms])
        with torch.no_grad():
            energies = model(batch.species, batch.edge_index, batch.edge_vectors)
        isolated = [REFERENCE_ENERGIES[symbol] for symbol in atoms.get_chemical_symbols()]
        where = f"{atoms.symbols}, pulled apart: atomic energies"
        expect_close(energies, isolated, subject.tolerance, where)
