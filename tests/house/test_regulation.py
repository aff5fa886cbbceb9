"""docs/regulation.md maps every clause, and every clause that has code has a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "regulation.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| Điều")
]


def test_every_article_is_mapped() -> None:
    named = {int(match[1]) for row in ROWS if len(row) == 5 and (match := re.match(r"Điều (\d+)", row[0]))}
    assert named == set(range(1, 25))


def test_code_without_a_test_is_not_claimed() -> None:
    for row in ROWS:
        code, test = row[-3], row[-2]
        if re.search(r"`(?:core|mailbox|gateway)/", code):
            assert "`tests/" in test, row[0]
        elif not test:
            assert row[-1] or "asks nothing" in code, f"{row[0]}: neither code nor the word that there is none"


def test_names_between_backticks_are_in_the_source() -> None:
    words = set(re.findall(r"`([a-z_]+)`", PAGE))
    source = "\n".join(
        path.read_text(encoding="utf-8") for wing in ("core", "gateway") for path in (ROOT / wing).rglob("*.py")
    )
    assert {word for word in words if not re.search(rf"\b{word}\b", source)} == set()
