"""The label stage: order, statuses, limits, resuming, and inputs that cannot be used."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk

from eippot.config.base import read_config
from eippot.config.label import LabelConfig
from eippot.eips.base import Status
from eippot.eips.table import LabelProgress
from eippot.errors import ConfigError, DataError, EIPError, EippotError
from eippot.stages.label import LabelResult, run
from eippot.structures.io import read_structures, write_structures

SW = "kim:SW_StillingerWeber_1985_Si__MO_405512056662_005"
KDS = "kim:ThreeBodyBondOrder_KDS_KhorDasSarma_1988_Si__MO_722489435928_000"
SNAP = "kim:SNAP_ZuoChenLi_2019quadratic_Si__MO_721469752060_000"
MATSCIPY_SW = "matscipy:StillingerWeber?set=Stillinger_Weber_PRB_31_5262_Si"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "eips"))


def _label(folder: Path, structures: list[Atoms], **options: object) -> LabelResult:
    write_structures(folder / "in.extxyz", structures)
    paths = {"input": folder / "in.extxyz", "output": folder / "out.extxyz", "workers": 2}
    return run(LabelConfig.model_validate(paths | options))


def _scaled(*scales: float) -> list[Atoms]:
    structures = []
    for scale in scales:
        atoms = bulk("Si", cubic=True)
        atoms.set_cell(scale * atoms.cell.array, scale_atoms=True)
        structures.append(atoms)
    return structures


def _pairs(count: int) -> list[Atoms]:
    return [Atoms("Si2", positions=[[i, 0, 0], [i, 2, 0]], info={"n": i}) for i in range(count)]


def _interrupt_at_the_end(progress: LabelProgress) -> None:
    if progress.done == progress.total:
        raise KeyboardInterrupt


def _failures(result: LabelResult) -> list[list[str]]:
    with result.failures.open() as file:
        return list(csv.reader(file))[1:]


def test_order_inputs_and_labels_are_kept(tmp_path: Path) -> None:
    structures = _pairs(50)
    for atoms in structures:
        atoms.info["REF_energy"] = -1.25
        atoms.arrays["tag_of_mine"] = np.array([7, 8])
        atoms.info["eip_spring_energy"] = 99.0
    result = _label(
        tmp_path,
        structures,
        eips={"spring": "ase:faulty_calculators.Faulty", "same": "ase:faulty_calculators.Faulty"},
    )
    found = read_structures(result.output)
    assert [atoms.info["n"] for atoms in found] == list(range(50))
    for index, atoms in enumerate(found):
        assert atoms.info["REF_energy"] == -1.25
        assert atoms.arrays["tag_of_mine"].tolist() == [7, 8]
        assert "energy" not in atoms.info
        assert atoms.calc is None
        for eip in ("spring", "same"):
            assert atoms.info[f"eip_{eip}_status"] == "ok"
            assert atoms.info[f"eip_{eip}_source"] == "ase:faulty_calculators.Faulty"
        forces = -np.array([[0.1, 0, 0], [0.1, 2, 0]])
        assert atoms.info["eip_spring_energy"] == pytest.approx(0.2 * index + 2.0)
        assert atoms.arrays["eip_spring_forces"] == pytest.approx(forces)
        assert "eip_spring_stress" not in atoms.info
    assert _failures(result) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "failures.csv",
        "in.extxyz",
        "out.extxyz",
    ]


def test_the_output_does_not_depend_on_what_is_formatted_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    structures = [*_pairs(30), *_pairs(5)]  # some of them equal
    eips = {"a": "ase:faulty_calculators.Faulty", "b": "ase:faulty_calculators.Faulty?fault=nan"}
    texts = set()
    for most in (2**30, 1000, 0):
        monkeypatch.setattr("eippot.stages.label_texts._MOST_BYTES_AHEAD", most)
        texts.add(_label(tmp_path, structures, eips=eips).output.read_text())
    assert len(texts) == 1


def test_energies_are_compared_with_the_reference_after_alignment(tmp_path: Path) -> None:
    structures = _pairs(12)
    for index, atoms in enumerate(structures):
        atoms.info["REF_energy"] = 0.2 * index + 2.0 - 100.0
    structures[3].info["REF_energy"] += 2.4
    eips = {"a": "ase:faulty_calculators.Faulty"}
    [summary] = _label(tmp_path, structures, eips=eips).eips
    assert summary.energy_mae_per_atom == pytest.approx(2.4 / 2 / 12, abs=1e-3)
    [summary] = _label(tmp_path, structures[:9], eips=eips).eips
    assert summary.energy_mae_per_atom is None


def test_doubtful_reference_labels_are_found_beside_those_of_the_eips(tmp_path: Path) -> None:
    structures = _scaled(*np.linspace(0.95, 1.08, 24))
    eips = {"sw": MATSCIPY_SW}
    labelled = read_structures(_label(tmp_path, structures, eips=eips).output)
    for atoms in labelled:
        atoms.info["REF_energy"] = atoms.info["eip_sw_energy"] - 800.0
        atoms.info["REF_stress"] = -atoms.info["eip_sw_stress"]
    result = _label(tmp_path, labelled, eips=eips)
    [finding] = result.findings
    assert finding.kind == "stress"
    assert "sign of a pressure" in finding.text
    assert _label(tmp_path, structures, eips=eips).findings == ()


def test_reference_labels_that_cannot_be_used_do_not_stop_labelling(tmp_path: Path) -> None:
    structures = _pairs(12)
    for atoms in structures:
        atoms.arrays["REF_forces"] = np.zeros(2)
    result = _label(tmp_path, structures, eips={"a": "ase:faulty_calculators.Faulty"})
    assert "unusable labels" in {finding.kind for finding in result.findings}
    assert result.output.is_file()


def test_every_status_of_real_models(tmp_path: Path) -> None:
    pytest.importorskip("kimpy")
    structures = [*_scaled(1.0, 0.6, 0.3), bulk("Ge", cubic=True)]
    result = _label(tmp_path, structures, eips={"sw": SW, "kds": KDS, "snap": SNAP})
    found = read_structures(result.output)
    status = {
        eip: [Status(atoms.info[f"eip_{eip}_status"]) for atoms in found]
        for eip in ("sw", "kds", "snap")
    }
    unsupported = Status.UNSUPPORTED_SPECIES
    assert status["sw"] == [Status.OK, Status.OUT_OF_RANGE, Status.OUT_OF_RANGE, unsupported]
    assert status["kds"] == [Status.OK, Status.NOT_FINITE, Status.NOT_FINITE, unsupported]
    assert status["snap"][1:] == [Status.OUT_OF_RANGE, Status.OUT_OF_RANGE, unsupported]
    rows = {(int(row[0]), row[1]): row[3] for row in _failures(result)}
    assert "energy -" in rows[2, "snap"]  # far too low
    assert "energy -" not in rows[2, "sw"]  # far too high
    assert "not Ge" in rows[3, "sw"]
    for atoms in found:
        for eip in status:
            assert (atoms.info[f"eip_{eip}_status"] == "ok") == (f"eip_{eip}_energy" in atoms.info)
    assert found[0].info["eip_sw_stress"].shape == (6,)
    counts = {summary.name: summary.counts for summary in result.eips}
    assert counts["kds"][Status.NOT_FINITE] == 2
    assert all(sum(count.values()) == 4 for count in counts.values())


def test_energies_are_judged_from_the_isolated_atoms_of_the_eip(tmp_path: Path) -> None:
    # −3.16 eV for an isolated atom, so diamond is 4.6 − 3.2 eV below, not 4.6
    pytest.importorskip("kimpy")
    result = _label(tmp_path, _scaled(1.0), eips={"snap": SNAP}, max_energy=2.5)
    assert result.eips[0].counts[Status.OK] == 1
    result = _label(tmp_path, _scaled(1.0), eips={"sw": SW}, max_energy=2.5)
    assert result.eips[0].counts[Status.OUT_OF_RANGE] == 1


def test_equal_structures_are_evaluated_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    source = f"ase:faulty_calculators.Faulty?log={log}"
    result = _label(tmp_path, _pairs(3) * 4, eips={"a": source})
    assert len(log.read_text().splitlines()) == 3 + 1  # and the isolated atom
    assert result.eips[0].counts[Status.OK] == 12
    assert result.already_done == 0


def test_an_interrupted_run_is_resumed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    config = LabelConfig(
        input=tmp_path / "in.extxyz",
        output=tmp_path / "out.extxyz",
        eips={"a": f"ase:faulty_calculators.Faulty?log={log}&seconds=0.02&fault=abort&at=[11]"},
        workers=2,
    )
    write_structures(config.input, _pairs(60))

    def interrupt(progress: LabelProgress) -> None:
        if progress.done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(config, interrupt)
    assert not config.output.exists()
    result = run(config)
    assert 20 <= result.already_done < 60
    assert not (tmp_path / "out.extxyz.journal").exists()
    done = [line for line in log.read_text().splitlines() if not line.startswith(("11 ", "0 1"))]
    assert set(done) == {f"{i} 2" for i in range(60) if i != 11}
    assert len(done) <= 59 + 4  # what the interrupted workers had not yet told
    assert result.eips[0].counts[Status.OK] == 59


def test_a_longer_time_limit_tries_timeouts_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_structures(tmp_path / "in.extxyz", _pairs(2))
    options = {
        "input": tmp_path / "in.extxyz",
        "output": tmp_path / "out.extxyz",
        "eips": {"slow": f"ase:faulty_calculators.Faulty?log={log}&seconds=0.5"},
    }

    with pytest.raises(KeyboardInterrupt):
        run(LabelConfig.model_validate(options | {"time_limit": 0.2}), _interrupt_at_the_end)
    result = run(LabelConfig.model_validate(options | {"time_limit": 5.0}))
    assert result.already_done == 0
    assert result.eips[0].counts[Status.OK] == 2


def test_restart_forgets(tmp_path: Path) -> None:
    config = LabelConfig(
        input=tmp_path / "in.extxyz",
        output=tmp_path / "out.extxyz",
        eips={"a": "ase:faulty_calculators.Faulty"},
    )
    write_structures(config.input, _pairs(4))
    with pytest.raises(KeyboardInterrupt):
        run(config, _interrupt_at_the_end)
    assert run(config, restart=True).already_done == 0


def test_energies_alone(tmp_path: Path) -> None:
    result = _label(tmp_path, _scaled(1.0), eips={"sw": MATSCIPY_SW}, forces=False)
    [atoms] = read_structures(result.output)
    assert "eip_sw_energy" in atoms.info
    assert "eip_sw_stress" not in atoms.info
    assert "eip_sw_forces" not in atoms.arrays


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"eips": {}}, ConfigError, "at least one EIP"),
        ({"sets": ["germanium"]}, ConfigError, "known: aluminum"),
        ({"eips": {"SW": MATSCIPY_SW}}, ConfigError, "name should consist of"),
        ({"eips": {"sw": "sw"}}, ConfigError, "no source that can be read"),
        ({"eips": {"sw": "kim:SW_Nobody"}}, EippotError, "KIM"),
        ({"eips": {"sw": "matscipy:SW"}}, EIPError, "EIP `sw`: matscipy's `SW`"),
        ({"input": "nowhere.extxyz", "sets": ["silicon"]}, DataError, "nowhere.extxyz"),
        ({"output": "in.extxyz", "sets": ["silicon"]}, ConfigError, "output is the input"),
        ({"output": "out.cif", "sets": ["silicon"]}, ConfigError, "ends in .extxyz"),
    ],
)
def test_bad_options_are_told_and_leave_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, object],
    kind: type[EippotError],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_structures(Path("in.extxyz"), _scaled(1.0))
    base: dict[str, object] = {"input": "in.extxyz", "output": "out.extxyz"}
    with pytest.raises(kind, match=message):
        run(LabelConfig.model_validate(base | options))
    assert [path.name for path in tmp_path.iterdir()] == ["in.extxyz"]


def test_the_template_is_a_complete_configuration() -> None:
    folder = Path(__file__).parents[2] / "eippot" / "config" / "templates"
    config = read_config(LabelConfig, folder / "label.yaml")
    names = yaml.safe_load((folder / "label.yaml").read_text())
    assert set(names) == set(LabelConfig.model_fields)
    defaults = LabelConfig(input=config.input, output=config.output)
    changed = {name for name in names if getattr(config, name) != getattr(defaults, name)}
    assert changed == {"eips", "sets"}
