"""The tests keep rules of their own: nothing is skipped in secret, and every file has a name of its own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(p for p in TESTS.rglob("*.py"))
#: The one place that may end a test for what the machine lacks; with CI=true it fails instead.
GATE = TESTS / "support" / "samples.py"


def test_every_test_file_has_a_name_of_its_own() -> None:
    """There is no ``__init__.py``, so two files of one name would be one module."""
    names = Counter(p.name for p in FILES if p.name not in ("conftest.py", "__init__.py"))
    assert [n for n, count in names.items() if count > 1] == []


def test_nothing_is_skipped_in_secret() -> None:
    words = re.compile(r"pytest\.(skip|xfail|importorskip)\b|mark\.(skip|skipif|xfail)\b|unittest\.skip")
    found = [
        f"{p.relative_to(TESTS)}: {match[0]}"
        for p in FILES
        if p not in (GATE, Path(__file__).resolve()) and p.parent.name != "support_selftest"
        for match in words.finditer(p.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("path", [p for p in FILES if p.name.startswith("test_")], ids=lambda p: p.name)
def test_every_test_can_fail(path: Path) -> None:
    """A test function asserts, expects an exception, or hands over to a function of its own that does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    idle = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            checks = any(
                isinstance(inner, ast.Assert | ast.Raise) or (isinstance(inner, ast.Call) and not _harmless(inner))
                for inner in ast.walk(node)
            )
            if not checks:
                idle.append(node.name)
    assert idle == []


def _harmless(call: ast.Call) -> bool:
    """Calls that never fail a test."""
    return isinstance(call.func, ast.Name) and call.func.id in ("print", "str", "len", "repr")
