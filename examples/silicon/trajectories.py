"""Molecular dynamics that the liquid and amorphous silicon snapshots are drawn from."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.kim import KIM
from ase.calculators.kim.exceptions import KIMModelNotFound

from eippot.structures.generators import molecular_dynamics, random_packing

MODEL = "SW_StillingerWeber_1985_Si__MO_405512056662_005"
"""KIM model that drives the dynamics."""

LIQUID_RUNS = 8
AMORPHOUS_RUNS = 10
SMALLEST, LARGEST = 6, 9


class Trajectories:
    """The trajectories of one seed, run when first asked for.

    Parameters
    ----------
    seed
        Seed of the recipe.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def liquid(self, rng: np.random.Generator) -> Atoms:
        """Return a random snapshot of the melt, 1500 to 4000 K."""
        return self._liquid[int(rng.integers(len(self._liquid)))]

    def amorphous(self, rng: np.random.Generator) -> Atoms:
        """Return a random snapshot of the quenched melt, 300 to 1000 K."""
        return self._amorphous[int(rng.integers(len(self._amorphous)))]

    @cached_property
    def _liquid(self) -> list[Atoms]:
        calculator = kim_calculator(MODEL)
        snapshots = []
        for run in range(LIQUID_RUNS):
            rng = np.random.default_rng([self._seed, 1, run])
            melt = packing(rng, volumes=(15.5, 20.5))
            temperatures = rng.permutation([1500.0, 2500.0, 4000.0])
            frames = molecular_dynamics(melt, calculator, list(temperatures), 700, 20, rng)
            snapshots += [snapshot for _, snapshot in list(frames)[5:]]
        return snapshots

    @cached_property
    def _amorphous(self) -> list[Atoms]:
        calculator = kim_calculator(MODEL)
        cooling = [3000.0, 2200.0, 1700.0, 1400.0, 1000.0, 600.0, 300.0]
        snapshots = []
        for run in range(AMORPHOUS_RUNS):
            rng = np.random.default_rng([self._seed, 2, run])
            melt = packing(rng, volumes=(17.5, 21.5))
            frames = molecular_dynamics(melt, calculator, cooling, 450, 15, rng)
            snapshots += [snapshot for temperature, snapshot in frames if temperature <= 1000]
        return snapshots


def packing(rng: np.random.Generator, volumes: tuple[float, float]) -> Atoms:
    """Return a random packing of 6 to 9 atoms at a random volume per atom [Å³]."""
    size = int(rng.integers(SMALLEST, LARGEST + 1))
    return random_packing(["Si"] * size, rng.uniform(*volumes), 2.2, rng)


def kim_calculator(model: str) -> Calculator:
    """Return a KIM calculator that leaves no ``kim.log`` in the working directory.

    Raises
    ------
    SystemExit
        Where kimpy or the model is missing, saying how to get them.
    """
    try:
        import kimpy

        kimpy.log.Log.push_default_verbosity(kimpy.log_verbosity.silent)
        return KIM(model)
    except (ImportError, KIMModelNotFound) as error:
        raise SystemExit(
            f"Liquid and amorphous silicon need the KIM model {model}: {error}\n"
            "Install it with: apt install openkim-models; pip install kimpy"
        ) from error
