"""Every kind of event that the program writes into the journal has its words, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from congvan_core.workflow.moves import HANDLING_MOVES
from congvan_gateway.console import english, words
from congvan_gateway.dispatch.states import Event
from congvan_gateway.recall.states import State

ROOT = Path(__file__).resolve().parents[2]
_KIND = re.compile(r"[a-z_]+\.[a-z_0-9]+(?:\.[a-z_]+)?")
#: What looks like a kind and is the name of a file, a column or a prefix that is completed.
_NO_KIND = re.compile(
    r".*\.(?:html|id|json|sha256|state|second_)|notice\.desk|message\.downloaded|search\..*|backup\..*"
)
#: Kinds whose last word is a value: prefix -> what follows it.
_MADE = {
    "recipient": [e.value for e in Event],
    "order": [s.value for s in State],
    "draft": list(words.DRAFT_ACTS),
    "handling": [*HANDLING_MOVES, "answered", "due_changed"],
    "receipt": ["01", "02", "03", "04", "05", "06", "13", "15", "16"],
    "message": ["held", "conflict", "registered", "refused", "ignored", "sealed", "duplicate", "unreadable"],
    "sent": ["registered", "dismissed"],
}


def _written() -> Iterator[tuple[str, str]]:
    families = {kind.partition(".")[0] for kind in words.EVENTS}
    for wing in ("core", "mailbox", "gateway"):
        for path in sorted((ROOT / wing).rglob("*.py")):
            if "bench" in path.parts or "migrations" in path.parts or path.name == "event_words.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                yield from ((kind, where) for kind in _kinds(node, families))


def _kinds(node: ast.AST, families: set[str]) -> list[str]:
    """A constant of a known family, or what stands as ``kind=`` of a call."""
    if isinstance(node, ast.Call):
        given = [one.value.value for one in node.keywords if one.arg == "kind" and isinstance(one.value, ast.Constant)]
        return [one for one in given if isinstance(one, str) and _KIND.fullmatch(one)]
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    known = _KIND.fullmatch(text) and text.partition(".")[0] in families
    return [text] if known and not _NO_KIND.fullmatch(text) else []


def test_every_event_has_words_in_both_languages() -> None:
    said = dict(_written()) | {f"{family}.{last}": "made" for family, names in _MADE.items() for last in names}
    assert len(said) > 150
    missing = {kind: where for kind, where in said.items() if kind not in words.EVENTS}
    assert missing == {}
    assert [kind for kind, text in words.EVENTS.items() if english.say(text) == text] == []
