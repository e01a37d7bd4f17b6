"""ASE finds the calculator by its name."""

from __future__ import annotations

import re
from pathlib import Path

import ase.io
import pytest
from ase.calculators.calculator import get_calculator_class
from ase.cli.main import main

from eippot import EippotCalculator
from eippot.testing.structures import periodic
from tests.versions import needs

pytestmark = needs("ase", "3.29", "plugins are new")
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_entry_point_leads_to_the_calculator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is installed: the entry point that the project declares, as metadata of a package."""
    (entry,) = re.findall(
        r'^\[project\.entry-points\."ase\.plugins"\]\n(.+)$', PROJECT.read_text(), re.M
    )
    metadata = tmp_path / "installed-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: installed\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[ase.plugins]\n{entry.replace(chr(34), '')}\n")
    monkeypatch.syspath_prepend(tmp_path)
    from ase._4.plugins import PluginCollection

    calculators = PluginCollection.from_entry_points().calculators
    (plugin,) = (plugin for plugin in calculators if plugin.name == "eippot")
    assert plugin.implementation is EippotCalculator


def test_calculator_by_name(exported: Path, tmp_path: Path) -> None:
    assert get_calculator_class("eippot") is EippotCalculator
    ase.io.write(tmp_path / "in.xyz", periodic())
    out = tmp_path / "out.xyz"
    main(
        args=["run", "eippot", str(tmp_path / "in.xyz"), "-p", f"model={exported}", "-o", str(out)]
    )
    atoms = periodic()
    atoms.calc = EippotCalculator(exported)
    assert ase.io.read(out).get_potential_energy() == pytest.approx(atoms.get_potential_energy())
