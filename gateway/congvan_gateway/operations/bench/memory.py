"""Memory of the whole program while mails of 100 MB come in at once and are judged: doors, workers and all.

The figure is the proportional set size of ``congvan serve`` and everything it started, sampled every tenth of a second
until the first sixteen are judged.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from congvan_core.ids import new_id
from congvan_gateway.main import App
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.peer_postfix import free_port, wait_for_port
from congvan_gateway.operations.bench.table import Row, Setting, descendants
from congvan_gateway.storage.schema import message

_OCTETS = 72_000_000
_PIECE = 1 << 18
_PATIENCE = 900.0
#: With two workers the peak is reached with the first few; the others only wait on the disk.
_JUDGED = 16
_WAITING = ("stored", "judging")


def measure(setting: Setting) -> Iterator[Row]:
    """Peak of the process tree: 64 sessions of 100 MB, or 8 with ``--quick``."""
    sessions = 8 if setting.quick else 64
    keys = material.pki()
    raw = material.mail(keys, 1, _OCTETS, signatures=1)
    station = material.station(setting.folder / "memory", keys, smtp_port=free_port(), workers=2)
    command = [sys.executable, "-m", "congvan_gateway.cli", "serve", "--config", str(station.config)]
    with (station.folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    app = station.app()
    try:
        wait_for_port(station.smtp_port)
        watch = Watch(server.pid)
        started = time.monotonic()
        _send_all(station.smtp_port, raw, sessions)
        received, arrived = time.monotonic() - started, watch.peak
        _wait(app, sessions, judged=min(sessions, _JUDGED))
        watch.stop()
        states = _states(app)
        yield Row("memory", f"{sessions} mails of {len(raw) / 1e6:.0f} MB at once, until 250", "1024 MiB", f"{arrived:.0f} MiB",
                  arrived / 1024, "<= 1.0", f"{sessions * len(raw) / received / 1e6:.0f} MB/s")  # fmt: skip
        yield Row("memory", f"while the first are judged ({', '.join(f'{n} {s}' for s, n in sorted(states.items()))})", "1024 MiB",
                  f"{watch.peak:.0f} MiB", watch.peak / 1024, "<= 1.0", "two workers read a mail each")  # fmt: skip
    finally:
        app.close()
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


class Watch:
    """Samples a process and its descendants until stopped; ``peak`` in MiB."""

    def __init__(self, pid: int) -> None:
        self.peak = 0.0
        self._pid, self._done = pid, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._done.wait(0.1):
            self.peak = max(self.peak, sum(map(_share, descendants(self._pid))) / 1024)

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


def _share(pid: int) -> int:
    """KiB of memory, shared pages by their share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _send_all(port: int, raw: bytes, sessions: int) -> None:
    gate, refused = threading.Barrier(sessions), list[bytes]()
    body = memoryview(raw)

    def session() -> None:
        with socket.create_connection(("127.0.0.1", port), 600) as sock, sock.makefile("rb") as lines:
            lines.readline()
            for command in (
                "HELO a.test",
                f"MAIL FROM:<{material.SENDER[2]}>",
                f"RCPT TO:<{material.RECEIVER[2]}>",
                "DATA",
            ):
                sock.sendall(command.encode() + b"\r\n")
                lines.readline()
            gate.wait(120)
            # A line of its own above the mail: each is another mail, with the same signed document in it.
            sock.sendall(b"Received: from bench by localhost id %b\r\n" % new_id().encode())
            for start in range(0, len(body), _PIECE):
                sock.sendall(body[start : start + _PIECE])
            sock.sendall(b".\r\n")
            answer = lines.readline()
            if not answer.startswith(b"250"):
                refused.append(answer)

    threads = [threading.Thread(target=session) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not refused, refused[:3]


def _states(app: App) -> dict[str, int]:
    with app.database.read() as connection:
        rows = connection.execute(select(message.c.state, func.count()).group_by(message.c.state)).all()
    return {str(state): int(count) for state, count in rows}


def _wait(app: App, count: int, *, judged: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        states = _states(app)
        if sum(states.values()) >= count and sum(n for s, n in states.items() if s not in _WAITING) >= judged:
            return
        time.sleep(0.2)
    raise TimeoutError(f"not judged: {_states(app)}")
