"""Numbers and lists in the documents are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from eippot import conventions, units
from eippot.config.label import LabelConfig
from eippot.config.loss import WeakLossConfig
from eippot.config.stages import ClassifyConfig
from eippot.deployment.files import open_exported
from eippot.eips.base import Status
from eippot.losses.kernels import NORMAL_MAR, TUKEY_CONSTANT
from eippot.properties import LABELS
from eippot.training.run_directory import CONTENTS
from tests.docs.conftest import Walk
from tests.docs.markdown import ROOT, blocks, code

ARCHITECTURE, METHOD, CONVENTIONS, CONTRIBUTING = (
    *(ROOT / "docs" / f"{name}.md" for name in ("architecture", "method", "conventions")),
    ROOT / "CONTRIBUTING.md",
)


def _default(kind: Any, name: str) -> object:
    return kind.model_fields[name].default


@pytest.mark.parametrize(
    ("document", "claim", "value"),
    [
        (METHOD, r"([\d.]+) eV/atom \(`max_energy`\)", _default(LabelConfig, "max_energy")),
        (METHOD, r"([\d.]+) eV/Å \(`max_force`\)", _default(LabelConfig, "max_force")),
        (METHOD, r"([\d.]+) eV/atom \(`cut", _default(ClassifyConfig, "cutoff_per_atom")),
        (METHOD, r"k = ([\d.]+)\\", TUKEY_CONSTANT),
        (METHOD, r"\{MAR\}/([\d.]+)\$", NORMAL_MAR),
        (METHOD, r"α = ([\d.]+) \|", _default(WeakLossConfig, "weight")),
        (CONVENTIONS, r"1 eV/Å³ = ([\d.]+) GPa", units.GPA_PER_EV_PER_A3),
        (CONVENTIONS, r"GPa = ([\d.]+) bar", units.BAR_PER_EV_PER_A3),
    ],
)
def test_number_is_that_of_the_code(document: Path, claim: str, value: float) -> None:
    text = re.sub(r"(?<=\d) (?=\d)", "", document.read_text())
    (found,) = re.findall(claim, text)
    assert float(found) == value


@pytest.mark.parametrize(
    ("row", "of_template"),
    [
        ("batch size", lambda t: t["training"]["batch_size"]),
        ("alignment", lambda t: t.get("alignment")),
        ("network", lambda t: t["model"]["channels"]),
        ("EMA", lambda t: t["training"]["ema_decay"] > 0),
    ],
)
@pytest.mark.parametrize("stage", ["classify", "pretrain", "finetune"])
def test_preset_differs_as_the_table_says(
    row: str, of_template: Callable[[dict[str, Any]], Any], stage: str
) -> None:
    (cells,) = re.findall(rf"^\| {row}[^|]*\|(.*)\|(.*)\|$", METHOD.read_text(), re.MULTILINE)
    for cell, suffix in zip(cells, ("", ".paper"), strict=True):
        template = resources.files("eippot.config") / "templates" / f"{stage}{suffix}.yaml"
        value = of_template(yaml.safe_load(template.read_text()))
        if value is not None:
            words = {True: "yes", False: "no"} if isinstance(value, bool) else {}
            assert str(words.get(value, value)) in cell


def test_layers_are_those_that_are_checked() -> None:
    (shown,) = blocks(ARCHITECTURE, "layers")
    project = (ROOT / "pyproject.toml").read_text()
    (checked,) = re.findall(r"^layers = \[(.*?)\]", project, flags=re.DOTALL | re.MULTILINE)
    assert shown.split("\n")[:-1] == re.findall(r'"(.+?)"', checked)


def test_attributes_are_those_of_an_exported_file(walk: Walk) -> None:
    (shown,) = blocks(ARCHITECTURE, "attributes")
    model, _ = open_exported(walk.folder / "si.pt")
    buffers = {name for name, _ in model.named_buffers() if "." not in name}
    assert all(hasattr(model, name) for name in shown.split())
    assert buffers <= set(shown.split())


def test_run_directory_is_as_described(walk: Walk) -> None:
    described = set(CONTENTS) & set(code(ARCHITECTURE))
    assert described == set(CONTENTS)
    for name in CONTENTS:
        assert (walk.folder / "runs" / "finetune" / name).exists()


def test_every_warning_about_labels_is_explained() -> None:
    guards = (ROOT / "eippot" / "data" / "guards").glob("*.py")
    kinds = {kind for path in guards for kind in re.findall(r'Finding\("(.+?)"', path.read_text())}
    assert len(kinds) == 9
    kinds |= {prop.name for prop in LABELS}
    table = (ROOT / "docs" / "troubleshooting.md").read_text()
    assert kinds == set(re.findall(r"`(.+?)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.M))))


def test_every_status_is_named() -> None:
    assert {status.value for status in Status} <= set(code(CONVENTIONS))


def test_orders_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| .*(xx, yy, zz, \*\*.*\*\*) \|$", CONVENTIONS.read_text(), re.MULTILINE)
    expected = (conventions.ASE_VOIGT, conventions.LAMMPS_ORDER)
    names = [", ".join("xyz"[i] + "xyz"[j] for i, j in order) for order in expected]
    assert [row.replace("*", "") for row in rows] == names


@pytest.mark.parametrize("source", blocks(CONVENTIONS, "python"))
def test_conventions_hold(source: str) -> None:
    exec(compile(source, "conventions.md", "exec"), {})


def test_measures_of_the_house_are_kept() -> None:
    text = CONTRIBUTING.read_text()
    (measures,) = re.findall(r"at most (\d+) lines, a function (\d+) .* a stage (\d+)\)", text)
    longest_file, longest_function, longest_stage = map(int, measures)
    for path in _python_files():
        lines = path.read_text()
        assert len(lines.splitlines()) <= longest_file, path
        limit = longest_stage if path.parent.name == "stages" else longest_function
        for function, length in _functions(lines):
            allowed = limit if function == "run" else longest_function
            assert length <= allowed, (path, function, length)


def _python_files() -> Iterator[Path]:
    for room in ("eippot", "cli/eippot_cli", "lammps/eippot_lammps", "tests", "examples"):
        yield from (ROOT / room).rglob("*.py")


def _functions(source: str) -> Iterator[tuple[str, int]]:
    """Name and length of each function, its docstring left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1
