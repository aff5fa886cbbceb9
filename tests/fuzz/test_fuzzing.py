"""Fuzzing: a short run of every target with each test run, half an hour of each in the long one, old finds replayed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from targets import CONTENT, SEEDS, TARGETS, TRUST, Signed, Wrong

import support_fuzz
from support_pki import LivePki

HERE = Path(__file__).parent
#: Inputs that once ended in an exception or a wrong answer, by target.
FOUND = sorted((HERE / "found").glob("*/*"))


def fuzz(name: str, pki: LivePki, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    corpus = support_fuzz.write_corpus(name, pki, folder)
    genuine = folder / "genuine"
    genuine.mkdir()
    for seed in corpus.iterdir() if name == "pdf" else ():
        (genuine / seed.name).write_bytes(seed.read_bytes())
    pki.export(folder / "pki")
    environment = {**os.environ, TRUST: str(folder / "pki" / "trust"), SEEDS: str(genuine) if name == "pdf" else ""}
    command = [sys.executable, str(HERE / "run_target.py"), name, *options, str(corpus)]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", cwd=folder, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done


@pytest.mark.parametrize("name", ["pdf", "cms", "mime", "packet", "reports"])
def test_a_short_run(name: str, pki: LivePki, tmp_path: Path) -> None:
    done = fuzz(name, pki, tmp_path, "-seed=1", "-runs=250", "-max_len=40000", "-timeout=20")
    tried = re.search(r"Done (\d+) runs", done.stderr)
    assert tried is not None, done.stderr[-2000:]
    assert int(tried[1]) >= 250


@pytest.mark.soak
@pytest.mark.parametrize("name", list(TARGETS))
def test_half_an_hour(name: str, pki: LivePki, tmp_path: Path) -> None:
    minutes = float(os.environ.get("FUZZ_MINUTES", "30"))
    fuzz(name, pki, tmp_path, f"-max_total_time={minutes * 60:.0f}", "-timeout=20", "-rss_limit_mb=2048")


@pytest.mark.parametrize("path", FOUND, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_what_was_once_found(path: Path) -> None:
    TARGETS[path.parent.name]()(path.read_bytes())


def test_the_oracle_knows_what_was_signed(pki: LivePki, tmp_path: Path) -> None:
    """A fuzzer that cannot fail finds nothing: the judge of its answers is tried on a forgery."""
    assert support_fuzz.CONTENT == CONTENT
    data = (support_fuzz.write_corpus("pdf", pki, tmp_path) / "seed001").read_bytes()
    genuine = Signed.of(data)
    assert len(genuine.gaps) == 2
    assert genuine.continued_by(data + b"\n% more\n ")
    start, end = genuine.gaps[1]
    assert genuine.continued_by(data[: start + 1] + b"f" * 10 + data[start + 11 :])
    assert not genuine.continued_by(data + b"9 0 obj")
    assert not genuine.continued_by(data[:200] + b"?" + data[201:])
    assert not genuine.continued_by(data[:end] + b"?" + data[end + 1 :])
    assert issubclass(Wrong, Exception)
