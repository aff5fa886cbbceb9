"""The schema's steps are one chain: each number once, in the file of its name, behind the one before."""

from __future__ import annotations

import re
from pathlib import Path

from congvan_gateway.storage import migrations

VERSIONS = sorted((Path(migrations.__path__[0]) / "versions").glob("[0-9]*.py"))


def test_the_steps_are_one_chain() -> None:
    found = []
    for path in VERSIONS:
        text = path.read_text("utf-8")
        named = dict(re.findall(r'^(revision|down_revision)(?:: [^=]+)? = (?:"(\d+)"|None)', text, re.MULTILINE))
        found.append((path.name[:4], named["revision"], named.get("down_revision") or ""))
    numbers = [f"{n:04}" for n in range(1, len(VERSIONS) + 1)]
    assert found == list(zip(numbers, numbers, ["", *numbers[:-1]], strict=True))
