"""Large messages at the same time never gather in memory: what comes in goes to the disk piece by piece."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_PIECE = (b"QUJD" * 19 + b"\r\n") * 1024


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The door and its journal in a process of their own: (port, process id)."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
    command = [sys.executable, "-m", "congvan_gateway.operations.bench.door_process", str(tmp_path), str(port)]
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _peak(pid: int) -> int:
    """The most memory that the process has held, octets."""
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")) * 1024


def _send(port: int, octets: int, replies: list[bytes], gate: threading.Barrier) -> None:
    with socket.create_connection(("127.0.0.1", port), 600) as sock, sock.makefile("rb") as lines:
        lines.readline()
        for command in (b"HELO a.test", b"MAIL FROM:<a@somauthu.test>", b"RCPT TO:<vanthu@thidiem.test>", b"DATA"):
            sock.sendall(command + b"\r\n")
            lines.readline()
        gate.wait(120)  # all bodies are under way together
        for _ in range(max(1, octets // len(_PIECE))):
            sock.sendall(_PIECE)
        sock.sendall(b".\r\n")
        replies.append(lines.readline())


def _run(port: int, sessions: int, octets: int) -> list[bytes]:
    replies: list[bytes] = []
    gate = threading.Barrier(sessions)
    threads = [threading.Thread(target=_send, args=(port, octets, replies, gate)) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


@pytest.mark.parametrize(
    ("sessions", "octets"),
    [
        (16, 8_000_000),
        pytest.param(64, 100_000_000, marks=pytest.mark.soak),
    ],
)
def test_concurrent_large_mails_stay_within_their_share(door: tuple[int, int], sessions: int, octets: int) -> None:
    port, pid = door
    before = _peak(pid)
    replies = _run(port, sessions, octets)
    assert [reply[:3] for reply in replies] == [b"250"] * sessions
    grown = _peak(pid) - before
    # Two gathered pieces of half a megabyte, a read buffer of half a megabyte, and room for the allocator.
    assert grown < sessions * 3_000_000, f"{grown / 1e6:.0f} MB for {sessions} mails of {octets / 1e6:.0f} MB"
    assert _peak(pid) < 1 << 30
    assert os.path.exists(f"/proc/{pid}")
