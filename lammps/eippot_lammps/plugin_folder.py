"""Where a built plugin lies: one folder per LAMMPS, torch, eippot and state of the sources."""

from __future__ import annotations

import hashlib
import os
from importlib import metadata
from pathlib import Path
from typing import Final

from eippot_lammps.locate import Lammps, Torch, kernels_folder

PLUGIN_NAME: Final = "eippotplugin.so"  # what LAMMPS loads at its start
PAIR_NAME: Final = "libeippot_pair.so"  # what the plugin loads when it is asked for
PACKAGE_FOLDER: Final = Path(__file__).parent


def cache_folder() -> Path:
    """Folder of all built plugins.

    ``EIPPOT_CACHE_DIR`` if it is set, else ``$XDG_CACHE_HOME/eippot``, else ``~/.cache/eippot``.
    """
    own = os.environ.get("EIPPOT_CACHE_DIR")
    if own:
        return Path(own) / "plugins"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "eippot" / "plugins"


def plugin_folder(lammps: Lammps, torch: Torch) -> Path:
    """Folder of the plugin for one LAMMPS and one torch; it need not exist.

    The plugin holds the path of torch's libraries, so two environments with the same versions
    have two folders.
    """
    digest = hashlib.sha256(f"{torch.folder}\n{lammps.headers}\n".encode())
    for source in source_files():
        digest.update(source.read_bytes())
    versions = f"lammps-{lammps.version}_torch-{torch.version}_eippot-{metadata.version('eippot')}"
    return cache_folder() / f"{versions}_{digest.hexdigest()[:10]}"


def source_files() -> list[Path]:
    """Everything that the plugin is built from, in a fixed order."""
    folders = (PACKAGE_FOLDER, kernels_folder())
    return [
        file
        for folder in folders
        for file in (folder / "CMakeLists.txt", *sorted((folder / "src").iterdir()))
    ]


def other_builds(current: Path) -> list[Path]:
    """Folders of plugins that were built for other versions or environments."""
    if not cache_folder().is_dir():
        return []
    return sorted(
        file.parent
        for file in cache_folder().glob(f"*/{PLUGIN_NAME}")
        if file.parent.resolve() != current.resolve()
    )
