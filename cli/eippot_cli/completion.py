"""What shells complete beside commands, options and files."""

from __future__ import annotations


def set_names(incomplete: str) -> list[str]:
    """Named sets of EIPs."""
    from eippot.eips.cards import card_names

    return [name for name in card_names() if name.startswith(incomplete)]


def architectures(incomplete: str) -> list[str]:
    """Architectures that come with eippot."""
    from eippot.config.model import BUILT_IN

    return [name for name in BUILT_IN if name.startswith(incomplete)]
