"""What was measured, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.pages import Line, read_lines
from benchmarks.speed.cases import (
    COMPILED_NEQUIP,
    DEEPMD,
    OWN_EQUIVARIANT,
    OWN_SCHNET,
    PLAIN_SCHNET,
    SCHNETPACK,
    TRAINED,
    Contestant,
)
from benchmarks.speed.environments import ROOT

RESULTS: Final = ROOT / "benchmarks" / "speed.jsonl"


class Results:
    """The last line of each contestant in each case.

    Parameters
    ----------
    path
        File of lines.
    """

    def __init__(self, path: Path) -> None:
        self.lines: list[Line] = list(
            {
                (line["kind"], str(line["setting"]), line["contestant"]): line
                for line in read_lines(path)
                if "contestant" in line
            }.values()
        )

    def line(self, kind: str, contestant: str, **setting: object) -> Line | None:
        """Of a contestant, in the case whose setting has these values."""
        for line in self.lines:
            if (
                (line["kind"], line["contestant"]) == (kind, contestant)
                and setting.items() <= line["setting"].items()
                and line["values"]
            ):
                return line
        return None

    def figure(self, kind: str, contestant: Contestant, **setting: object) -> float | None:
        """Its median."""
        line = self.line(kind, contestant.name, **setting)
        return median(line["values"]) if line else None

    def fact(self, kind: str, contestant: Contestant, name: str) -> Any:  # noqa: ANN401
        """Something else that it told."""
        line = self.line(kind, contestant.name)
        return line["facts"].get(name) if line else None

    def failures(self) -> Iterator[str]:
        """What could not be measured, and why."""
        for line in self.lines:
            if line["error"]:
                setting = ", ".join(f"{name} {value}" for name, value in line["setting"].items())
                yield f"{line['contestant']}, {line['kind']} {setting}: {line['error']}"


@dataclass(frozen=True)
class Claim:
    """A figure, beside that of a peer.

    Attributes
    ----------
    what
        What is measured.
    figure, unit
        Ours; None where it is missing.
    ratio
        How many times better than the peer's; None where one of them is missing.
    peer
        Whose.
    """

    what: str
    figure: float | None
    unit: str
    ratio: float | None = None
    peer: str = ""

    def __str__(self) -> str:
        figure = "missing" if self.figure is None else f"{self.figure:.3g} {self.unit}"
        if not self.peer:
            return f"speed: {self.what} {figure}"
        ratio = "missing" if self.ratio is None else f"{self.ratio:.2f}"
        return f"speed: {self.what} {figure} {ratio} to {self.peer}"


def ratio(over: float | None, under: float | None) -> float | None:
    """Of two figures, if both are there."""
    return None if over is None or under is None else over / under


def md_claims(results: Results) -> Iterator[Claim]:
    """SchNet against its peers, on one rank and two; the equivariant model against NequIP."""
    unit = "µs/atom/step"
    schnet = results.figure("lammps", OWN_SCHNET, atoms=4096, ranks=1)
    what = "MD, SchNet-128×3 compressed, LAMMPS, 4,096 atoms, one core:"
    for peer, kind, setting, where in (
        (SCHNETPACK, "ase", {"atoms": 512}, " in ASE, 512 atoms"),
        (SCHNETPACK, "ase", {"atoms": 4096}, " in ASE, 4,096 atoms"),
        (PLAIN_SCHNET, "lammps", {"atoms": 4096, "ranks": 1}, ""),
        (DEEPMD, "lammps", {"atoms": 4096, "ranks": 1}, ""),
    ):
        other = results.figure(kind, peer, **setting)
        yield Claim(what, schnet, unit, ratio(other, schnet), f"{peer.name}{where}")
    two = results.figure("lammps", OWN_SCHNET, atoms=4096, ranks=2)
    yield Claim(what.replace("one core", "two ranks"), two, unit, ratio(schnet, two), "one core")
    for atoms in (512, 4096):
        for kind in ("lammps", "ase"):
            where = {"lammps": "LAMMPS", "ase": "ASE"}[kind]
            setting = {"atoms": atoms, "ranks": 1} if kind == "lammps" else {"atoms": atoms}
            own = results.figure(kind, OWN_EQUIVARIANT, **setting)
            other = results.figure("ase", COMPILED_NEQUIP, atoms=atoms)
            what = f"MD, equivariant l1-32 compressed, {where}, {atoms:,} atoms, one core:"
            yield Claim(what, own, unit, ratio(other, own), f"{COMPILED_NEQUIP.name} in ASE")


def error_claims(results: Results) -> Iterator[Claim]:
    """What compression changes."""
    for contestant in (OWN_SCHNET, OWN_EQUIVARIANT):
        energy = results.fact("errors", contestant, "energy")
        yield Claim(f"compression error, {contestant.name}, energies:", energy, "eV/atom")
        forces = results.figure("errors", contestant)
        yield Claim(f"compression error, {contestant.name}, forces:", forces, "eV/Å")


def memory_claims(results: Results) -> Iterator[Claim]:
    """Memory in LAMMPS."""
    memory = results.figure("memory", OWN_SCHNET)
    yield Claim("memory beyond LAMMPS' own, 97,336 atoms:", memory, "bytes/atom")
    yield Claim("one million atoms:", results.figure("many atoms", OWN_SCHNET), "s/step")


def training_claims(results: Results) -> Iterator[Claim]:
    """Training against all peers, on one thread and two."""
    for threads in (1, 2):
        for own, *peers in TRAINED.values():
            speed = results.figure("training", own, threads=threads)
            for peer in peers:
                other = results.figure("training", peer, threads=threads)
                what = f"training, {own.name.removeprefix('eippot ')}, threads {threads}:"
                yield Claim(what, speed, "structures/s", ratio(speed, other), peer.name)


def other_claims(results: Results) -> Iterator[Claim]:
    """Start-up and neighbor lists."""
    for what, kind in (("eippot --help:", "command line"), ("first MD step in ASE:", "first step")):
        line = results.line(kind, "eippot")
        yield Claim(what, median(line["values"]) if line else None, "s")
    own = results.line("neighbors", "eippot")
    figure = median(own["values"]) if own else None
    for peer in ("ase", "matscipy", "vesin"):
        line = results.line("neighbors", peer)
        other = median(line["values"]) if line else None
        yield Claim("neighbor list, 4,096 atoms:", figure, "µs/atom", ratio(other, figure), peer)


def claims(results: Results) -> list[Claim]:
    """All that the benchmark is to show."""
    return [
        *md_claims(results),
        *error_claims(results),
        *memory_claims(results),
        *training_claims(results),
        *other_claims(results),
    ]


def summary(results: Results) -> list[str]:
    """Lines of the benchmark's end: what could not be measured, then all claims."""
    failed = [f"not measured: {failure}" for failure in results.failures()]
    return [*failed, *(str(claim) for claim in claims(results))]
