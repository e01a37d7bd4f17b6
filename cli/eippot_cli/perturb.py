"""``eippot perturb``: more structures for the unlabelled pool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eippot_cli.options import Keys, chosen_keys


def perturb(
    structures: Annotated[Path, typer.Argument(help="Structures, as for eippot label.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The structures and their copies (.extxyz, .arrow)."),
    ],
    copies: Annotated[int, typer.Option(help="Copies of each structure.")] = 4,
    rattle: Annotated[
        float, typer.Option(help="Largest standard deviation of displacements, in Å.")
    ] = 0.25,
    strain: Annotated[float, typer.Option(help="Largest component of the strain.")] = 0.08,
    closest: Annotated[
        float,
        typer.Option(help="Least distance in a copy, relative to the least in the structures."),
    ] = 0.75,
    key: Keys = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same copies.")] = 0,
) -> None:
    """Add displaced and strained copies of structures, for empirical potentials to label."""
    from eippot.config.base import validate_config
    from eippot.config.perturb import PerturbConfig
    from eippot.stages.perturb import run
    from eippot_cli.output import console

    values = {
        "input": structures,
        "output": output,
        "copies": copies,
        "rattle": rattle,
        "strain": strain,
        "closest": closest,
        "keys": chosen_keys(key),
        "seed": seed,
    }
    result = run(validate_config(PerturbConfig, values, "the given options"))
    console.print(
        f"{result.structures} structures and {result.copies} copies of them, in which no atoms are "
        f"closer than {result.least_distance:.2f} Å\nWrote {result.output}",
        soft_wrap=True,
    )
