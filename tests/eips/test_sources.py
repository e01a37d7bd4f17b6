"""The grammar of sources, and the sources that need no KIM."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, surface
from ase.calculators.emt import EMT

from eippot.conventions import stress_to_ase_voigt
from eippot.eips.source import (
    collect_sources,
    open_potential,
    parse_assignment,
    parse_source,
)
from eippot.errors import ConfigError, EIPError
from tests.eips.evaluating import evaluate

LENNARD_JONES = "ase:ase.calculators.lj.LennardJones?sigma=2.1&epsilon=0.5&rc=5.0"
MATSCIPY_SW = "matscipy:StillingerWeber?set=Stillinger_Weber_PRB_31_5262_Si"
SOURCES = {
    "lj": LENNARD_JONES,
    "sw": MATSCIPY_SW,
    "kumagai": "matscipy:Kumagai?set=Kumagai_Comp_Mat_Sci_39_Si",
    "tersoff": "matscipy:TersoffBrenner?set=Tersoff_PRB_39_5566_Si_C",
    "kim_sw": "kim:SW_StillingerWeber_1985_Si__MO_405512056662_005",
    "lammps_sw": "lammps:pair_style sw; pair_coeff * * Si.sw Si?species=[Si]",
}


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Without what LAMMPS' package leaves there for programs that are started later."""
    with mock.patch.dict(os.environ):
        yield


def _silicon() -> Atoms:
    atoms = bulk("Si", cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.filterwarnings("ignore:'where' used without 'out'")  # matscipy's TersoffBrenner
def test_every_source_keeps_the_contract(name: str) -> None:
    if name.startswith("kim"):
        pytest.importorskip("kimpy")
    potential = open_potential(parse_source(name, SOURCES[name]))
    species = potential.supported_species
    assert species is None or "Si" in species
    atoms = _silicon()
    label = evaluate(potential, atoms)
    assert label.forces is not None
    assert label.forces.shape == (8, 3)
    assert label.forces.dtype == np.float64
    assert label.stress is not None
    assert label.stress.shape == (3, 3)
    again = evaluate(potential, atoms.copy())
    assert again.energy == label.energy
    energy_alone = evaluate(potential, atoms.copy(), derivatives=False)
    assert energy_alone.energy == pytest.approx(label.energy, abs=1e-9)
    assert energy_alone.forces is None
    moved = atoms.copy()
    moved.positions[0, 0] += 1e-5
    slope = (evaluate(potential, moved).energy - label.energy) / 1e-5
    assert -slope == pytest.approx(label.forces[0, 0], rel=1e-3, abs=1e-3)
    slab = atoms.copy()
    slab.pbc = (True, True, False)
    assert evaluate(potential, slab).stress is None


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.filterwarnings("ignore:'where' used without 'out'")
def test_open_directions_need_no_cell(name: str) -> None:
    if name.startswith("kim"):
        pytest.importorskip("kimpy")
    potential = open_potential(parse_source(name, SOURCES[name]))
    slab = surface(bulk("Si", cubic=True), (1, 1, 1), 2, vacuum=5.0)
    slab.pbc = (True, True, False)
    slab.rattle(0.1, seed=2)
    bare = slab.copy()
    bare.cell[2] = 0.0
    bare.positions[:, 2] += 30.0
    assert evaluate(potential, bare).energy == pytest.approx(evaluate(potential, slab).energy)
    boxed = Atoms("Si3", positions=[[0, 0, 0], [2.3, 0, 0], [1, 2.1, 0]], cell=[20, 20, 20])
    bare = Atoms(boxed.symbols, positions=boxed.positions - 50.0)
    assert evaluate(potential, bare).energy == pytest.approx(evaluate(potential, boxed).energy)
    assert np.isfinite(evaluate(potential, Atoms("Si")).energy)


@pytest.mark.parametrize("name", ["sw", "lammps_sw"])
def test_kim_and_others_agree_on_stillinger_weber(name: str) -> None:
    pytest.importorskip("kimpy")
    kim = open_potential(parse_source("a", SOURCES["kim_sw"]))
    potential = open_potential(parse_source("b", SOURCES[name]))
    atoms = bulk("Si")
    atoms.set_cell([[3.1, 0, 0], [6.5, 3.3, 0], [-7.0, 2.9, 4.1]], scale_atoms=True)
    atoms.rattle(0.1, seed=2)
    one, other = evaluate(kim, atoms.copy()), evaluate(potential, atoms.copy())
    # they convert the paper's 50 kcal/mol with 2e-5 of difference
    assert one.energy == pytest.approx(other.energy, rel=1e-4)
    assert one.forces == pytest.approx(other.forces, rel=1e-4, abs=1e-3)
    assert one.stress == pytest.approx(other.stress, rel=1e-4, abs=1e-4)


def test_calculator_results_pass_through() -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.05, seed=3)
    potential = open_potential(parse_source("emt", "ase:ase.calculators.emt.EMT"))
    label = evaluate(potential, atoms.copy())
    atoms.calc = EMT()
    assert label.energy == atoms.get_potential_energy()
    assert label.forces == pytest.approx(atoms.get_forces())
    assert label.stress is not None
    assert stress_to_ase_voigt(label.stress) == pytest.approx(atoms.get_stress())


def test_matscipy_knows_its_species() -> None:
    sic = open_potential(parse_source("t", SOURCES["tersoff"]))
    assert sic.supported_species == frozenset({"Si", "C"})


