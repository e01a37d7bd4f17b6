"""From the labels of a structure to tensors.

All energies are relative to the reference energies, which a model adds back when it is exported;
in float32 the large constants of DFT energies would otherwise cost all significant digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from ase import Atoms
from torch import Tensor

from eippot.graphs.alignment import Alignment
from eippot.graphs.references import composition, reference_energy
from eippot.properties import (
    ENERGY,
    FORCES,
    LABELS,
    STRESS,
    WEAK_PREFIX,
    Property,
    eip_key,
    weak_key,
)
from eippot.structures.io import energy_of, forces_of, stress_of

Labels = dict[str, Tensor]
Labeller = Callable[[Atoms], Labels]

KeyOf = Callable[[Property], str]


def labels_of(atoms: Atoms, source: str, key_of: KeyOf, references: Mapping[str, float]) -> Labels:
    """Energy, forces and stress labels of one source.

    Parameters
    ----------
    atoms
        A structure with n atoms.
    source
        First part of the names of the tensors, ``<source>_energy`` and so on.
    key_of
        Key of a property in the structure.
    references
        Reference energy of each species [eV].

    Returns
    -------
    dict
        Energy ``(1,)``, forces ``(n, 3)``, stress ``(1, 3, 3)``; NaN where there is no label.
    """
    energy = energy_of(atoms, key_of(ENERGY))
    forces = forces_of(atoms, key_of(FORCES))
    stress = stress_of(atoms, key_of(STRESS))
    relative = np.nan if energy is None else energy - reference_energy(atoms, references)
    return {
        f"{source}_energy": torch.tensor([relative], dtype=torch.float64),
        f"{source}_forces": _tensor(forces, (len(atoms), 3)),
        f"{source}_stress": _tensor(stress, (3, 3)).unsqueeze(0),
    }


def eip_labels_of(
    atoms: Atoms, alignments: Sequence[Alignment], references: Mapping[str, float]
) -> Labels:
    """Aligned labels of P EIPs.

    Returns
    -------
    dict
        ``eip_energy`` ``(1, P)``, ``eip_forces`` ``(n, P, 3)``, ``eip_stress`` ``(1, P, 3, 3)``;
        NaN where an EIP has no label. A slope scales forces and stress, too.
    """
    single = []
    for alignment in alignments:
        found = labels_of(atoms, "eip", _eip_keys(alignment.source), dict.fromkeys(references, 0.0))
        counts = composition([atoms], alignment.species)[0]
        shift = alignment.energy(0.0, counts) - reference_energy(atoms, references)
        found = {name: alignment.slope * value for name, value in found.items()}
        found["eip_energy"] = found["eip_energy"] + shift
        single.append(found)
    return {
        "eip_energy": torch.stack([labels["eip_energy"] for labels in single], dim=1),
        "eip_forces": torch.stack([labels["eip_forces"] for labels in single], dim=1),
        "eip_stress": torch.stack([labels["eip_stress"] for labels in single], dim=1),
    }


def aligned_labels(atoms: Atoms, alignment: Alignment) -> dict[Property, float | np.ndarray]:
    """Labels of an EIP that has them, in the form of files and on the DFT scale."""
    found: dict[Property, float | np.ndarray] = {}
    for prop in LABELS:
        store = atoms.arrays if prop.level == "atom" else atoms.info
        value = store.get(eip_key(alignment.source, prop.name))
        if value is not None:
            found[prop] = alignment.slope * np.asarray(value, dtype=float)
    if ENERGY in found:
        shift = alignment.energy(0.0, composition([atoms], alignment.species)[0])
        found[ENERGY] = float(found[ENERGY]) + shift
    return found


def _eip_keys(name: str) -> KeyOf:
    return lambda prop: eip_key(name, prop.name)


def _tensor(value: np.ndarray | None, shape: tuple[int, ...]) -> Tensor:
    if value is None:
        return torch.full(shape, float("nan"), dtype=torch.float64)
    return torch.from_numpy(np.array(value, dtype=np.float64).reshape(shape))


def remove_labels(structures: Sequence[Atoms], prefix: str) -> None:
    """Take everything out of structures whose key begins so, ``REF_`` or ``weak_``."""
    for store in (store for atoms in structures for store in (atoms.info, atoms.arrays)):
        for key in [key for key in store if key.startswith(prefix)]:
            del store[key]


def set_weak_label(
    atoms: Atoms, source: str, labels: Mapping[Property, float | np.ndarray], **about: float
) -> None:
    """Give a structure a weak label.

    Parameters
    ----------
    atoms
        Changed in place.
    source
        Whose label it is: an EIP, or what else it was made by.
    labels
        Properties in the form that files have them in.
    **about
        What else is known of the label: its probability, its standard deviation.
    """
    for prop, value in labels.items():
        store = atoms.arrays if prop.level == "atom" else atoms.info
        store[weak_key(prop)] = value
    atoms.info |= {WEAK_PREFIX + "eip": source} | {
        WEAK_PREFIX + name: value for name, value in about.items()
    }
