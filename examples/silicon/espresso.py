"""One silicon structure through Quantum ESPRESSO: settings, cell, k-points, spin, labels."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.espresso import Espresso, EspressoProfile

PSEUDOPOTENTIALS = Path("/usr/share/espresso/pseudo")
"""Where Debian's ``quantum-espresso-data`` puts its pseudopotentials."""

GAPPED = frozenset({"bulk_diamond", "bulk_lonsdaleite", "bulk_st12"})
"""Kinds of structures with a band gap."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides a label. The defaults made the data set.

    Attributes
    ----------
    pseudopotential
        File name; its functional is PBE.
    cutoff
        Plane-wave cutoff [Ry]; the density has four times as much.
    max_k_spacing
        Largest distance of k-points, 2π included [1/Å]. Grids have even numbers of points and
        are shifted by half a step: they avoid Γ, and energies per atom agree between cells.
    max_k_spacing_gapped
        The same for the phases in ``GAPPED``, which need fewer.
    smearing
        Quantum ESPRESSO's name: ``mv`` is cold smearing.
    smearing_width
        Width [Ry].
    isolated_smearing, isolated_smearing_width
        The same for isolated structures. Their levels are discrete, so that cold smearing
        as wide as a metal wants it would shift the energy of a degenerate level by 0.3 eV.
    convergence
        Estimated energy error at which self-consistency ends [Ry].
    padding
        Least empty space between an isolated structure and its image [Å].
    smallest_box
        Least edge of the box of an isolated structure [Å].
    spin_up_to
        Isolated structures of at most this many atoms are spin-polarised.
    starting_moments
        Where self-consistency starts for these [μB per atom]; the lowest energy is taken.
    time_limit
        Seconds for one run of ``pw.x``.
    """

    pseudopotential: str = "Si.pbe-rrkj.UPF"
    cutoff: float = 20.0
    max_k_spacing: float = 0.30
    max_k_spacing_gapped: float = 0.42
    smearing: str = "mv"
    smearing_width: float = 0.03
    isolated_smearing: str = "gauss"
    isolated_smearing_width: float = 0.003
    convergence: float = 1e-6
    padding: float = 8.0
    smallest_box: float = 11.0
    spin_up_to: int = 5
    starting_moments: tuple[float, ...] = (0.7, 0.0)
    time_limit: int = 900

    def fingerprint(self) -> str:
        """Return a short hash of all that decides a label (not the time limit)."""
        fields = {key: value for key, value in asdict(self).items() if key != "time_limit"}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Labels:
    """What one calculation yields.

    Attributes
    ----------
    energy
        Quantum ESPRESSO's ``! total energy``: with smearing this is the electronic free
        energy E − TS, the one whose derivatives are the forces and the stress [eV].
    forces
        Forces (n, 3) [eV/Å].
    stress
        ASE's Voigt order xx, yy, zz, yz, xz, xy and sign (6,) [eV/Å³]; ``None`` unless the
        structure is periodic in three directions.
    """

    energy: float
    forces: list[list[float]]
    stress: list[float] | None


def boxed(structure: Atoms, settings: Settings) -> Atoms:
    """Return the structure as a plane-wave code sees it: periodic in three directions.

    An isolated structure is centered in a cuboid; a slab keeps its cell and its vacuum.
    """
    box = structure.copy()
    if not structure.pbc.any():
        edges = np.ptp(structure.positions, axis=0) + settings.padding
        box.set_cell(np.maximum(edges, settings.smallest_box))
        box.center()
    box.pbc = True
    return box


def k_points(structure: Atoms, settings: Settings) -> tuple[int, ...] | None:
    """Return the Monkhorst-Pack grid, one point along open directions; ``None`` is Γ only."""
    if not structure.pbc.any():
        return None
    gapped = structure.info.get("config_type") in GAPPED
    spacing = settings.max_k_spacing_gapped if gapped else settings.max_k_spacing
    lengths = 2 * np.pi * np.linalg.norm(structure.cell.reciprocal().array, axis=1)
    counts = 2 * np.ceil(lengths / (2 * spacing)).astype(int)
    return tuple(
        int(n) if periodic else 1 for n, periodic in zip(counts, structure.pbc, strict=True)
    )


