"""A collection of KIM models that is nobody's but the tests'."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def own_collection(folder: Path) -> Iterator[None]:
    """Let the KIM API, here and in programs that are started, take a folder for the user's."""
    kinds = ("model-drivers", "portable-models", "simulator-models")
    config = folder / "config"
    config.write_text("".join(f"{kind}-dir = {folder / kind}\n" for kind in kinds))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIM_API_CONFIGURATION_FILE", str(config))
        yield
