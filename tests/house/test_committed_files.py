"""What is committed names no machine, no registry and no private folder, and everything promised is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISED = [
    *("README.md", "CHANGELOG.md", "LICENSE", "CONTRIBUTING.md", "Makefile", ".ci/run", ".editorconfig"),
    *("docs/flow.md", "docs/decisions.md", "docs/glossary.md", "docs/developer.md", "docs/contracts.md"),
    *("docs/van-thu.md", "docs/quan-tri.md"),
]


@cache
def committed() -> tuple[Path, ...]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return tuple(p for name in out.decode().split("\0") if name and (p := ROOT / name).is_file())


def _hosts_of_this_machine() -> set[str]:
    """The registries that this machine is configured with: pip, npm, the environment."""
    said = "\n".join(f"{k}={v}" for k, v in os.environ.items() if re.search("index|registry", k, re.IGNORECASE))
    said += subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    return {h for h in re.findall(r"https?://(?:[^@/\s'\"]*@)?([^/:\s'\"]+)", said) if "." in h}


def test_no_registry_and_no_path_of_a_machine() -> None:
    parent = f"{ROOT.parent.as_posix()}/"
    words = {"pythonhosted" + ".org", "pypi.org" + "/simple", "registry.npmjs" + ".org", ".pye" + "nv/", "/ro" + "ot/"}
    words |= _hosts_of_this_machine()
    if parent not in ("/", "/tmp/", "/home/", "/srv/", "/opt/"):  # too general to tell a leak from an example
        words.add(parent)
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in committed()
        for word in words
        if word.encode() in path.read_bytes()
    ]
    assert found == []


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_file_is_there(name: str) -> None:
    path = ROOT / name
    assert path.is_file() and path.stat().st_size > 0


def test_no_lock_file_with_addresses() -> None:
    names = {p.name for p in committed()}
    assert not names & {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}


def test_no_signed_document_of_a_real_agency_and_no_certificate_of_the_official_service() -> None:
    """The genuine documents and roots stay with the administrator; the project knows fingerprints only."""
    names = [p.name for p in committed()]
    assert not [n for n in names if re.search(r"vgca|-ttg\.signed\.pdf$", n, re.IGNORECASE) and not n.endswith(".py")]


def test_text_files_are_clean() -> None:
    """UTF-8, NFC, LF, a last newline; mails and other bytes of the tests are left alone."""
    import unicodedata

    faults = []
    for path in committed():
        if path.suffix not in {".py", ".md", ".toml", ".sh", ".css", ".html", ".txt", ".service", ".conf"}:
            continue
        if "vendor" in path.parts:
            continue
        text = path.read_bytes().decode("utf-8")
        if "\r" in text or (text and not text.endswith("\n")):
            faults.append(f"{path.relative_to(ROOT)}: line ends")
        if path.suffix in {".md", ".html"} and not unicodedata.is_normalized("NFC", text):
            faults.append(f"{path.relative_to(ROOT)}: not NFC (Điều 9)")
    assert faults == []
