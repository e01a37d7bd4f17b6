"""Neighbor lists for KIM models: of the compiled kernels, or of kimpy where these are not built."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from eippot.conventions import Array
from eippot.errors import EIPError, one_line
from eippot.kernels.library import find_library
from eippot.kernels.neighbors import NeighborLists


class KIMNeighbors(Protocol):
    """What a KIM model asks for the neighbors of its particles.

    Attributes
    ----------
    function, data
        KIM's function GetNeighborList and its data object, as kimpy takes them.
    """

    function: Any
    data: Any

    def build(self, coordinates: Array, needs: npt.NDArray[np.int32]) -> None:
        """Find the neighbors of particles at ``(m, 3)`` [Å] where ``needs (m,)`` is not 0.

        Raises
        ------
        EIPError
            Particles are at the same place.
        """


def neighbors_for(kimpy: ModuleType, influence: float, cutoffs: Array) -> KIMNeighbors:
    """Lists within each of the cutoffs of a model [Å], and its influence distance [Å]."""
    library = find_library()
    if library is None:
        return _KimpyNeighbors(kimpy, influence, cutoffs)
    return NeighborLists(library, cutoffs)


class _KimpyNeighbors:
    def __init__(self, kimpy: ModuleType, influence: float, cutoffs: Array) -> None:
        self.function = kimpy.neighlist.get_neigh_kim()
        self.data = kimpy.neighlist.NeighList()
        self._influence = influence
        self._cutoffs = cutoffs

    def build(self, coordinates: Array, needs: npt.NDArray[np.int32]) -> None:
        try:
            self.data.build(coordinates, self._influence, self._cutoffs, needs)
        except RuntimeError as error:
            raise EIPError(f"kimpy finds no neighbors: {one_line(error)}") from None
