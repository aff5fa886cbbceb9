"""The house keeps its own rules: three wings, arrows downwards, small files, no junk drawers."""

from __future__ import annotations

import ast
import mailbox
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: From the ground upwards: a wing may import itself and what stands before it.
WINGS = {
    "core": "congvan_core",
    "mailbox": "congvan_mailbox",
    "gateway": "congvan_gateway",
}
SOURCES = [path for wing, package in WINGS.items() for path in sorted((ROOT / wing / package).rglob("*.py"))]
LIMIT = 400
FORBIDDEN = {"utils", "util", "helpers", "helper", "misc", "common", "manager"}


def _ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(tree: ast.AST) -> set[str]:
    """The top-level names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_standard_library_keeps_its_mailbox() -> None:
    """A wing is called mailbox; the module of that name must stay the standard library's (aiosmtpd imports it)."""
    assert mailbox.Maildir.__module__ == "mailbox"
    assert Path(mailbox.__file__ or "").parent == Path(ast.__file__).parent
    code = "import mailbox; mailbox.Maildir; import congvan_core, congvan_mailbox, congvan_gateway"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_wings_are_import_roots_not_packages() -> None:
    for wing, package in WINGS.items():
        assert not (ROOT / wing / "__init__.py").exists()
        assert (ROOT / wing / package / "__init__.py").is_file()
        assert [p.name for p in (ROOT / wing).iterdir() if p.name != "__pycache__"] == [package]


@pytest.mark.parametrize("path", SOURCES, ids=_ids)
def test_a_source_file(path: Path) -> None:
    """Small, named after a noun, opened by a sentence, importing downwards only."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= LIMIT, f"{lines} lines: split it where the second noun appears"
    assert path.stem not in FORBIDDEN and path.parent.name not in FORBIDDEN, "name it after what it is about"
    tree = ast.parse(text)
    if tree.body:  # an empty __init__.py says nothing
        assert ast.get_docstring(tree), "a file opens with one sentence that says what it is"
    order = list(WINGS.values())
    own = path.relative_to(ROOT).parts[1]
    above = set(order[order.index(own) + 1 :])
    assert not _imports(tree) & above, f"{own} imports upwards"


def test_core_knows_no_mail_and_mailbox_no_database() -> None:
    mail = {"smtplib", "imaplib", "aiosmtpd", "aiosmtplib", "aioimaplib", "dkim", "spf", "congvan_mailbox"}
    database = {"sqlalchemy", "alembic", "sqlite3", "psycopg"}
    for path in SOURCES:
        wing = path.relative_to(ROOT).parts[0]
        names = _imports(ast.parse(path.read_text(encoding="utf-8")))
        if wing == "core":
            assert not names & mail, _ids(path)
        if wing == "mailbox":
            assert not names & database, _ids(path)


def test_nothing_is_left_for_later_in_secret() -> None:
    """No marker of unfinished work in the source; what is unfinished is said in the documentation."""
    markers = ("TO" + "DO", "FIX" + "ME", "XX" + "X:", "raise NotImplemented" + "Error")
    found = [
        f"{_ids(path)}: {marker}"
        for path in SOURCES
        for marker in markers
        if marker in path.read_text(encoding="utf-8")
    ]
    assert found == []
