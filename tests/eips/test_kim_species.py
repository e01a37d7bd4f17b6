"""KIM models of several elements, against ASE's own KIM calculator."""

from __future__ import annotations

import pytest
from ase import Atoms
from ase.build import bulk

from eippot.errors import EIPError
from tests.eips.evaluating import evaluate

pytest.importorskip("kimpy")

from ase.calculators.kim import KIM

from eippot.eips.kim import KIMPotential

SW = "SW_StillingerWeber_1985_Si__MO_405512056662_005"
CARBIDE = "Tersoff_LAMMPS_ErhartAlbe_2005_SiC__MO_903987585848_004"
EMT = "EMT_Asap_Standard_JacobsenStoltzeNorskov_1996_AlAgAuCuNiPdPt__MO_115316750986_001"


def test_knows_its_species_and_refuses_others() -> None:
    potential = KIMPotential(SW)
    assert potential.supported_species == {"Si"}
    with pytest.raises(EIPError, match="does not know Ge"):
        evaluate(potential, bulk("Ge"))
    assert KIMPotential(CARBIDE).supported_species == {"Si", "C"}


def test_several_species_keep_their_places() -> None:
    atoms = bulk("SiC", "zincblende", a=4.36, cubic=True)
    atoms.rattle(0.1, seed=6)
    label = evaluate(KIMPotential(CARBIDE), atoms.copy())
    atoms.calc = KIM(CARBIDE)
    assert label.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    assert label.forces == pytest.approx(atoms.get_forces(), abs=1e-9)


def test_labels_do_not_depend_on_which_elements_came_first() -> None:
    potential = KIMPotential(EMT)
    for symbols in ("Ag4", "Pd4", "Ag2Pd2", "Ag4", "Pd4", "PdAg3"):
        atoms = bulk("Ag", a=4.0, cubic=True)
        atoms.symbols[:] = Atoms(symbols).symbols
        atoms.rattle(0.05, seed=7)
        label = evaluate(potential, atoms.copy())
        atoms.calc = KIM(EMT)  # a new one, which has seen nothing else
        assert label.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
        assert label.forces == pytest.approx(atoms.get_forces(), abs=1e-9)
