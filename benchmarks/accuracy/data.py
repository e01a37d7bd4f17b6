"""Data sets, and how they are divided for each number of DFT labels and each seed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from ase import Atoms

from eippot.config.label import LabelConfig
from eippot.config.perturb import PerturbConfig
from eippot.data.labels import remove_labels
from eippot.data.sources import reference_energies_of
from eippot.graphs.references import sizes_of
from eippot.properties import ENERGY, REFERENCE_PREFIX, reference_key
from eippot.stages import label, perturb
from eippot.structures.io import read_structures, write_structures
from eippot.structures.splits import set_hash, split_indices

ROOT: Final = Path(__file__).resolve().parents[2]
#: shares of all structures that test, and of the others that validate (Shui et al. 2022).
TEST, VALIDATION = 0.2, 0.2


@dataclass(frozen=True)
class DataSet:
    """DFT-labelled structures, and the EIPs that are asked about them.

    Attributes
    ----------
    name
        As it stands in lines and tables.
    card
        Set of EIPs.
    path
        File or folder of structures in the folder named by ``EIPPOT_DATA``.
    highest
        Structures of a higher energy are left out [eV/atom].
    without
        Structures of these ``config_type`` are left out.
    """

    name: str
    card: str
    path: Path
    highest: float = float("inf")
    without: frozenset[str] = frozenset()

    @property
    def all(self) -> bool:
        """Whether these are all EIPs that OpenKIM has."""
        return self.card.endswith("-openkim")

    def structures(self) -> list[Atoms]:
        """All structures that belong to the set."""
        found = read_structures(self._found())
        everything = [a for a in found if a.info.get("config_type") not in self.without]
        per_atom = reference_energies_of(everything) / sizes_of(everything)
        return [a for a, energy in zip(everything, per_atom, strict=True) if energy <= self.highest]

    def _found(self) -> Path:
        folder = os.environ.get("EIPPOT_DATA")
        if not folder and not self.path.is_absolute():
            sys.exit(f"{self.name}: expected EIPPOT_DATA to name a folder of data sets.")
        path = Path(folder or "") / self.path
        if not path.exists():
            sys.exit(f"{self.name}: expected {path}, which does not exist.")
        return path


_SILICON: Final = ROOT / "examples" / "silicon" / "silicon_dft.extxyz.xz"
_PYXTAL: Final = Path("Si_PyXtal.extxyz.xz")
_COPPER: Final = Path("Cu_ACE.extxyz.xz")
_TUNGSTEN: Final = Path("W_FitSNAP.extxyz.xz")
#: numbers in names are those of EIPs, all that OpenKIM has; the last three sets are those of the
#: paper, as they are published: extended XYZ, HDF5, DeePMD-kit.
SETS: Final = {
    data.name: data
    for data in (
        DataSet("silicon", "silicon", _SILICON),
        DataSet("silicon-24", "silicon-openkim", _SILICON),
        DataSet("Si_PyXtal", "silicon", _PYXTAL, highest=-4.0),
        DataSet("Si_PyXtal-24", "silicon-openkim", _PYXTAL, highest=-4.0),
        DataSet("Cu_ACE", "copper", _COPPER),
        DataSet("Cu_ACE-33", "copper-openkim", _COPPER),
        DataSet("W_FitSNAP", "tungsten", _TUNGSTEN),
        DataSet("W_FitSNAP-13", "tungsten-openkim", _TUNGSTEN),
        # phonon_hessian: more than half, 30 atoms near their places in one crystal or another, all
        # nearly alike; relaxed, unrelaxed: silver and palladium are in the wrong order
        DataSet(
            "AgPd",
            "silver-palladium",
            Path("AgPd.extxyz.xz"),
            without=frozenset({"phonon_hessian", "relaxed", "unrelaxed"}),
        ),
        DataSet("KIM-Si", "silicon", Path("KIM-Si.xyz")),
        DataSet("ANI-Al", "aluminum", Path("ANI-Al.h5")),
        DataSet("AgAu", "silver-gold", Path("AgAu")),
    )
}


@dataclass(frozen=True)
class Division:
    """Files of one data set, number of DFT labels and seed, EIP labels in all.

    Attributes
    ----------
    training
        Structures with a DFT label, then without: the others, and perturbed copies of all.
    validation, test
        DFT-labelled structures.
    hidden
        Structures of the pool with their DFT labels: what would be learnt, were these known?
    provenance
        Numbers and hashes by which the division can be recognized.
    """

    training: Path
    validation: Path
    test: Path
    hidden: Path
    provenance: dict[str, object]

    def structures(self) -> tuple[list[Atoms], list[Atoms], list[Atoms]]:
        """What is in the files."""
        training, validation, test = map(
            read_structures, (self.training, self.validation, self.test)
        )
        return training, validation, test


def divide(
    data: DataSet, labels: int, seed: int, work: Path, *, least: int = 0, with_forces: bool = True
) -> Division:
    """Test and validation structures, the same for all numbers of labels; then the training ones.

    Validation takes no more structures than have a DFT label for training, since its labels cost
    as much: a strategy uses at most twice ``labels``. Training structures are ``least`` or more.
    Without forces, DFT labels are energies alone, but for those to test on.
    """
    structures = read_structures(labelled(data, work))
    test, validation, others = split_indices(len(structures), [TEST, (1 - TEST) * VALIDATION], seed)
    random = np.random.default_rng([seed, 1])
    order, checked = random.permutation(others), random.permutation(validation)[:labels]
    trained, pool = order[:labels], order[labels:]
    folder = work / data.name / f"{labels}-{seed}-{least}{'' if with_forces else '-energies'}"
    folder.mkdir(parents=True, exist_ok=True)
    hidden = [_without_labels(structures[i]) for i in pool]
    copies = _copies(data, [structures[i] for i in others], seed, least, work)
    known, checking = ([structures[i] for i in part] for part in (trained, checked))
    if not with_forces:
        known, checking = (list(map(_without_forces, part)) for part in (known, checking))
    parts = {
        "training": known + hidden + copies,
        "validation": checking,
        "test": [structures[i] for i in test],
        "hidden": [structures[i] for i in pool],
    }
    paths = {name: folder / f"{name}.extxyz" for name in parts}
    for name, path in paths.items():
        write_structures(path, parts[name])
    counts = {
        "training_labels": len(trained),
        "validation_labels": len(checked),
        "pool": len(pool),
        "copies": len(copies),
        "test_structures": len(test),
    }
    return Division(**paths, provenance=counts | {"split": set_hash(parts["training"])[:16]})


def labelled(data: DataSet, work: Path) -> Path:
    """All structures with the labels of all EIPs, made once."""
    plain, done = work / data.name / "structures.extxyz", work / data.name / "labelled.extxyz"
    if not done.exists():
        plain.parent.mkdir(parents=True, exist_ok=True)
        write_structures(plain, data.structures())
        label.run(LabelConfig(input=plain, output=done, sets=(data.card,)))
    return done


def _copies(
    data: DataSet, structures: list[Atoms], seed: int, least: int, work: Path
) -> list[Atoms]:
    """Perturbed copies with the labels of all EIPs, made once: with the originals ``least``."""
    rounds = -(-least // len(structures)) - 1
    if rounds < 1:
        return []
    folder = work / data.name / f"copies-{seed}-{least}"
    originals, more, done = (
        folder / f"{name}.extxyz" for name in ("originals", "perturbed", "labelled")
    )
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_structures(originals, structures)
        perturb.run(PerturbConfig(input=originals, output=more, copies=rounds, seed=seed))
        write_structures(more, read_structures(more)[len(structures) :])
        label.run(LabelConfig(input=more, output=done, sets=(data.card,)))
    return read_structures(done)


def _without_labels(atoms: Atoms) -> Atoms:
    hidden = atoms.copy()
    remove_labels([hidden], REFERENCE_PREFIX)
    return hidden


def _without_forces(atoms: Atoms) -> Atoms:
    shown = _without_labels(atoms)
    shown.info[reference_key(ENERGY)] = atoms.info[reference_key(ENERGY)]
    return shown
