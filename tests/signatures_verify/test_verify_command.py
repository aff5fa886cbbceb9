"""``congvan verify``: one JSON object per file, exit codes, and an answer whatever happens to the child."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pikepdf
import pytest

from congvan_core.signatures.command import add_arguments, run
from congvan_core.signatures.limited import Job, LimitedVerifier
from support_pki import LivePki


def congvan_verify(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(list(words)))


def test_several_files_in_order_and_the_worst_code(
    tmp_path: Path, pki_folder: Path, two_signed: bytes, plain: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, data in (("a.pdf", two_signed), ("b.pdf", plain), ("c.pdf", b"%PDF-1.4 rubbish"), ("d.txt", b"")):
        (tmp_path / name).write_bytes(data)
    trust = str(pki_folder / "trust")
    files = [str(tmp_path / n) for n in ("a.pdf", "b.pdf", "c.pdf", "d.txt")]
    assert congvan_verify(*files, "--trust", trust, "--json") == 4
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines] == ["valid", "unsigned", "indeterminate", "indeterminate"]
    assert [line["file"] for line in lines] == ["a.pdf", "b.pdf", "c.pdf", "d.txt"]
    assert congvan_verify(files[0], "--trust", trust) == 0
    assert "HỢP LỆ" in capfd.readouterr().out
    assert congvan_verify(files[0], files[1], "--trust", trust, "--lang", "en") == 1
    assert congvan_verify(files[0], "--json") == 3


def test_usage_errors_are_one_sentence(tmp_path: Path, plain: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(plain)
    for words in (
        [str(tmp_path / "absent.pdf")],
        [str(file), "--at", "yesterday"],
        [str(file), "--trust", str(tmp_path / "none")],
        [str(file), "--trust", str(file)],
        [str(file), str(file), "--signature", str(file)],
    ):
        assert congvan_verify(*words) == 2, words
        err = capfd.readouterr().err
        assert len(err.strip().splitlines()) == 1
        assert "Traceback" not in err


def test_a_child_that_runs_out_of_time_or_memory_is_answered_for(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pdf"
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pdf.make_stream(b"\0" * (80 << 20)))
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    bomb.write_bytes(out.getvalue())
    with LimitedVerifier(workers=1, seconds=0.000001, preload=False) as hasty:
        report, code = hasty.verify(Job(str(bomb), name="bomb.pdf"))
    assert (code, report["integrity"], report["outcome"]) == (4, "unreadable", "indeterminate")
    assert [f["code"] for f in report["findings"]] == ["INTEGRITY-TOO-HARD"]
    assert report["sha256"]
    assert report["size"] == bomb.stat().st_size


def test_a_pool_answers_in_order(
    tmp_path: Path, pki: LivePki, pki_folder: Path, two_signed: bytes, plain: bytes
) -> None:
    (tmp_path / "a.pdf").write_bytes(two_signed)
    (tmp_path / "b.pdf").write_bytes(plain)
    jobs = [Job(str(tmp_path / n), trust=(str(pki_folder / "trust"),)) for n in ("a.pdf", "b.pdf", "a.pdf")]
    with LimitedVerifier(workers=2) as pool:
        assert [r["outcome"] for r in pool.verify_limited(jobs)] == ["valid", "unsigned", "valid"]


def test_online_answers_settle_what_is_undecided(
    tmp_path: Path, pki: LivePki, pki_folder: Path, two_signed: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(two_signed)
    trust = ["--trust", str(pki_folder / "trust" / "root.pem"), "--json"]
    assert congvan_verify(str(file), *trust) == 3
    assert congvan_verify(str(file), *trust, "--online") == 3  # a host that is not on the list is not asked
    assert congvan_verify(str(file), *trust, "--online", "--allow-host", f"127.0.0.1:{pki.port}") == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["trust"] for line in lines] == ["undecided", "undecided", "trusted"]
