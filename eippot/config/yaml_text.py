"""YAML from files of any origin: bounded in size, depth and repetition, without types of Python.

PyYAML's safe loader builds nothing but plain values. What it does not bound are aliases, by which
a few lines stand for more values than any memory holds, and the depth of nesting; and what a value
only looks like ends in whatever error its conversion raises.
"""

from __future__ import annotations

from typing import Any, Final

import yaml
from yaml.composer import ComposerError
from yaml.nodes import Node

#: characters of a text, levels in it, and values when all aliases are replaced.
LONGEST: Final = 2**20
DEEPEST: Final = 50
MOST: Final = 10**5


def parse_yaml(text: str) -> Any:  # noqa: ANN401 (any YAML value)
    """Value of a YAML text.

    Raises
    ------
    yaml.YAMLError
        It is not YAML, or larger than anything that eippot reads.
    """
    if len(text) > LONGEST:
        raise yaml.YAMLError(f"expected at most {LONGEST} characters, got {len(text)}")
    try:
        return yaml.load(text, _Loader)
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
        # of conversions: a date without such a day, `!!bool 7`, an integer of 5000 digits
        raise yaml.YAMLError(f"a value is none of its type: {error}") from None


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with bounds."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._count = 0
        self._sizes: dict[int, int] = {}  # values below a node, by its identity

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Next node, which counts as often as it is referred to."""
        before = self._count
        self._depth += 1
        if self._depth > DEEPEST:
            raise ComposerError(problem=f"expected at most {DEEPEST} levels")
        is_alias = self.check_event(yaml.AliasEvent)
        node: Node | None = super().compose_node(parent, index)
        if is_alias and id(node) not in self._sizes:
            raise ComposerError(problem="expected values, got one that holds itself")
        self._count += self._sizes[id(node)] if is_alias else 1
        if self._count > MOST:
            raise ComposerError(problem=f"expected at most {MOST} values, aliases replaced")
        self._sizes[id(node)] = self._count - before
        self._depth -= 1
        return node
