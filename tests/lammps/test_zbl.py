"""The core of an exported file is LAMMPS' own ``pair_style zbl``, where neither is switched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from eippot.testing.architectures import ARCHITECTURES
from eippot.units import COULOMB_EV_A
from tests.lammps.engine import single_point, write_structure
from tests.networks import export_potential

#: e²/4πε₀ in LAMMPS' metal units [eV Å], which has fewer digits than ours.
LAMMPS_COULOMB = 14.399645

ZBL = "pair_style zbl 25 26\npair_coeff 1 1 6 6\npair_coeff 1 2 6 14\npair_coeff 2 2 14 14\n"


def test_it_is_that_of_lammps(tmp_path: Path) -> None:
    """A network of scale zero leaves the core alone; all distances are 0.25 to 0.65 Å."""
    positions = 5.0 + np.array([[0, 0, 0], [0.3, 0.1, 0], [0.1, -0.2, 0.4], [0.4, 0.2, 0.3]])
    atoms = Atoms("SiCSiC", positions=positions, cell=[10, 10, 10])
    distances = atoms.get_all_distances()[np.triu_indices(4, 1)]
    assert distances.min() > 0.25
    assert distances.max() < 0.65
    write_structure(tmp_path, atoms, ("C", "Si"))
    export_potential(
        tmp_path / "model.pt", "float64", scale=0.0, config=ARCHITECTURES["schnet_zbl"]
    )
    ours = single_point(tmp_path, atoms, "pair_style eippot\npair_coeff * * model.pt C Si\n")
    theirs = single_point(tmp_path, atoms, ZBL)
    factor = COULOMB_EV_A / LAMMPS_COULOMB
    ours_above_isolated = ours.energy - 2 * (-40.0) - 2 * (-100.0)
    np.testing.assert_allclose(ours_above_isolated, factor * theirs.energy, rtol=1e-11)
    np.testing.assert_allclose(ours.forces, factor * theirs.forces, rtol=1e-10)
    np.testing.assert_allclose(ours.virial, factor * theirs.virial, rtol=1e-9)
