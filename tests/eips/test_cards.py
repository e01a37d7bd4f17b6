"""Cards: what is in those that come with eippot, that their EIPs work, and cards of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from eippot.eips.base import EIPLabel
from eippot.eips.cards import card_names, read_card
from eippot.eips.source import EIPSource, collect_sources, open_potential
from eippot.errors import ConfigError
from tests.eips.evaluating import evaluate

LENNARD_JONES = "ase:ase.calculators.lj.LennardJones?sigma=2.1&epsilon=0.5&rc=5.0"
#: name → elements, how many EIPs, and a crystal near its equilibrium.
CARDS = {
    "aluminum": (("Al",), 10, bulk("Al", a=4.05, cubic=True)),
    "copper": (("Cu",), 10, bulk("Cu", a=3.61, cubic=True)),
    "copper-openkim": (("Cu",), 33, bulk("Cu", a=3.61, cubic=True)),
    "silicon": (("Si",), 8, bulk("Si", a=5.43, cubic=True)),
    "silicon-openkim": (("Si",), 24, bulk("Si", a=5.43, cubic=True)),
    "silver-gold": (("Ag", "Au"), 3, bulk("Ag", a=4.08, cubic=True)),
    "silver-palladium": (("Ag", "Pd"), 4, bulk("Ag", a=4.0, cubic=True)),
    "tungsten": (("W",), 8, bulk("W", a=3.165, cubic=True)),
    "tungsten-openkim": (("W",), 13, bulk("W", a=3.165, cubic=True)),
}


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Without what LAMMPS' package leaves there for programs that are started later."""
    with mock.patch.dict(os.environ):
        yield


def test_all_cards_are_known_here() -> None:
    assert card_names() == sorted(CARDS)


@pytest.mark.parametrize("name", CARDS)
def test_what_a_card_says(name: str) -> None:
    card = read_card(name)
    species, n_eips, _ = CARDS[name]
    assert (card.name, card.species, len(card.eips)) == (name, species, n_eips)
    assert len({eip.source for eip in card.eips}) == n_eips
    for eip in card.eips:
        assert eip.citation.doi.startswith("10.")
        assert eip.note or name.endswith("-openkim")


@pytest.mark.parametrize(("name", "count"), [("silicon", 8), ("aluminum", 10)])
def test_cards_of_the_paper_name_its_eips(name: str, count: int) -> None:
    assert len({eip.stands_for for eip in read_card(name).eips if eip.stands_for}) == count


def _open_and_evaluate(source: EIPSource, structures: list[Atoms]) -> list[EIPLabel]:
    pytest.importorskip({"kim": "kimpy", "lammps": "lammps"}.get(source.kind, "ase"))
    potential = open_potential(source)
    elements = {symbol for atoms in structures for symbol in atoms.symbols}
    assert potential.supported_species is None or elements <= potential.supported_species
    return [evaluate(potential, atoms.copy()) for atoms in structures]


@pytest.mark.parametrize("name", CARDS)
def test_the_eips_of_a_card_bind_and_no_two_are_the_same(name: str) -> None:
    species, _, crystal = CARDS[name]
    crystal = crystal.copy()
    crystal.symbols[: len(crystal) // 2] = species[-1]
    crystal.rattle(0.1, seed=1)
    apart, farther = crystal.copy(), crystal.copy()
    apart.set_cell(1.2 * crystal.cell.array, scale_atoms=True)
    farther.set_cell(1.4 * crystal.cell.array, scale_atoms=True)
    differences = {}
    for source in collect_sources({}, [name]):
        near, far, very_far = _open_and_evaluate(source, [crystal, apart, farther])
        assert near.forces is not None
        assert near.stress is not None
        assert np.abs(near.forces).max() > 0.1
        assert near.energy < far.energy
        differences[source.name] = [far.energy - near.energy, very_far.energy - near.energy]
    for one, other in combinations(differences, 2):
        assert differences[one] != pytest.approx(differences[other], rel=1e-4), (one, other)


def test_cards_of_your_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ndescription: one\nspecies: [Si]\neips:\n"
        f"  - name: lj\n    source: {LENNARD_JONES!r}\n    citation: {{authors: J. E. Jones, "
        "title: On the determination of molecular fields, journal: Proc. R. Soc. A, "
        "volume: '106', pages: '463', year: 1924, doi: 10.1098/rspa.1924.0082}\n"
    )
    assert [source.name for source in collect_sources({}, [str(path)])] == ["lj"]
    path.write_text(path.read_text().replace("citation", "quotation"))
    with pytest.raises(ConfigError, match="quotation"):
        read_card(str(path))
    with pytest.raises(ConfigError, match="known: aluminum, copper"):
        read_card("germanium")
