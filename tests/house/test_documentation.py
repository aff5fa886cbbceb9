"""What the documentation names exists: commands, targets, files, and the names of the flow."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from congvan_gateway.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
#: Commands that docs/contracts.md marks with * ("come with later releases"); no other page may name them.
LATER: set[str] = set()


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _code(text: str) -> str:
    """What stands in code blocks and between backticks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


@cache
def _source_words() -> frozenset[str]:
    words: set[str] = set()
    for wing in ("core", "mailbox", "gateway"):
        for path in (ROOT / wing).rglob("*.py"):
            words |= set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", path.read_text(encoding="utf-8")))
    return frozenset(words)


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            assert (page.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_make_targets_and_commands_exist(page: Path) -> None:
    code = _code(page.read_text(encoding="utf-8"))
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code)) <= targets
    named = set(re.findall(r"\bcongvan ([a-z]+)\b", code))
    assert named <= set(COMMANDS) | (LATER if page.name == "contracts.md" else set())


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_files_that_a_page_names_exist(page: Path) -> None:
    for name in re.findall(
        r"`((?:deploy|docs|tests|core|mailbox|gateway)/[\w./-]+)`", page.read_text(encoding="utf-8")
    ):
        assert (ROOT / name).exists(), name


def test_the_flow_names_what_is_there() -> None:
    """docs/flow.md: every file between backticks exists in a wing, every name between backticks is in the source."""
    text = (ROOT / "docs" / "flow.md").read_text(encoding="utf-8")
    roots = [ROOT / "core/congvan_core", ROOT / "mailbox/congvan_mailbox", ROOT / "gateway/congvan_gateway"]
    missing = []
    for quoted in re.findall(r"`([^`\n]+)`", text):
        if re.fullmatch(r"[\w/]+\.py|[\w/]+/", quoted):
            if not any((root / quoted).exists() for root in [ROOT, *roots]):
                missing.append(quoted)
        elif re.fullmatch(r"[A-Za-z_][\w.]*(\(\))?", quoted):
            missing += [w for w in quoted.rstrip("()").split(".") if w not in _source_words()]
    assert missing == []
