"""Calculators that do what foreign potentials do on a bad day; imported by worker processes."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes


class Faulty(Calculator):  # type: ignore[misc] # ASE has no types
    """Springs to the x axis, and a pull along it; some structures meet a fault.

    Parameters
    ----------
    fault
        abort, segfault, exit, sleep, raise, nan, shape, or nothing.
    at
        Structures that meet it, told by x of their first atom; None stands for all, isolated
        atoms too.
    log
        File that gets one line per evaluation.
    seconds
        How long an evaluation takes.
    """

    implemented_properties = ["energy", "forces"]

    def __init__(
        self,
        fault: str = "",
        at: Sequence[int] | None = None,
        log: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        super().__init__()
        self._fault, self._at, self._log, self._seconds = fault, at, log, seconds

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = None,
        system_changes: Any = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        marker = round(float(atoms.positions[0, 0]))
        if self._log:
            with Path(self._log).open("a") as file:
                file.write(f"{marker} {len(atoms)}\n")
        time.sleep(self._seconds)
        x, y, z = atoms.positions.T
        energy = float((0.1 * x + 0.5 * (y**2 + z**2)).sum())
        forces = -np.stack([np.full_like(x, 0.1), y, z], axis=1)
        if self._at is None or (len(atoms) > 1 and marker in self._at):
            energy, forces = self._meet_fault(energy, forces)
        self.results = {"energy": energy, "forces": forces}

    def _meet_fault(self, energy: float, forces: Any) -> tuple[float, Any]:
        if self._fault == "abort":
            os.write(2, b"free(): invalid pointer\n")
            os.abort()
        if self._fault == "segfault":
            ctypes.string_at(0)
        if self._fault == "exit":
            os._exit(0)
        if self._fault == "sleep":
            time.sleep(1000)
        if self._fault == "raise":
            raise ValueError("the density is outside of the table")
        if self._fault == "nan":
            return float("nan"), forces
        if self._fault == "shape":
            return energy, np.zeros(3)
        return energy, forces


class RefusesToStart:
    """Calculator whose set-up goes wrong: abort, sleep or raise."""

    def __init__(self, fault: str) -> None:
        if fault == "abort":
            os.abort()
        if fault == "sleep":
            time.sleep(1000)
        raise ValueError("no parameter file")

    def get_potential_energy(self) -> float:
        raise AssertionError("it has never started")


def not_a_calculator() -> int:
    """Importable and callable, and still no calculator."""
    return 1
