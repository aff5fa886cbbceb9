"""Receiving, durable before 250, beside Postfix that queues and parks, both under Postfix's own smtp-source (G1-G6)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from congvan_gateway.operations.bench.peer_postfix import (
    HoldingPostfix,
    free_port,
    missing,
    smtp_source,
    wait_for_port,
)
from congvan_gateway.operations.bench.table import Row, Setting, cpu_tree, median, ratio, sync_rate

#: Octets, sessions, mails of one round, goals for one and two processes.
_LOADS = (
    (10_000, 10, 300, 1.0, 1.4),
    (10_000, 50, 500, 1.3, 2.0),
    (300_000, 10, 60, 1.2, 1.6),
    (5_000_000, 10, 12, 1.4, 1.7),
)
_IDS = {10_000: "G1", 300_000: "G2", 5_000_000: "G3"}


class OurDoor:
    """One or two door processes on one port."""

    def __init__(self, folder: Path, processes: int) -> None:
        self.port = free_port()
        self.folder = folder
        folder.mkdir()
        command = [sys.executable, "-m", "congvan_gateway.operations.bench.door_process", str(folder), str(self.port)]
        self.processes = [subprocess.Popen(command) for _ in range(processes)]
        wait_for_port(self.port)

    def cpu(self) -> float:
        return sum(cpu_tree(process.pid) for process in self.processes)

    def peak(self) -> int:
        """Most memory held so far, KiB."""
        text = Path(f"/proc/{self.processes[0].pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM"))

    def purge(self) -> None:
        for name in os.listdir(self.folder):
            path = self.folder / name
            if path.suffix == ".journal":
                os.truncate(path, 0)
            else:
                path.unlink()

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def _doors(folder: Path) -> Iterator[dict[int, OurDoor]]:
    made = {number: OurDoor(folder / f"door-{number}", number) for number in (1, 2)}
    try:
        yield made
    finally:
        for door in made.values():
            door.stop()


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of G1 to G6."""
    reason = missing()
    if reason is not None:
        yield Row("G1-G6", "receiving", f"not measured: {reason}", "")
        return
    with HoldingPostfix(setting.folder) as postfix, _doors(setting.folder) as doors:
        yield _memory(doors[1])  # first: later the process holds what the loads made it allocate
        for size, sessions, count, one, two in _LOADS:
            yield from _load(setting, postfix, doors, size, sessions, count // (2 if setting.quick else 1), (one, two))


def _load(
    setting: Setting, postfix: HoldingPostfix, doors: dict[int, OurDoor], size: int, sessions: int, count: int,
    goals: tuple[float, float],
) -> Iterator[Row]:  # fmt: skip
    rates: dict[int, list[float]] = {0: [], 1: [], 2: []}
    work: dict[int, list[float]] = {0: [], 1: [], 2: []}
    syncs: list[float] = []
    for _ in range(setting.rounds):
        for number in (0, 1, 2):
            port = doors[number].port if number else postfix.port
            before = doors[number].cpu() if number else cpu_tree(postfix.pid)
            took = smtp_source(port, size=size, sessions=sessions, count=count)
            after = doors[number].cpu() if number else cpu_tree(postfix.pid)
            rates[number].append(count / took)
            work[number].append((after - before) / count)
            (doors[number] if number else postfix).purge()
        syncs.append(sync_rate(setting.folder, count=150))
    label = f"{size // 1000} KB, {sessions} sessions"
    sync = median(syncs)
    for number, goal in zip((1, 2), goals, strict=True):
        yield Row(
            _IDS[size], f"receive {label}, {number} process{'es' if number > 1 else ''}",
            f"Postfix held {median(rates[0]):.0f}/s", f"{median(rates[number]):.0f}/s",
            ratio(rates[number], rates[0]), f">= {goal}", f"disk {sync:.0f} syncs/s; smtp-source shares the cores",
        )  # fmt: skip
    yield Row(
        "G4", f"processor time a mail, {label}", f"Postfix {1e3 * median(work[0]):.2f} ms",
        f"{1e3 * median(work[1]):.2f} ms", ratio(work[1], [max(x, 1e-5) for x in work[0]]), "<= 0.6",
        "Python per session and command" if size < 100_000 else "copies and SHA-256",
    )  # fmt: skip
    if size == 10_000 and sessions == 50:
        part = median([a / b for a, b in zip(rates[1], syncs, strict=True)])
        yield Row("G6", f"durable mails of the disk's rate, {label}", f"{sync:.0f} syncs/s",
                  f"{median(rates[1]):.0f}/s", part, ">= 0.25", "sessions, not the disk")  # fmt: skip


def _memory(door: OurDoor) -> Row:
    """Peak of the process above what it held, while twenty mails of 25 MB come in at once."""
    Path(f"/proc/{door.processes[0].pid}/clear_refs").write_text("5")  # forgets the peak so far
    before = door.peak()
    smtp_source(door.port, size=25_000_000, sessions=20, count=20)
    grown = (door.peak() - before) / 1024
    door.purge()
    return Row("G5", "memory, 20 sessions of 25 MB, MiB above idle", "8 MiB", f"{grown:.1f} MiB", grown / 8, "<= 1.0",
               "two pieces of 512 KiB a session")  # fmt: skip
