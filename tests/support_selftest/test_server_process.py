"""A daemon of the tests never outlives them, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support import programs
from support.process import ServerProcess, free_port, listens, wait_until
from support.samples import folder as samples_folder
from support.samples import unavailable

# A server with a child that listens too, as Dovecot and Postfix have.
DAEMON = """
import os, socket, sys, time
sockets = [socket.create_server(("127.0.0.1", int(sys.argv[1 + (os.fork() == 0)])))]
time.sleep(600)
"""
TESTS = Path(__file__).resolve().parents[1]


def _gone(port: int) -> bool:
    return not listens(port)


def test_stopped_and_killed_with_its_children(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    server = ServerProcess([sys.executable, "-c", DAEMON, str(first), str(second)], tmp_path / "log")
    for end in (server.stop, server.kill):
        server.start([first, second])
        assert server.running
        end()
        wait_until(lambda: _gone(first) and _gone(second), "the whole group to be gone")
        assert not server.running


def test_what_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    server = ServerProcess([sys.executable, "-c", "raise SystemExit('cau hinh sai')"], tmp_path / "log")
    with pytest.raises(AssertionError, match="cau hinh sai"):
        server.start([free_port()])


def test_it_hears_of_the_death_of_the_tests(tmp_path: Path) -> None:
    """pytest killed with -9 runs no clean-up; the kernel tells the daemon (PR_SET_PDEATHSIG)."""
    port = free_port()
    script = (
        "import sys, os, pathlib\nfrom support.process import ServerProcess\n"
        f"s = ServerProcess([sys.executable, '-m', 'http.server', '{port}', '--bind', '127.0.0.1'],"
        f" pathlib.Path({str(tmp_path / 'log')!r}))\n"
        f"s.start([{port}])\nprint('ready', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TESTS, env=dict(os.environ)
    ) as tests:
        assert tests.stdout is not None
        assert tests.stdout.readline() == b"ready\n"
        tests.send_signal(signal.SIGKILL)
        tests.wait()
    wait_until(lambda: _gone(port), "the daemon to follow the tests")


def test_a_missing_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skipped with the reason on a developer's machine, a failure on the build machine."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(programs, "_EXTRA", ())
    (sentence,) = programs.missing(("clamav",))
    assert sentence == "clamav is missing (clamd not found; apt-get install clamav-daemon)"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="clamd not found"):
        unavailable(sentence)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="clamd not found"):
        unavailable(sentence)


def test_missing_genuine_documents_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONGVAN_SAMPLES", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="the genuine documents are missing"):
        samples_folder()
    (tmp_path / "decisions").mkdir()
    assert samples_folder() == tmp_path
