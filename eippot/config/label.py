"""Configuration of ``eippot label``, and of what it suggests."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from eippot.config.base import Config
from eippot.config.data import LabelKeys


class EvaluationConfig(Config):
    """How empirical potentials are evaluated, whatever for."""

    workers: int | None = Field(
        None, ge=1, description="worker processes; empty: one for each core"
    )
    max_energy: float = Field(
        100.0, gt=0, description="largest |energy − isolated atoms| in range [eV/atom]"
    )
    max_force: float = Field(1000.0, gt=0, description="largest force in range [eV/Å]")


class LabelConfig(EvaluationConfig):
    """What to label, with which empirical potentials, and how patiently."""

    input: Path = Field(
        description="structures: any format that ASE reads, HDF5 like ANI-Al, a system of "
        "DeePMD-kit, or a folder of such"
    )
    output: Path = Field(description="labelled structures, extended XYZ or a store (.arrow)")
    keys: LabelKeys = Field(default_factory=dict)
    eips: dict[str, str] = Field(
        default_factory=dict, description="short name of each EIP and its source"
    )
    sets: tuple[str, ...] = Field(
        (), description="named sets of EIPs: cards that come with eippot, or paths of YAML files"
    )
    cluster: str | None = Field(
        None,
        description="Dask cluster: local, slurm, or the address or file of a scheduler; `workers` "
        "are its workers (local) or jobs (slurm). Empty: worker processes of this machine",
    )
    forces: bool = Field(True, description="whether to keep forces and stress, or energies alone")
    time_limit: float = Field(
        10.0, gt=0, description="longest time for one structure and one EIP [s]"
    )
    setup_time_limit: float = Field(60.0, gt=0, description="longest time to open one EIP [s]")
    give_up_after: int = Field(
        20, ge=0, description="crashes and timeouts in a row that end an EIP; 0: never"
    )


class SuggestConfig(EvaluationConfig):
    """Which structures to find empirical potentials for, and how patiently."""

    input: Path = Field(description="structures, as for labelling")
    output: Path | None = Field(None, description="card to write, .yaml; empty: none")
    keys: LabelKeys = Field(default_factory=dict)
    structures: int = Field(100, ge=1, description="at most so many structures are evaluated")
    seed: int = Field(0, ge=0, description="the same seed draws the same structures")
    time_limit: float = Field(
        5.0, gt=0, description="longest time for one structure and one EIP [s]"
    )
    setup_time_limit: float = Field(20.0, gt=0, description="longest time to open one EIP [s]")
    give_up_after: int = Field(
        3, ge=0, description="crashes and timeouts in a row that end an EIP; 0: never"
    )
