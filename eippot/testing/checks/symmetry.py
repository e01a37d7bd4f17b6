"""What a potential must not notice, how forces and stress turn, and what it must notice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from ase import Atoms
from scipy.spatial.transform import Rotation

from eippot.testing.results import Floats, Result, expect, expect_close, expect_same
from eippot.testing.structures import EVERY_KIND, SPECIES, cluster, periodic, slab, small_cell
from eippot.testing.subject import Subject


def check_rotation(subject: Subject) -> None:
    """Energies do not notice a rotation; forces and stress turn along."""
    for angles in ([0.4, -1.1, 0.7], [0.0, 0.0, np.pi / 2]):
        _check_turned(subject, Rotation.from_rotvec(angles).as_matrix(), f"rotated by {angles}")


def check_inversion(subject: Subject) -> None:
    """Energies do not notice an inversion or a mirror; forces and stress turn along."""
    mirror = np.diag([1.0, -1.0, 1.0])
    improper = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix() @ mirror
    for turn, how in ((-np.eye(3), "inverted"), (mirror, "mirrored"), (improper, "mirrored")):
        _check_turned(subject, turn, how)


def transformed(atoms: Atoms, matrix: Floats) -> Atoms:
    """Turn or strain the structure as a whole: every vector v becomes v·matrix."""
    turned = atoms.copy()
    turned.set_cell(atoms.cell.array @ matrix)
    turned.positions = atoms.positions @ matrix
    return turned


def _check_turned(subject: Subject, turn: Floats, how: str) -> None:
    for name, structure in EVERY_KIND.items():
        before = subject.evaluate(structure())
        after = subject.evaluate(transformed(structure(), turn))
        expected = replace(
            before, forces=before.forces @ turn, stress=turn.T @ before.stress @ turn
        )
        expect_same(after, expected, subject.tolerance, f"{name}, {how}")


def check_translation(subject: Subject) -> None:
    """A structure moved as a whole is the same; forces sum to zero."""
    for name, structure in EVERY_KIND.items():
        moved = structure()
        moved.positions += [1.7, -0.9, 5.3]
        before = subject.evaluate(structure())
        expect_same(subject.evaluate(moved), before, subject.tolerance, f"{name}, moved")
        allowed = subject.tolerance * before.size * len(moved)
        expect_close(before.forces.sum(axis=0), np.zeros(3), allowed, f"{name}: net force", "eV/Å")


def check_permutation(subject: Subject) -> None:
    """The order of the atoms means nothing."""
    for name, structure in EVERY_KIND.items():
        order = np.random.default_rng(0).permutation(len(structure()))
        before = subject.evaluate(structure())
        expected = replace(before, atomic=before.atomic[order], forces=before.forces[order])
        after = subject.evaluate(structure()[order])
        expect_same(after, expected, subject.tolerance, f"{name}, atoms in the order {order}")


def check_order_of_edges(subject: Subject) -> None:
    """The order of the edges means nothing: engines list neighbors as they like."""
    for name, structure in EVERY_KIND.items():
        batch = subject.batch([structure()])
        order = torch.from_numpy(np.random.default_rng(0).permutation(batch.edge_index.shape[1]))
        index, vectors = batch.edge_index[:, order], batch.edge_vectors[order]
        with torch.no_grad():
            before = subject.potential(batch.species, batch.edge_index, batch.edge_vectors)
            after = subject.potential(batch.species, index, vectors)
        allowed = subject.tolerance * subject.evaluate(structure()).size
        expect_close(after, before, allowed, f"{name}, edges shuffled: atomic energies")


def check_lattice_vectors(subject: Subject) -> None:
    """The same crystal by other lattice vectors, also left-handed, or by other images of atoms."""
    atoms = small_cell()
    before = subject.evaluate(atoms)
    cell = atoms.cell.array
    choices = {
        "swapped (left-handed)": cell[[1, 0, 2]],
        "reversed (left-handed)": -cell,
        "sheared by one another": cell + np.array([cell[1], [0.0, 0.0, 0.0], -cell[0]]),
    }
    for how, vectors in choices.items():
        atoms.set_cell(vectors)
        where = f"small cell, lattice vectors {how}"
        expect_same(subject.evaluate(atoms), before, subject.tolerance, where)
    for structure in (periodic, slab, small_cell):
        moved = structure()
        moved.positions[0] += moved.cell[0]
        moved.positions[-1] -= 2 * moved.cell[1]
        where = f"{structure.__name__}, two atoms moved by lattice vectors"
        expect_same(
            subject.evaluate(moved), subject.evaluate(structure()), subject.tolerance, where
        )


def check_species(subject: Subject) -> None:
    """The energy of an atom depends on its own element, and on those of its neighbors."""
    before = subject.evaluate(cluster()).atomic
    distances = cluster().get_all_distances()
    for changed in range(len(cluster())):
        atoms = cluster()
        atoms.symbols[changed] = other = SPECIES[1 - SPECIES.index(atoms.symbols[changed])]
        after = subject.evaluate(atoms)
        change = abs(after.atomic - before) / after.size
        for atom in np.flatnonzero(distances[changed] < 0.75 * subject.config.cutoff):
            expect(
                change[atom] > 1e-4,
                f"cluster: expected atom {atom} to feel that atom {changed} is {other} now, got a "
                f"relative change of its energy of {change[atom]:.1e}",
            )


def check_sensitivity(subject: Subject) -> None:
    """The potential is lively; all other checks would fail if what they check were broken."""
    for name in ("periodic", "small cell", "slab", "wire", "cluster", "chain"):
        found: Result = subject.evaluate(EVERY_KIND[name]())
        weakest = float(abs(found.forces).max(axis=1).min())
        expect(weakest > 1e-3, f"{name}: expected forces on every atom, got {weakest:.1e} eV/Å")
        spread = float(np.ptp(found.atomic))
        expect(spread > 1e-3, f"{name}: expected atoms to differ, got energies within {spread} eV")
