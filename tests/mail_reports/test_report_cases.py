"""Every golden report: the kind, the recipients with action and code, the original, the disposition, the findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from congvan_mailbox.reports import classify

CASES = sorted((Path(__file__).parent / "cases").glob("*.eml"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_golden_report(path: Path) -> None:
    want = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    reading = classify(path.read_bytes())
    assert reading.kind.value == want["kind"], reading.because
    report = reading.report
    assert (report.original_message_id if report else None) == want["original_message_id"]
    if "recipients" in want:
        assert report is not None
        got = [r.to_json() for r in report.recipients]
        assert [{k: g[k] for k in w} for g, w in zip(got, want["recipients"], strict=False)] == want["recipients"]
        assert len(got) == len(want["recipients"])
        assert all(g["reason"] for g in got)
    if "disposition" in want:
        assert report is not None and report.disposition is not None
        assert report.disposition.to_json() == want["disposition"]
    if "original_envelope_id" in want:
        assert report is not None and report.original_envelope_id == want["original_envelope_id"]
    for code in want.get("findings", []):
        assert code in {f.code for f in reading.findings}


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 100
