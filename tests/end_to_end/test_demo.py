"""`congvan demo --once` as a newcomer runs it: nothing configured, an empty home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("end-to-end")


def test_demo_once_in_an_empty_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "LANG": "C"}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    done = subprocess.run(
        [sys.executable, "-m", "congvan_gateway.cli", "demo", "--once"],
        cwd=home, env=environment, capture_output=True, timeout=180,
    )  # fmt: skip
    told = done.stdout.decode("utf-8")
    assert done.returncode == 0, (told, done.stderr.decode("utf-8", "replace"))
    assert done.stderr == b""
    for words in ("chứng thư số THỬ NGHIỆM", "phát hành 67/SMT-VP", "tự động vào sổ văn bản đến", "số đến 1"):
        assert words in told
    assert sum(line.startswith("[") for line in told.splitlines()) >= 7
    assert list(home.iterdir()) == []  # it leaves nothing behind
    assert not list(tmp_path.glob("congvan-demo-*"))
