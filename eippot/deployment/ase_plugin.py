"""What ASE finds through the entry point ``ase.plugins``: ``ase info --plugins`` lists it.

Plugins are a preview of ASE 4, which release 3.29 has; older ones do not look here.
"""

from __future__ import annotations

from typing import Final

from ase._4.plugins.plugin import CalculatorPlugin

__ase_plugins__: Final = {
    CalculatorPlugin("eippot", implementation="eippot.EippotCalculator"),
}
