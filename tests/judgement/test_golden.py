"""Golden cases: mails as files, each with the verdict that it must always get and a line that says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support_judgement import Bench

CASES = Path(__file__).parent / "cases"
NAMES = sorted(p.stem for p in CASES.glob("*.eml"))


def test_every_case_is_complete() -> None:
    assert len(NAMES) >= 30
    for name in NAMES:
        assert (CASES / f"{name}.verdict.json").is_file()
        assert (CASES / f"{name}.readme").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_stands(judge: Bench, name: str) -> None:
    found = judge((CASES / f"{name}.eml").read_bytes(), trust=False)
    wanted = json.loads((CASES / f"{name}.verdict.json").read_text(encoding="utf-8"))
    got = {
        "kind": found["kind"], "decision": found["decision"], "exit": found.code,
        "attachments": [[a["filename"], a["format"], a["role"]] for a in found["attachments"]],
        "codes": sorted(found.codes),
    }  # fmt: skip
    assert got == wanted
