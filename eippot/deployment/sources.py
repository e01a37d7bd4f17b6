"""The C++ of exported models, which engines that are not Python compile into their own libraries.

Nothing here imports numpy or torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from eippot.kernels import library

FOLDER: Final = Path(__file__).parent


def source_files() -> list[Path]:
    """Everything that ``model.cmake`` builds from, in a fixed order."""
    own = [FOLDER / "model.cmake", *sorted((FOLDER / "src").iterdir())]
    return [*own, *library.source_files()]
