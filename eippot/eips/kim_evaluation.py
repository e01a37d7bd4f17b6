"""KIM models at work: particles in arrays that stay where they are, and batches of structures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ase.data import chemical_symbols

from eippot.conventions import Array
from eippot.eips.base import EIPLabel
from eippot.eips.frame import Frame
from eippot.eips.images import surround
from eippot.eips.kim_neighbors import neighbors_for
from eippot.errors import EIPError, one_line

IntArray = npt.NDArray[np.int32]

_FIRST_CAPACITY: Final = 256


class KIMModel:
    """A model with its arguments and neighbor list, which are used again and again.

    Parameters
    ----------
    kimpy
        The module.
    model
        The model.
    name
        Its KIM id.

    Attributes
    ----------
    influence
        Distance up to which images are needed [Å].

    Raises
    ------
    EIPError
        The model does not compute energies and forces.
    """

    def __init__(self, kimpy: ModuleType, model: Any, name: str) -> None:  # noqa: ANN401
        self._kimpy = kimpy
        self._model = model
        self._arguments = model.compute_arguments_create()
        self._names = kimpy.compute_argument_name
        not_supported = kimpy.support_status.notSupported
        for needed in ("partialEnergy", "partialForces"):
            argument = getattr(self._names, needed)
            if self._arguments.get_argument_support_status(argument) == not_supported:
                raise EIPError(f"The KIM model `{name}` does not compute {needed}.")
        self.influence = float(model.get_influence_distance())
        cutoffs, skips_images = model.get_neighbor_list_cutoffs_and_hints()
        self._images_need_neighbors = not np.all(skips_images)
        cutoffs = np.asarray(cutoffs, dtype=np.float64)
        self._neighbors = neighbors_for(kimpy, self.influence, cutoffs)
        self._arguments.set_callback_pointer(
            kimpy.compute_callback_name.GetNeighborList,
            self._neighbors.function,
            self._neighbors.data,
        )
        self._forces_wanted = True
        self._number = np.zeros(1, dtype=np.int32)
        self._energy: Array = np.zeros(1)
        self._make_room(_FIRST_CAPACITY)

    def images(
        self, positions: Array, cell: Array, pbc: npt.NDArray[np.bool_], codes: IntArray
    ) -> tuple[Array, IntArray]:
        """Coordinates ``(p, 3)`` [Å] of all images, and whose they are; for any cell."""
        images, _, owners = self._kimpy.neighlist.create_paddings(
            self.influence, cell, pbc.astype(np.int32), positions, codes
        )
        return images, owners

    def compute(
        self, n_atoms: int, coordinates: Array, codes: IntArray, wants_forces: bool
    ) -> tuple[float, Array]:
        """Energy [eV], and forces ``(m, 3)`` [eV/Å] on atoms and images.

        Parameters
        ----------
        n_atoms
            How many particles are atoms; they come first.
        coordinates
            Shape ``(m, 3)`` [Å].
        codes
            The model's codes of their species, shape ``(m,)``.
        wants_forces
            Whether forces shall be computed; they are zero otherwise.

        Raises
        ------
        EIPError
            The model refuses the structure, or particles are at the same place.
        """
        count = len(coordinates)
        if count > len(self._codes):
            self._make_room(2 * count)
        self._number[0] = count
        self._coordinates[:count] = coordinates
        self._codes[:count] = codes
        contributing = self._contributing[:count]
        contributing[:n_atoms] = 1
        contributing[n_atoms:] = 0
        needing = np.ones_like(contributing) if self._images_need_neighbors else contributing
        self._neighbors.build(self._coordinates[:count], needing)
        self._energy[0] = 0.0
        self._forces[:count] = 0.0
        self._want_forces(wants_forces)
        try:
            self._model.compute(self._arguments)
        except RuntimeError as error:
            raise EIPError(f"The KIM model refuses the structure: {one_line(error)}") from None
        return float(self._energy[0]), self._forces[:count].copy()

    def _want_forces(self, wanted: bool) -> None:
        if wanted != self._forces_wanted:
            self._forces_wanted = wanted
            if wanted:
                self._arguments.set_argument_pointer(self._names.partialForces, self._forces)
            else:
                self._arguments.set_argument_null_pointer(self._names.partialForces)

    def _make_room(self, capacity: int) -> None:
        """Make arrays, and tell KIM: it keeps bare pointers to them."""
        self._coordinates: Array = np.empty((capacity, 3))
        self._forces: Array = np.empty((capacity, 3))
        self._codes = np.empty(capacity, dtype=np.int32)
        self._contributing = np.empty(capacity, dtype=np.int32)
        self._forces_wanted = True
        for name, array in (
            (self._names.numberOfParticles, self._number),
            (self._names.particleSpeciesCodes, self._codes),
            (self._names.particleContributing, self._contributing),
            (self._names.coordinates, self._coordinates),
            (self._names.partialEnergy, self._energy),
            (self._names.partialForces, self._forces),
        ):
            self._arguments.set_argument_pointer(name, array)


class KIMModels:
    """One KIM model for each set of elements.

    The driver EMT_Asap learns from the first structure which elements there are and where
    interactions end, and keeps to that: other elements are then taken for one of these. So a model
    only ever sees structures of the same elements, and labels do not depend on the order of
    structures.

    Parameters
    ----------
    first
        The model, which has computed nothing yet.
    open_another
        Opens it once more.

    Attributes
    ----------
    influence
        Distance up to which images are needed [Å].
    """

    def __init__(self, first: KIMModel, open_another: Callable[[], KIMModel]) -> None:
        self._unused: KIMModel | None = first
        self._open_another = open_another
        self._by_elements: dict[frozenset[int], KIMModel] = {}
        self.influence = first.influence

    def of_elements(self, codes: IntArray) -> KIMModel:
        """Model for structures of the elements that the codes of their atoms name."""
        elements = frozenset(codes.tolist())
        model = self._by_elements.get(elements)
        if model is None:
            model, self._unused = self._unused or self._open_another(), None
            self._by_elements[elements] = model
        return model


class KIMEvaluation:
    """Structures that a model is asked about; see :class:`~eippot.eips.base.Evaluation`.

    What comes before the model and behind it is done for all structures at once.

    Parameters
    ----------
    models
        The model, for any elements.
    species_codes
        Its codes by atomic number, negative where it does not know the element.
    frames
        The structures.
    derivatives
        Whether forces and stress are wanted.
    """

    def __init__(
        self, models: KIMModels, species_codes: IntArray, frames: Sequence[Frame], derivatives: bool
    ) -> None:
        self._models = models
        self._frames = frames
        self._derivatives = derivatives
        numbers = np.concatenate([frame.numbers for frame in frames])
        self._codes = species_codes.take(numbers)  # (n,)
        self._first = np.cumsum([0, *(len(frame.numbers) for frame in frames)]).tolist()
        self._around = around = surround(frames, models.influence)
        self._particle_codes = self._codes.take(around.owners)  # (m,)
        self._first_particle = [0, *around.ends.tolist()]
        self._is_complete = around.is_complete.tolist()
        self._is_known = (np.minimum.reduceat(self._codes, self._first[:-1]) >= 0).tolist()
        self._energies = [0.0] * len(frames)
        self._particles: list[tuple[Array, npt.NDArray[np.int64], Array] | None]
        self._particles = [None] * len(frames)  # coordinates, owners, forces

    def compute(self, index: int) -> None:
        """Let the model do its work for one structure.

        Raises
        ------
        EIPError
            The model refuses the structure.
        """
        numbers = self._frames[index].numbers
        if not self._is_known[index]:
            unknown = {chemical_symbols[z] for z in numbers[self._codes_of(index) < 0]}
            raise EIPError(f"The KIM model does not know {', '.join(sorted(unknown))}.")
        here = slice(self._first_particle[index], self._first_particle[index + 1])
        coordinates, owners = self._around.coordinates[here], self._around.owners[here]
        codes = self._particle_codes[here]
        model = self._models.of_elements(self._codes_of(index))
        if not self._is_complete[index]:
            coordinates, owners = self._add_images(model, index, coordinates)
            codes = self._codes.take(owners)
        energy, forces = model.compute(len(numbers), coordinates, codes, self._derivatives)
        self._energies[index] = energy
        self._particles[index] = coordinates, owners, forces

    def labels(self) -> list[EIPLabel | None]:
        """Labels of the structures; None where the model did not do its work."""
        labels: list[EIPLabel | None] = [None] * len(self._frames)
        done = [index for index, particles in enumerate(self._particles) if particles]
        for index in done:
            labels[index] = EIPLabel(self._energies[index])
        if not self._derivatives or not done:
            return labels
        coordinates, owners, forces = zip(*filter(None, self._particles), strict=True)
        all_owners, all_forces = np.concatenate(owners), np.concatenate(forces)
        folded = np.empty((len(self._codes), 3))
        for axis in range(3):
            folded[:, axis] = np.bincount(all_owners, all_forces[:, axis], len(folded))
        # Strain moves every particle, images too: dE/dε = −Σ f ⊗ r over all of them.
        work = np.array([f.T.dot(r) for f, r in zip(forces, coordinates, strict=True)])  # (k, 3, 3)
        volumes = np.abs(np.linalg.det(self._around.cells[done]))
        stresses = (work + work.transpose(0, 2, 1)) / (-2.0 * volumes[:, None, None])
        for index, stress in zip(done, stresses, strict=True):
            here = slice(self._first[index], self._first[index + 1])
            is_periodic = all(self._frames[index].pbc.tolist())
            labels[index] = EIPLabel(
                self._energies[index], folded[here], stress if is_periodic else None
            )
        return labels

    def _codes_of(self, index: int) -> IntArray:
        return self._codes[self._first[index] : self._first[index + 1]]

    def _add_images(
        self, model: KIMModel, index: int, positions: Array
    ) -> tuple[Array, npt.NDArray[np.int64]]:
        """All images of atoms whose cell is small, and whose they and the atoms are."""
        pbc, cell, first = self._frames[index].pbc, self._around.cells[index], self._first[index]
        images, owners = model.images(positions, cell, pbc, self._codes_of(index))
        atoms = np.arange(first, first + len(positions))
        return np.concatenate([positions, images]), np.concatenate([atoms, first + owners])
