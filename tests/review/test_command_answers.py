"""Every command answers bad input with one sentence and its exit code, never with a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from congvan_gateway.cli import main

#: arguments -> exit code; {d} is a folder with odd files
CASES: dict[str, tuple[list[str], int]] = {
    "track-nothing": (["track", "khong-co"], 1),
    "track-nul": (["track", "a\x00\udcff"], 1),
    "track-empty": (["track", ""], 1),
    "resend-nothing": (["resend", "khong-co", "--reason", "x"], 1),
    "resend-no-reason": (["resend", "khong-co", "--reason", "  "], 2),
    "quarantine-nothing": (["quarantine", "show", "khong-co"], 1),
    "quarantine-nul": (["quarantine", "release", "a\x00"], 1),
    "quarantine-refuse-empty": (
        ["quarantine", "refuse", "x", "--reason", " ", "--position", "p", "--telephone", "t", "--by", "a"],
        2,
    ),
    "register-number": (["register", "number", "khong-co", "--number", "12"], 1),
    "register-strike": (["register", "strike", "--book", "incoming", "--number", "1", "--reason", "x"], 1),
    "register-export": (["register", "export", "--book", "incoming", "--format", "csv"], 1),
    "register-add-date": (
        [
            "register",
            "add",
            "--channel",
            "paper",
            "--symbol",
            "12/QĐ-UBND",
            "--date",
            "x",
            "--author",
            "a",
            "--subject",
            "b",
        ],
        2,
    ),
    "register-add-symbol": (
        [
            "register",
            "add",
            "--channel",
            "paper",
            "--symbol",
            "///",
            "--date",
            "2026-01-01",
            "--author",
            "a",
            "--subject",
            "b",
        ],
        2,
    ),
    "register-add-body": (
        [
            "register",
            "add",
            "--channel",
            "paper",
            "--symbol",
            "12/QĐ-UBND",
            "--date",
            "2026-01-01",
            "--author",
            "a",
            "--subject",
            "b",
            "--body",
            "x" * 50,
        ],
        2,
    ),
    "register-add-nul": (
        [
            "register",
            "add",
            "--channel",
            "paper",
            "--symbol",
            "12/QĐ-UBND",
            "--date",
            "2026-01-01",
            "--author",
            "a\x00\udcff",
            "--subject",
            "b\x00",
            "--remark",
            "\udcff",
            "--by",
            "\x00",
        ],
        0,
    ),
    "send-missing": (["send", "{d}/khong-co.pdf", "--to", "H24.90"], 2),
    "send-folder": (["send", "{d}", "--to", "H24.90"], 2),
    "send-empty": (["send", "{d}/rong.pdf", "--to", "H24.90"], 2),
    "send-text": (
        ["send", "{d}/chu.pdf", "--to", "H24.90", "--symbol", "12/QĐ-UBND", "--date", "2026-01-01", "--subject", "x"],
        1,
    ),
    "send-unknown": (
        ["send", "{d}/chu.pdf", "--to", "H99.99", "--symbol", "12/QĐ-UBND", "--date", "2026-01-01", "--subject", "x"],
        1,
    ),
    "send-urgency": (["send", "{d}/chu.pdf", "--to", "H24.90", "--urgency", "rất gấp"], 2),
    "send-symbol": (
        ["send", "{d}/chu.pdf", "--to", "H24.90", "--symbol", "\x00", "--date", "2026-01-01", "--subject", "x"],
        2,
    ),
    "intake-missing": (["intake", "{d}/khong-co.eml"], 4),
    "intake-folder": (["intake", "{d}"], 4),
    "intake-nowhere": (["intake", "{d}/chu.pdf"], 3),
    "intake-nul": (["intake", "{d}/chu.pdf", "--from", "a\x00\udcff", "--rcpt", "vanthu@b.example.vn\x00"], 3),
    "agency-add": (["agency", "add", "--code", "???", "--name", "x", "--address", "khong"], 2),
    "agency-import": (["agency", "import", "{d}/khong-co.csv"], 2),
}


@pytest.mark.parametrize("name", list(CASES))
def test_bad_input_is_one_sentence(desk: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "rong.pdf").write_bytes(b"")
    (tmp_path / "chu.pdf").write_bytes("không phải văn bản".encode())
    arguments, expected = CASES[name]
    given = [part.replace("{d}", str(tmp_path)) for part in arguments] + ["--config", str(desk.config)]
    try:
        code = main(given)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert (code, expected and len([line for line in said.splitlines() if not line.startswith("202")]) <= 1) == (
        expected, bool(expected)
    ), said  # fmt: skip
