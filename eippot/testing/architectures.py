"""One small configuration of every architecture of eippot; the checks run on each of them."""

from __future__ import annotations

from typing import Final

from eippot.config.model import ArchitectureConfig, SchNetConfig
from eippot.testing.structures import CUTOFF

ARCHITECTURES: Final[dict[str, ArchitectureConfig]] = {
    "schnet": SchNetConfig(cutoff=CUTOFF, channels=8, interactions=2, radial_functions=8),
}
