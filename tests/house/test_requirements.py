"""The pinned requirement files: every package with its hashes, no address, one answer for all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ["requirements.txt", "requirements-dev.txt", "requirements-build.txt"]


def _pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """package -> (version and marker as written, its hashes)."""
    pins: dict[str, tuple[str, list[str]]] = {}
    current = ""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)(.*?)\\?$", line):
            current = f"{match[1].lower()}=={match[2]}"
            assert current not in pins
            pins[current] = (match[3].strip(), [])
        elif match := re.match(r"^\s+--hash=sha256:([0-9a-f]{64})", line):
            pins[current][1].append(match[1])
        else:
            assert re.match(r"^\s*(#.*)?$", line), f"{name}: not a pin, a hash or a comment: {line!r}"
    return pins


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_pinned_and_hashed_without_an_address(name: str) -> None:
    pins = _pins(name)
    assert pins
    assert [p for p, (_, hashes) in pins.items() if not hashes] == []
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_the_files_agree_with_each_other() -> None:
    """What is installed to run is what is tested: requirements-dev.txt holds every pin of requirements.txt."""
    run, dev, build = (set(_pins(name)) for name in FILES)
    assert run <= dev
    named = {p.split("==")[0] for p in dev}
    assert {p for p in build if p.split("==")[0] in named} <= dev


def test_every_dependency_of_the_project_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(requirements: list[str]) -> set[str]:
        found = (re.match(r"[A-Za-z0-9._-]+", r) for r in requirements)
        return {re.sub(r"[._-]+", "-", m[0]).lower() for m in found if m}

    pinned = {p.split("==")[0] for p in _pins("requirements.txt")}
    assert names(project["dependencies"]) - pinned == set()
    dev = {p.split("==")[0] for p in _pins("requirements-dev.txt")}
    assert names(project["optional-dependencies"]["dev"]) - dev == set()
