"""What the page about files from elsewhere shows and says."""

from __future__ import annotations

import re

from tests.docs.conftest import Walk
from tests.docs.markdown import ROOT, commands, without_numbers

PAGE = ROOT / "docs" / "safety.md"


def test_inspect_prints_what_is_shown(walk: Walk) -> None:
    (command,) = commands(PAGE)
    printed = without_numbers(walk.results[command.line].output)
    for line in command.shown:
        assert without_numbers(line) in printed


#: what would run code that stands in a file.
_UNSAFE = re.compile(
    r"pickle\.loads?\(|allow_pickle|safe_load\(|\.unsafe_load\(|\.full_load\(|weights_only=False"
)


def test_nothing_unpickles_and_yaml_has_one_door() -> None:
    for path in (*(ROOT / "eippot").rglob("*.py"), *(ROOT / "cli").rglob("*.py")):
        text = path.read_text()
        assert not _UNSAFE.search(text), path
        assert text.count("torch.load(") <= text.count("weights_only=True"), path
