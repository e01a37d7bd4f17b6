"""EIP labels as arrays, and which EIP is closest to DFT."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from eippot.data.labels import eip_labels_of, labels_of
from eippot.data.sources import (
    align_eips,
    aligned_energies,
    eip_energies,
    eip_names,
    eip_sources,
    true_classes,
)
from eippot.errors import DataError
from eippot.graphs.alignment import Alignment
from eippot.properties import reference_key, weak_key
from eippot.testing.structures import periodic

REFERENCES = {"C": -40.0, "Si": -100.0}


def _structure(**labels: object) -> Atoms:
    atoms = periodic()
    for key, value in labels.items():
        store = atoms.arrays if key.endswith("forces") else atoms.info
        store[key] = value
    return atoms


def _alignment(source: str, slope: float = 1.0, offset: float = 0.0) -> Alignment:
    return Alignment(source=source, species=("C", "Si"), slope=slope, offsets=(offset, offset))


def test_names_are_found_sorted_and_restricted() -> None:
    structures = [_structure(eip_sw_energy=1.0, eip_a_b_energy=1.0), _structure(eip_c_status="ok")]
    assert eip_names(structures) == ["a_b", "sw"]
    assert eip_names(structures, ["sw"]) == ["sw"]


def test_unknown_names() -> None:
    with pytest.raises(DataError, match="Expected EIPs among sw, got edip"):
        eip_names([_structure(eip_sw_energy=1.0)], ["edip"])
    with pytest.raises(DataError, match="Expected structures with EIP labels"):
        eip_names([_structure(REF_energy=1.0)])


def test_energies_of_failed_eips_are_missing() -> None:
    found = eip_energies([_structure(eip_sw_energy=-3.0), _structure()], ["sw", "edip"])
    np.testing.assert_array_equal(found, [[-3.0, np.nan], [np.nan, np.nan]])


def test_aligned_energies() -> None:
    alignments = [_alignment("sw", slope=2.0, offset=0.5), _alignment("edip")]
    found = aligned_energies([_structure(eip_sw_energy=-3.0)], alignments)
    np.testing.assert_array_equal(found, [[-6.0 + 8 * 0.5, np.nan]])


def test_alignment_sees_the_training_structures_only() -> None:
    training = [_structure(eip_sw_energy=e, REF_energy=e - 16.0) for e in (1.0, 2.0, 3.0)]
    (found,) = align_eips(training, ["sw"], ["C", "Si"], "offset")
    assert found.count == 3
    assert found.energy(5.0, np.array([3.0, 5.0])) == pytest.approx(-11.0)


def test_alignment_of_an_eip_that_has_no_label() -> None:
    training = [_structure(eip_sw_energy=1.0, REF_energy=1.0)] * 5
    with pytest.raises(DataError, match="`edip`, got 0"):
        align_eips(training, ["sw", "edip"], ["C", "Si"], "offset")


def test_true_classes() -> None:
    """Per atom: 8 atoms, c = 0.1 eV/atom, so 0.8 eV apart is the limit."""
    structures = [
        _structure(REF_energy=0.0, eip_a_energy=0.5, eip_b_energy=-0.4),
        _structure(REF_energy=0.0, eip_a_energy=0.79, eip_b_energy=9.0),
        _structure(REF_energy=0.0, eip_a_energy=0.81, eip_b_energy=9.0),
        _structure(REF_energy=0.0, eip_b_energy=0.1),
        _structure(REF_energy=0.0),
    ]
    found = true_classes(structures, [_alignment("a"), _alignment("b")], 0.1)
    assert found.tolist() == [1, 0, 2, 1, 2]


def test_sources_are_those_of_eips_with_labels() -> None:
    structures = [
        _structure(eip_sw_energy=1.0, eip_lost_energy=2.0, eip_failed_source="ase:x.Y"),
        _structure(eip_sw_source="kim:SW"),
    ]
    assert eip_sources(structures) == {"lost": None, "sw": "kim:SW"}
    assert eip_sources(structures, ["sw"]) == {"sw": "kim:SW"}
    assert eip_sources([_structure()]) == {}


def test_labels_are_relative_to_isolated_atoms() -> None:
    forces = np.arange(24.0).reshape(8, 3)
    atoms = _structure(REF_energy=-650.0, REF_forces=forces, REF_stress=np.arange(6.0))
    found = labels_of(atoms, "reference", reference_key, REFERENCES)
    assert found["reference_energy"].tolist() == [-650.0 + 3 * 40 + 5 * 100]
    assert found["reference_forces"].tolist() == forces.tolist()
    assert found["reference_stress"].shape == (1, 3, 3)


def test_labels_that_are_missing_are_nan() -> None:
    found = labels_of(_structure(), "weak", weak_key, REFERENCES)
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "weak_energy": (1,),
        "weak_forces": (8, 3),
        "weak_stress": (1, 3, 3),
    }
    assert all(value.isnan().all() for value in found.values())


def test_a_slope_scales_forces_and_stress_too() -> None:
    atoms = _structure(eip_sw_energy=-10.0, eip_sw_forces=np.ones((8, 3)), eip_sw_stress=np.ones(6))
    found = eip_labels_of(
        atoms, [_alignment("sw", slope=2.0, offset=-70.0), _alignment("edip")], REFERENCES
    )
    energy = 2.0 * -10.0 + 8 * -70.0 + 3 * 40 + 5 * 100
    np.testing.assert_allclose(found["eip_energy"].numpy(), [[energy, np.nan]])
    assert found["eip_forces"].shape == (8, 2, 3)
    assert (found["eip_forces"][:, 0] == 2.0).all()
    assert (found["eip_stress"][0, 0] == 2.0).all()
    assert found["eip_forces"][:, 1].isnan().all()
