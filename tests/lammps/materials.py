"""A few structures of silicon and of silicon carbide, labelled with published potentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from ase import Atoms
from ase.build import bulk

from eippot.config.label import LabelConfig
from eippot.stages import label
from eippot.structures.io import read_structures, write_structures
from tests.docs.markdown import ROOT

#: energy of the isolated atoms in the "DFT" of silicon carbide [eV].
ISOLATED: Final = {"C": -250.0, "Si": -160.0}


@dataclass(frozen=True)
class Material:
    """What is labelled with what.

    Attributes
    ----------
    types
        Symbols of LAMMPS' atom types, not in the order of a model's species.
    eips
        Names and sources.
    structures
        They end with the isolated atoms. Those without DFT labels get the mean of the EIPs.
    crystal
        A distorted cell to run dynamics with.
    """

    types: tuple[str, ...]
    eips: dict[str, str]
    structures: Callable[[], list[Atoms]]
    crystal: Atoms

    def write_labelled(self, folder: Path) -> Path:
        """Run ``eippot label``; every fourth structure has no DFT labels in what it leaves."""
        write_structures(folder / "structures.extxyz", self.structures())
        paths = {"input": folder / "structures.extxyz", "output": folder / "labelled.extxyz"}
        path = label.run(
            LabelConfig.model_validate(paths | {"eips": self.eips, "workers": 1})
        ).output
        structures = read_structures(path)
        for index, atoms in enumerate(structures):
            if index % 4 == 0 and len(atoms) > 1:
                _remove_dft(atoms)
            elif "REF_energy" not in atoms.info:
                self._set_mean(atoms)
        write_structures(path, structures)
        return path

    def _set_mean(self, atoms: Atoms) -> None:
        isolated = sum(ISOLATED[symbol] for symbol in atoms.get_chemical_symbols())
        for name, store in (("energy", atoms.info), ("forces", atoms.arrays)):
            labels = [store[f"eip_{eip}_{name}"] for eip in self.eips]
            store[f"REF_{name}"] = np.mean(labels, axis=0)
        atoms.info["REF_energy"] += isolated


def _remove_dft(atoms: Atoms) -> None:
    for store in (atoms.info, atoms.arrays):
        for key in [key for key in store if key.startswith("REF_")]:
            del store[key]


def _silicon() -> list[Atoms]:
    """Small crystals of the demonstration's data."""
    everything = read_structures(ROOT / "examples" / "silicon" / "silicon_dft.extxyz.xz")
    crystals = [a for a in everything if a.info["config_type"].startswith("bulk") and len(a) < 5]
    atom = [a for a in everything if a.info["config_type"] == "isolated_atom"]
    return crystals[:: len(crystals) // 20][:20] + atom


def _silicon_carbide() -> list[Atoms]:
    """Distorted zinc blende of several densities."""
    crystals = [_zinc_blende(seed, size=4.1 + 0.035 * seed) for seed in range(20)]
    return crystals + [Atoms(s, info={"REF_energy": e}) for s, e in ISOLATED.items()]


def _zinc_blende(seed: int, size: float) -> Atoms:
    random = np.random.default_rng(seed)
    atoms = bulk("SiC", "zincblende", a=size)
    strain = np.eye(3) + 0.03 * random.standard_normal((3, 3))
    atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
    atoms.positions += 0.1 * random.standard_normal((len(atoms), 3))
    return atoms


def _rattled(atoms: Atoms) -> Atoms:
    atoms.rattle(0.1, seed=7)
    return atoms


MATERIALS: Final = {
    "silicon": Material(
        ("Si",),
        {
            "sw": "kim:SW_StillingerWeber_1985_Si__MO_405512056662_005",
            "kumagai": "matscipy:Kumagai?set=Kumagai_Comp_Mat_Sci_39_Si",
        },
        _silicon,
        _rattled(bulk("Si", cubic=True) * (1, 1, 2)),
    ),
    "silicon carbide": Material(
        ("Si", "C"),
        {
            "tersoff": "matscipy:TersoffBrenner?set=Tersoff_PRB_39_5566_Si_C",
            "erhart": "matscipy:TersoffBrenner?set=Erhart_PRB_71_035211_SiC",
        },
        _silicon_carbide,
        _rattled(bulk("SiC", "zincblende", a=4.4, cubic=True) * (1, 1, 2)),
    ),
}
