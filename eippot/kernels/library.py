"""Where the compiled library of kernels lies, and how it gets there.

Nothing here imports numpy or torch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from eippot.kernels.building import (
    Report,
    cache_folder,
    compile_into,
    locked,
    require_tools,
)
from eippot.version import __version__

SOURCES: Final = Path(__file__).parent
NAME: Final = "libeippot_kernels.so"
ENGINE_NAME: Final = "libeippot_engine.a"  # the same, to link to from C++


def find_library() -> Path | None:
    """The library that was built from these sources; None as long as it was not."""
    library = library_folder() / NAME
    return library if library.is_file() else None


def build_library(*, force: bool = False, report: Report = print) -> Path:
    """Compile the library, unless it is there already.

    Parameters
    ----------
    force
        Compile even if it is there.
    report
        Called with one line per step.

    Returns
    -------
    Path
        ``.../libeippot_kernels.so``

    Raises
    ------
    MissingDependencyError
        The compiler or CMake is missing.
    EippotError
        The compilation failed; the message holds the end of the log and its path.
    """
    require_tools()
    folder = library_folder()
    library = folder / NAME
    with locked(folder):
        if library.is_file() and not force:
            report(f"already built: {library}")
            return library
        report("compiling the kernels (about a minute)")
        definitions = {"EIPPOT_WARNINGS_AS_ERRORS": "ON"}
        compile_into(
            folder, SOURCES, definitions, (ENGINE_NAME, NAME), "A newer compiler may help."
        )
    report(f"built {library}")
    return library


def library_folder() -> Path:
    """Folder of the library for this version and state of the sources; it need not exist."""
    digest = hashlib.sha256()
    for source in source_files():
        digest.update(source.read_bytes())
    return cache_folder() / "kernels" / f"{__version__}_{digest.hexdigest()[:10]}"


def source_files() -> list[Path]:
    """Everything that the library is built from, in a fixed order."""
    return [SOURCES / "CMakeLists.txt", *sorted((SOURCES / "src").glob("*/*"))]