def estimated_cost(structure: Atoms, settings: Settings) -> float:
    """Return how dear a calculation is, up to a factor: atoms · volume · k-points / 2."""
    grid = k_points(structure, settings) or (1,)
    points = np.ceil(np.prod(grid) / 2)
    return float(len(structure) * boxed(structure, settings).get_volume() * points)


def starting_moments(structure: Atoms, settings: Settings) -> tuple[float, ...]:
    """Return the starting moments to try [μB per atom]; zero is a run without spin."""
    if structure.pbc.any() or len(structure) > settings.spin_up_to:
        return (0.0,)
    return settings.starting_moments


def pw_input(structure: Atoms, settings: Settings, *, careful: bool) -> dict[str, Any]:
    """Return the namelists; `careful` mixes slowly, for what did not converge at first."""
    isolated = not structure.pbc.any()
    system = {
        "ecutwfc": settings.cutoff,
        "occupations": "smearing",
        "smearing": settings.isolated_smearing if isolated else settings.smearing,
        "degauss": settings.isolated_smearing_width if isolated else settings.smearing_width,
    }
    electrons: dict[str, Any] = {
        "conv_thr": settings.convergence,
        "mixing_beta": 0.15 if careful else 0.5,
        "electron_maxstep": 250 if careful else 80,
    }
    if careful:
        electrons["mixing_mode"] = "local-TF"
    control = {"disk_io": "none", "tprnfor": True, "tstress": bool(structure.pbc.all())}
    return {"control": control, "system": system, "electrons": electrons}


def label(
    structure: Atoms,
    settings: Settings,
    *,
    careful: bool = False,
    grid: tuple[int, ...] | None = None,
) -> Labels:
    """Run ``pw.x`` on one core and return its labels.

    Parameters
    ----------
    structure
        Crystal, slab or isolated structure.
    settings
        What to compute it with.
    careful
        Mix slowly.
    grid
        k-point grid in place of the one that the settings ask for.

    Returns
    -------
    Labels
        Energy, forces and, for a crystal, stress: those of the lowest energy, where
        several starting moments are tried.

    Raises
    ------
    RuntimeError
        If ``pw.x`` fails, does not converge or runs into its time limit.
    """
    moments = starting_moments(structure, settings)
    grid = grid or k_points(structure, settings)
    candidates = [_run(structure, settings, grid, moment, careful=careful) for moment in moments]
    return min(candidates, key=lambda labels: labels.energy)


def _run(
    structure: Atoms,
    settings: Settings,
    grid: tuple[int, ...] | None,
    moment: float,
    *,
    careful: bool,
) -> Labels:
    """Label on one k-point grid (``None``: Γ only) from one starting moment."""
    box = boxed(structure, settings)
    namelists = pw_input(structure, settings, careful=careful)
    if moment > 0:
        box.set_initial_magnetic_moments([moment] * len(box))
        namelists["system"]["nspin"] = 2
    command = f"timeout {settings.time_limit} pw.x"
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="pw_") as directory:
        box.calc = Espresso(
            profile=EspressoProfile(command=command, pseudo_dir=PSEUDOPOTENTIALS),
            directory=directory,
            pseudopotentials={"Si": settings.pseudopotential},
            input_data=namelists,
            kpts=grid,
            koffset=None if grid is None else [int(n % 2 == 0) for n in grid],
        )
        return _labels(box, with_stress=bool(structure.pbc.all()))


def _labels(box: Atoms, *, with_stress: bool) -> Labels:
    """Compute, and turn every failure into one ``RuntimeError`` with a short reason."""
    try:
        energy = float(box.get_potential_energy())
        forces = box.get_forces()
        stress = box.get_stress(voigt=True) if with_stress else None
    except Exception as error:  # ase and pw.x fail in many ways; each costs one structure
        raise RuntimeError(f"{type(error).__name__}: {str(error)[:200]}") from error
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        raise RuntimeError("labels are not finite")
    return Labels(energy, forces.tolist(), None if stress is None else stress.tolist())
