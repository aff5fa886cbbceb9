"""The fuzzer over whole mails, long only where it is asked for; the short deterministic run is among the judgement's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.soak
def test_an_hour_of_mutated_mails_raises_nothing(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for case in (HERE.parent / "judgement" / "cases").glob("*.eml"):
        shutil.copy(case, corpus)
    command = [sys.executable, str(HERE / "fuzz_mail.py"), "-max_total_time=3600", "-timeout=20", str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
