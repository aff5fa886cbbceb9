"""One table for all goals: what was measured, beside what a user would pick instead, in the same run by turns."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """``peer`` and ``ours`` with their units; ``ratio`` compares as ``goal`` says (">= 1.2", "<= 0.6", "")."""

    id: str
    what: str
    peer: str
    ours: str
    ratio: float | None = None
    goal: str = ""
    bound: str = ""

    @property
    def reached(self) -> str:
        if self.ratio is None or not self.goal:
            return ""
        sign, _, value = self.goal.partition(" ")
        met = self.ratio >= float(value) if sign == ">=" else self.ratio <= float(value)
        return "yes" if met else "no"


@dataclass(frozen=True, slots=True)
class Setting:
    """How long to measure: rounds by turns, and the folder on the disk that is measured."""

    rounds: int
    folder: Path
    quick: bool = False
    postgresql: str | None = None


Jobs = Mapping[str, Callable[[], float]]


def alternate(rounds: int, jobs: Jobs) -> dict[str, list[float]]:
    """Every job once a round, in turn, so that what disturbs the machine disturbs all alike."""
    found: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            found[name].append(job())
    return found


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ratio(ours: Sequence[float], peer: Sequence[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(ours, peer, strict=True))


def seconds(job: Callable[[], object], times: int = 1) -> float:
    """Seconds of one run of the job, of ``times`` runs in a row."""
    start = time.perf_counter()
    for _ in range(times):
        job()
    return (time.perf_counter() - start) / times


def cpu_tree(pid: int) -> float:
    """User and system seconds of a process and all its descendants, those that ended included."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        used[int(name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        children.setdefault(int(fields[1]), []).append(int(name))
    total, waiting = 0.0, [pid]
    while waiting:
        one = waiting.pop()
        total += used.get(one, 0.0)
        waiting += children.get(one, [])
    return total


def descendants(pid: int) -> list[int]:
    """The process and all that it and its children started, as far as they live."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                parent = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1]
                children.setdefault(int(parent), []).append(int(name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def sync_rate(folder: Path, *, count: int = 300) -> float:
    """Appends of 512 octets with fdatasync, a second: what the disk allows one writer that shares nothing."""
    path = folder / "sync-rate"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        start = time.perf_counter()
        for _ in range(count):
            os.write(fd, b"x" * 512)
            os.fdatasync(fd)
        return count / (time.perf_counter() - start)
    finally:
        os.close(fd)
        path.unlink()


def render(rows: Sequence[Row]) -> str:
    """The rows as a table in plain text."""
    head = ("goal", "what", "peer", "ours", "ratio", "wanted", "reached", "bound by")
    lines = [head] + [
        (r.id, r.what, r.peer, r.ours, "" if r.ratio is None else f"{r.ratio:.2f}", r.goal, r.reached, r.bound)
        for r in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    out = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    out.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(out) + "\n"
