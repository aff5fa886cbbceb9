"""Whatever the bytes: one JSON, an exit code of the contract, never an exception."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.documents.model import FileRole
from support_judgement import NAME, Bench, genuine, mail, package
from support_pki import LivePki

CODES = (0, 1, 3, 4)
HEAD = b"From: a@b.vn\r\nTo: c@d.vn\r\nMIME-Version: 1.0\r\n"


@pytest.fixture(scope="session")
def seeds(pki: LivePki) -> list[bytes]:
    return [package(pki, [(NAME, genuine(pki), FileRole.MAIN)]), mail((NAME, genuine(pki)))]


@settings(max_examples=12)
@given(data=st.data())
def test_damaged_mails_get_an_answer(judge: Bench, seeds: list[bytes], data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        kind = data.draw(st.sampled_from(("flip", "cut", "insert", "double")))
        if kind == "flip":
            raw[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del raw[at : at + data.draw(st.integers(1, 5000))]
        elif kind == "insert":
            raw[at:at] = data.draw(st.binary(max_size=60))
        else:
            raw[at:at] = raw[at : at + 3000]
        raw = raw or bytearray(b"x")
    found = judge(bytes(raw))
    assert found.code in CODES
    assert found["decision"] in ("accept", "quarantine", "refuse", "ignore")


@settings(max_examples=25)
@given(raw=st.binary(max_size=3000), head=st.booleans())
def test_any_bytes_get_an_answer(judge: Bench, raw: bytes, head: bool) -> None:
    assert judge(HEAD + raw if head else raw).code in CODES


HOSTILE = {
    "deep": HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(2000)),
    "parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-\r\n" * 10_000,
    "html": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<script" * 300_000 + b"<!--" * 300_000,
    "headers": b"X: y\r\n" * 300_000 + HEAD + b"\r\n",
    "nul": b"\0" * 8_000_000,
    "entities": HEAD + b'Content-Type: application/xml; name="a.edxml"\r\n\r\n<?xml version="1.0"?><!DOCTYPE a ['
    + b'<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">' + b"]><edXMLEnvelope>&b;</edXMLEnvelope>",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_the_command_survives(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.eml"
    path.write_bytes(HOSTILE[name])
    done = subprocess.run(
        [sys.executable, "-m", "congvan_gateway.cli", "inspect", "--json", str(path)],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in CODES
    report = json.loads(done.stdout)
    assert report["kind"]
    assert b"Traceback" not in done.stderr


def test_several_mails_give_a_line_each_and_the_worst_code(tmp_path: Path, seeds: list[bytes]) -> None:
    for number, raw in enumerate((seeds[1], b"", mail())):
        (tmp_path / f"{number}.eml").write_bytes(raw)
    paths = [str(tmp_path / f"{n}.eml") for n in range(3)]
    done = subprocess.run(
        [sys.executable, "-m", "congvan_gateway.cli", "inspect", "--json", *paths], capture_output=True, timeout=90,
        check=False,
    )  # fmt: skip
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["document", "unreadable", "plain"]
    assert done.returncode == 4
