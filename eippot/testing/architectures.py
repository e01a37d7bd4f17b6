"""Small configurations of every architecture of eippot; the checks run on each of them."""

from __future__ import annotations

from typing import Final

from eippot.config.model import (
    ArchitectureConfig,
    CGCNNConfig,
    EquivariantConfig,
    GemNetConfig,
    SchNetConfig,
    SOAPNetConfig,
)
from eippot.testing.structures import CUTOFF

_SCHNET: Final = SchNetConfig(cutoff=CUTOFF, channels=8, interactions=2, radial_functions=8)
_GEMNET: Final = GemNetConfig(
    cutoff=CUTOFF,
    channels=8,
    blocks=1,
    radial_functions=3,
    basis_channels=4,
    triplet_cutoff=2.7,
    triplet_channels=4,
    degrees=4,
    quadruplet_cutoff=2.4,
    quadruplet_channels=4,
    quadruplet_degrees=3,
)
_EQUIVARIANT: Final = EquivariantConfig(
    cutoff=CUTOFF, channels=8, radial_functions=4, radial_width=8
)

#: by name, where an architecture has forms that differ in more than sizes also of its variant.
ARCHITECTURES: Final[dict[str, ArchitectureConfig]] = {
    "schnet": _SCHNET,
    "schnet_zbl": _SCHNET.model_copy(update={"core": "zbl"}),
    "soapnet": SOAPNetConfig(
        cutoff=CUTOFF, channels=8, layers=2, n_max=4, l_max=3, species_channels=1
    ),
    "cgcnn": CGCNNConfig(cutoff=CUTOFF, channels=8, convolutions=2, radial_functions=8),
    "gemnet": _GEMNET,
    "gemnet_q": _GEMNET.model_copy(update={"quadruplets": True}),
    "equivariant": _EQUIVARIANT,
    "equivariant_parity": _EQUIVARIANT.model_copy(update={"parity": True, "interactions": 4}),
}
