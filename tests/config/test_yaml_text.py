"""YAML that is made to take all time and memory, or that only looks like values."""

from __future__ import annotations

import pytest
import yaml

from eippot.config.yaml_text import LONGEST, parse_yaml

LINES = ["a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
LINES += [f"{k}: &{k} [{', '.join(['*' + chr(ord(k) - 1)] * 9)}]" for k in "bcdefgh"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("\n".join(LINES), "values, aliases replaced"),
        ("[" * 10_000, "levels"),
        ("- " * 1000 + "1", "levels"),
        ("a: &a [*a]", "holds itself"),
        (" " * LONGEST + "1", "characters"),
        ("2001-99-99", "none of its type"),
        ("!!bool 7", "none of its type"),
        ("!!int ''", "none of its type"),
        ("9" * 5000, "none of its type"),
        ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
    ],
)
def test_refused(text: str, what: str) -> None:
    with pytest.raises(yaml.YAMLError, match=what):
        parse_yaml(text)


def test_aliases_are_fine() -> None:
    text = "a: &a {x: 1}\nb: [*a, *a]\nc: {<<: *a, y: 2}"
    assert parse_yaml(text) == {"a": {"x": 1}, "b": [{"x": 1}] * 2, "c": {"x": 1, "y": 2}}
