"""Files of other people that we carry (scripts, fonts): each with its checksum and its licence beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WINGS = [ROOT / wing for wing in ("core", "mailbox", "gateway")]
#: What only ever comes from elsewhere.
FOREIGN = ("*.ttf", "*.otf", "*.woff", "*.woff2", "*.min.js", "*.min.mjs", "*.min.css", "*.wasm", "*.icc", "*.xsd")
CARRIED = sorted(p for wing in WINGS for pattern in FOREIGN for p in wing.rglob(pattern))
LISTS = sorted(p for wing in WINGS for p in wing.rglob("SHA256SUMS"))


def _listed(path: Path) -> dict[Path, str]:
    """file -> digest, from a list as ``sha256sum`` writes it."""
    rows = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {(path.parent / name.strip().lstrip("*")).resolve(): digest for digest, name in rows}


def test_every_carried_file_is_in_a_list() -> None:
    listed = {file for path in LISTS for file in _listed(path)}
    assert [p.relative_to(ROOT).as_posix() for p in CARRIED if p.resolve() not in listed] == []


@pytest.mark.parametrize("path", LISTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_list_of_checksums_is_true(path: Path) -> None:
    for file, digest in _listed(path).items():
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, f"{file.name} was changed"
    assert list(path.parent.glob("*LICENSE*")) or list(path.parent.glob("*OFL*")), "the licence stands beside the files"
