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


def _label(cell: str) -> str:
    """``Điều 6.1.a`` or ``Phụ lục IV`` of a row's first cell."""
    found = re.match(r"(?:Điều [\d.]+(?:[a-zđ](?:-[a-zđ])?)?(?:-[\d.]+)?|Phụ lục [IVX]+)", cell)
    assert found is not None, cell
    return found[0]


def test_every_clause_with_code_has_a_test_that_cites_it() -> None:
    """A row names files that are there, and one of its tests cites the row's clause, of its own norm."""
    wrong = []
    for part, norm in zip(PAGE.split("## NĐ 30/2020/NĐ-CP", 1), ("", "NĐ 30 "), strict=True):
        for line in part.splitlines():
            if not line.startswith(("| Điều", "| Phụ lục")):
                continue
            named = re.findall(r"`((?:core|mailbox|gateway|tests)/[^`]+)`", line)
            wrong += [f"{line[:40]}: {name} is not there" for name in named if not (ROOT / name).exists()]
            tests = [name for name in named if name.startswith("tests/")]
            label = re.compile(re.escape(norm + _label(line[2:])) + r"(?!\d)")
            said = [" ".join((ROOT / name).read_text(encoding="utf-8").split()) for name in tests]
            if tests and not any(label.search(text) for text in said):
                wrong.append(f"{label.pattern}: none of {tests} cites it")
    assert wrong == []
