"""The one unit system: eV, Å, eV/Å, eV/Å³ (ASE's, and LAMMPS' ``metal`` up to pressure)."""

from __future__ import annotations

from typing import Final

ENERGY: Final = "eV"
LENGTH: Final = "Å"
FORCE: Final = "eV/Å"
STRESS: Final = "eV/Å³"

#: pressure of 1 eV/Å³ in GPa (CODATA 2018 elementary charge: 160.2176634 GPa).
GPA_PER_EV_PER_A3: Final = 160.2176634

#: pressure of 1 eV/Å³ in bar, LAMMPS' ``metal`` pressure unit.
BAR_PER_EV_PER_A3: Final = 1602176.634

#: e²/4πε₀ [eV Å] (CODATA 2018).
COULOMB_EV_A: Final = 14.3996454784

#: display factor: 1 eV in meV.
MEV_PER_EV: Final = 1000.0
