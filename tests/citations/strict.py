"""BibTeX read as narrowly as it can be, by other means than the package's."""

from __future__ import annotations

import re
from typing import Final

_ENTRY: Final = re.compile(r"@(article|inproceedings|misc|book|unpublished)\{([\w:.+-]+),\n")
_FIELD: Final = re.compile(r"  ([a-z][a-z-]*) = \{(.*)\}(,?)\n")


def read(text: str) -> dict[str, dict[str, str]]:
    """Key → fields, of which ``ENTRYTYPE`` is the kind; nothing else may stand there."""
    found: dict[str, dict[str, str]] = {}
    for block in text.strip("\n").split("\n\n"):
        head = _ENTRY.match(block)
        assert head, block
        assert head[2] not in found, head[2]
        lines = block[head.end() :].splitlines(keepends=True)
        assert lines.pop() == "}", block
        fields = {"ENTRYTYPE": head[1]}
        for number, line in enumerate(lines, start=1):
            field = _FIELD.fullmatch(line)
            assert field, line
            assert field[1] not in fields, line
            assert bool(field[3]) == (number < len(lines)), line
            _assert_balanced(field[2])
            fields[field[1]] = field[2]
        found[head[2]] = fields
    return found


def _assert_balanced(value: str) -> None:
    depth = 0
    for letter in re.sub(r"\\.", "", value):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0, value
    assert depth == 0, value
    assert not re.search(r"(?<!\\)[%#&]", value), value
