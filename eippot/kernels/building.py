"""Compiles C++ with CMake on the user's machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from eippot.errors import EippotError, MissingDependencyError

SHOWN_LOG_LINES: Final = 15
LOG_NAME: Final = "build.log"

Report = Callable[[str], None]


def cache_folder() -> Path:
    """Folder of all that was built.

    ``EIPPOT_CACHE_DIR`` if it is set, else ``$XDG_CACHE_HOME/eippot``, else ``~/.cache/eippot``.
    """
    own = os.environ.get("EIPPOT_CACHE_DIR")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "eippot"


def find_compiler() -> Path | None:
    """The C++ compiler."""
    return _program("c++", "g++", "clang++")


def find_cmake() -> Path | None:
    """CMake."""
    return _program("cmake")


def require_tools() -> None:
    """Check that there is what compiles.

    Raises
    ------
    MissingDependencyError
        The compiler or CMake is missing.
    """
    for what, found in (("C++ compiler", find_compiler()), ("CMake", find_cmake())):
        if found is None:
            raise MissingDependencyError(
                f"No {what} was found on PATH.", "On Debian or Ubuntu: apt install g++ cmake"
            )


def compile_into(
    folder: Path,
    sources: Path,
    definitions: Mapping[str, object],
    products: tuple[str, ...],
    hint: str,
) -> None:
    """Configure and compile, and put the products into a folder, the last one last.

    Parameters
    ----------
    folder
        It exists; the log is left there.
    sources
        Folder of CMakeLists.txt.
    definitions
        For CMake.
    products
        Names of files that are built.
    hint
        What to do when it fails.

    Raises
    ------
    EippotError
        The compilation failed; the message holds the end of the log and its path.
    """
    log = folder / LOG_NAME
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    with log.open("w") as stream, tempfile.TemporaryDirectory(dir=folder) as work:
        configure = ["cmake", "-S", str(sources), "-B", work, *generator]
        _run([*configure, *(f"-D{k}={v}" for k, v in definitions.items())], stream, log, hint)
        _run(["cmake", "--build", work, "--parallel", "2"], stream, log, hint)
        for name in products:
            (Path(work) / name).replace(folder / name)


def _run(command: list[str], stream: IO[str], log: Path, hint: str) -> None:
    stream.write(f"$ {' '.join(command)}\n")
    stream.flush()
    done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        return
    lines = log.read_text(errors="replace").splitlines()
    raise EippotError(
        "Compiling failed; the log ends with\n\n" + "\n".join(lines[-SHOWN_LOG_LINES:]),
        f"The whole log: {log}\n{hint}",
    )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep two builds of the same thing apart; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _program(*names: str) -> Path | None:
    found = (shutil.which(name) for name in names)
    return next((Path(path) for path in found if path), None)
