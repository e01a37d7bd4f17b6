"""Compressed exports: as accurate as they say, in ASE and in LAMMPS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.deployment import compression
from eippot.deployment.exported import Metadata
from eippot.errors import ModelError
from eippot.stages import export
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.structures import cluster, isolated_atom, periodic, slab, small_cell
from tests.networks import save_run

Structure = Callable[[], Atoms]


def _export(path: Path, *runs: Path, compress: bool, precision: str = "float64") -> Metadata:
    config = {"runs": runs, "output": path, "precision": precision, "compress": compress}
    return export.run(ExportConfig.model_validate(config)).metadata


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Of two species, one with the repulsion of nuclei, which is no table."""
    return (
        save_run(tmp_path / "a", 1, scale=1.0),
        save_run(tmp_path / "b", 2, scale=1.0, model=ARCHITECTURES["schnet_zbl"]),
    )


STRUCTURES = pytest.mark.parametrize(
    "structure", [periodic, small_cell, slab, cluster, isolated_atom]
)


@STRUCTURES
@pytest.mark.parametrize("members", [1, 2])
def test_a_compressed_model_is_the_original(
    tmp_path: Path, runs: tuple[Path, ...], members: int, structure: Structure
) -> None:
    _assert_compression_changes_little(tmp_path, runs[:members], structure())


@STRUCTURES
@pytest.mark.parametrize("architecture", ["equivariant", "equivariant_parity"])
def test_other_architectures_with_tables(
    tmp_path: Path, architecture: str, structure: Structure
) -> None:
    run = save_run(tmp_path / "run", 1, scale=1.0, model=ARCHITECTURES[architecture])
    _assert_compression_changes_little(tmp_path, (run,), structure())


def _assert_compression_changes_little(
    tmp_path: Path, runs: tuple[Path, ...], atoms: Atoms
) -> None:
    """Less than 1e-6 eV/atom and 1e-5 eV/Å."""
    _export(tmp_path / "original.pt", *runs, compress=False)
    metadata = _export(tmp_path / "compressed.pt", *runs, compress=True)
    original = EippotCalculator(tmp_path / "original.pt")
    compressed = EippotCalculator(tmp_path / "compressed.pt")
    assert compressed.metadata == metadata
    energies = [calculator.get_property("energies", atoms) for calculator in (original, compressed)]
    forces = [calculator.get_property("forces", atoms) for calculator in (original, compressed)]
    np.testing.assert_allclose(energies[1], energies[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(forces[1], forces[0], rtol=0, atol=1e-5)
    if len(atoms) > 1:
        assert np.abs(forces[1] - forces[0]).max() > 1e-15  # it is a table


def test_float32(tmp_path: Path, runs: tuple[Path, ...]) -> None:
    _export(tmp_path / "original.pt", runs[0], compress=False)
    metadata = _export(tmp_path / "compressed.pt", runs[0], compress=True, precision="float32")
    assert metadata.dtype == "float32"
    atoms = periodic()
    forces = [
        EippotCalculator(tmp_path / name).get_property("forces", atoms)
        for name in ("original.pt", "compressed.pt")
    ]
    np.testing.assert_allclose(forces[1], forces[0], rtol=0, atol=1e-5)


def test_the_file_says_what_tables_change(tmp_path: Path, runs: tuple[Path, ...]) -> None:
    metadata = _export(tmp_path / "compressed.pt", runs[0], compress=True)
    assert metadata.table_bins in compression.BINS
    assert 0.0 < metadata.table_energy_error < compression.LARGEST_ENERGY_ERROR
    assert 0.0 < metadata.table_force_error < compression.LARGEST_FORCE_ERROR
    assert _export(tmp_path / "original.pt", runs[0], compress=False).table_bins == 0


def test_what_is_not_accurate_is_not_written(
    tmp_path: Path, runs: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "BINS", (4,))
    with pytest.raises(ModelError, match="Tables of 4 pieces change energies by up to"):
        _export(tmp_path / "compressed.pt", runs[0], compress=True)
    assert not (tmp_path / "compressed.pt").exists()


def test_architectures_without_tables(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", model=ARCHITECTURES["gemnet"])
    with pytest.raises(ModelError, match="GemNet cannot be compressed"):
        _export(tmp_path / "compressed.pt", run, compress=True)