def test_matscipy_eam_reads_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write_eam_table(tmp_path / "Al.eam.alloy")
    monkeypatch.chdir(tmp_path)
    source = parse_source("eam", "matscipy:EAM?fn=./Al.eam.alloy")
    assert source.options["fn"] == str(tmp_path / "Al.eam.alloy")
    potential = open_potential(source)
    assert potential.supported_species == frozenset({"Al"})
    dimer = Atoms("Al2", positions=[[0, 0, 0], [0, 0, 2.0]], cell=[20, 20, 20])
    assert evaluate(potential, dimer).energy == pytest.approx(0.5, abs=1e-6)


def test_lammps_goes_on_with_other_structures_and_after_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One instance for all, with a parameter file from the folder where one is."""
    (tmp_path / "my.sw").write_text(
        "Si Si Si 2.1683 2.0951 1.8 21.0 1.2 -0.333333333 7.049556277 0.6022245584 4.0 0.0 0.0"
    )
    monkeypatch.chdir(tmp_path)
    source = parse_source("sw", "lammps:pair_style sw; pair_coeff * * ./my.sw Si?species=[Si]")
    monkeypatch.chdir("/")
    potential = open_potential(source)
    alone = open_potential(parse_source("sw", SOURCES["lammps_sw"]))
    with pytest.raises(EIPError, match="LAMMPS refuses the structure"):
        evaluate(potential, bulk("C"))
    for size in ((1, 1, 1), (2, 1, 1), (1, 1, 1)):
        atoms = _silicon() * size
        one, other = evaluate(potential, atoms), evaluate(alone, atoms)
        assert one.energy == pytest.approx(other.energy, rel=1e-6)
        assert one.forces == pytest.approx(other.forces, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lammps:pair_style sw", "Expected `lammps:COMMANDS"),
        ("lammps:pair_style nothing?species=[Si]", "LAMMPS refuses `.*pair_style nothing"),
        ("matscipy:EAM?fn=./nowhere", "found none at"),
        ("matscipy:Lennard", "is not known; known: StillingerWeber"),
        ("matscipy:StillingerWeber?set=Nobody", "Expected `matscipy:StillingerWeber"),
        ("matscipy:Kumagai", "Expected `matscipy:Kumagai"),
        ("ase:nosuchmodule.Class", "cannot be imported"),
        ("ase:ase.calculators.lj.Nothing", "has no `Nothing`"),
        ("ase:LennardJones", "Expected module.Class"),
        ("ase:ase.calculators.eam.EAM?potential=nowhere", "cannot be set up"),
        ("ase:pathlib.PurePath", "no ASE calculator"),
        ("ase:subprocess.check_output?args=[touch, x]", "no ASE calculator, and is not called"),
        ("ase:numpy.load?file=x&allow_pickle=true", "no ASE calculator, and is not called"),
        ("lammps:pair_style sw; shell touch x?species=[Si]", "define a potential .*`shell touch"),
        ("lammps:pair_style python 5.0?species=[Si]", "define a potential .*`pair_style python"),
        ("lammps:fix 1 all print 1 x file y?species=[Si]", "define a potential .*`fix 1 all print"),
        ("lammps:pair_style zero $(2+3)?species=[Si]", "define a potential"),
        ("lammps:pair_style sw\nshell touch x?species=[Si]", "define a potential .*`shell touch"),
    ],
)
def test_what_cannot_be_opened_says_why(text: str, message: str) -> None:
    with pytest.raises(EIPError, match=message):
        open_potential(parse_source("x", text))


@pytest.mark.parametrize("name", ["", "SW", "sw-2", "s w", "_sw", "sw.vink", "ß"])
def test_names_are_lower_case_words(name: str) -> None:
    with pytest.raises(ConfigError, match="name should consist of"):
        parse_source(name, MATSCIPY_SW)


@pytest.mark.parametrize("text", ["", "kim", "kim:", "openkim:SW", "SW_StillingerWeber"])
def test_sources_have_a_kind_and_a_target(text: str) -> None:
    with pytest.raises(ConfigError, match="no source that can be read") as caught:
        parse_source("sw", text)
    assert "kim:MODEL" in caught.value.hint


def test_option_values_are_yaml() -> None:
    source = parse_source("x", "ase:a.B?a=2.5&b=true&c=[1, 2]&d=text&e=eam/fs&f=x%26y")
    assert source.options == {
        "a": 2.5,
        "b": True,
        "c": [1, 2],
        "d": "text",
        "e": "eam/fs",
        "f": "x&y",
    }
    with pytest.raises(ConfigError, match="Expected key=value"):
        parse_source("x", "ase:a.B?rc")


def test_assignments() -> None:
    assert parse_assignment("lj=ase:a.B?x=1") == ("lj", "ase:a.B?x=1")
    for text in ("sw", "=kim:x", "sw=", "ase:a.B?x=1"):
        with pytest.raises(ConfigError, match="Expected NAME=SOURCE"):
            parse_assignment(text)


def test_names_are_unique_over_sets_and_single_eips() -> None:
    assert [s.name for s in collect_sources({"lj": LENNARD_JONES}, ["silicon"])][-2:] == [
        "ppm",
        "lj",
    ]
    with pytest.raises(ConfigError, match="same name: sw"):
        collect_sources({"sw": LENNARD_JONES}, ["silicon"])
    with pytest.raises(ConfigError, match="at least one EIP"):
        collect_sources({})


def _write_eam_table(path: Path) -> None:
    """Two atoms 2 Å apart have the energy 1/r = 0.5 eV, and no embedding energy."""
    spacing, count = 0.01, 500
    header = ["comment", "comment", "comment", "1 Al"]
    header += [f"{count} 0.01 {count} {spacing} {spacing * count}", "13 26.98 4.05 fcc"]
    embedding, density = ["0.0"] * count, ["0.0"] * count
    pair = ["1.0"] * count  # r·φ(r)
    path.write_text("\n".join(header + embedding + density + pair) + "\n")
