"""Verification in limited worker processes, so that no document can hurt the program or another document.

Any input whatever gets an answer within 20 s and 1 GiB: where a worker dies or runs out of time or memory, the answer
is an honest "unreadable", made by the parent, which never looks into the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from congvan_core.signatures.answers import Answers
    from congvan_core.signatures.trust_store import TrustStore

SECONDS = 17.0
MEMORY_MB = 880
_PRELOAD = ("congvan_core.signatures.preload",)


@dataclass(frozen=True, slots=True)
class Job:
    """One file to verify. Everything is plain, because it crosses a process boundary.

    ``path`` is read by the worker; ``trust`` paths as ``--trust`` takes them; ``allow_hosts`` empty: no network.
    """

    path: str
    name: str | None = None
    trust: tuple[str, ...] = ()
    signature: str | None = None
    at: datetime | None = None
    online: bool = False
    allow_hosts: tuple[str, ...] = ()
    purposes: frozenset[str] | None = None
    kinds: tuple[tuple[str, str], ...] = ()
    lang: str = "vi"


def run_job(job: Job) -> tuple[dict[str, Any], int]:
    """The report's JSON and its exit code; runs in the worker. Raises ConfigurationError (trust store), OSError."""
    from congvan_core.signatures.verify import PURPOSES, verify_file

    signature = None
    if job.signature is not None:
        with open(job.signature, "rb") as file:
            signature = file.read(64 << 20)
    fetch = None
    if job.online:
        from congvan_core.signatures.fetch import GuardedFetcher

        fetch = GuardedFetcher(allow=job.allow_hosts or None, answers=_answers())
    report = verify_file(
        job.path,
        name=job.name,
        trust=_trust(job.trust),
        at=job.at,
        signature=signature,
        fetch=fetch,
        purposes=job.purposes or PURPOSES,
        kinds=dict(job.kinds),
    )
    return report.to_json(job.lang), report.exit_code


@cache
def _answers() -> Answers:
    """What this worker fetched for earlier files."""
    from congvan_core.signatures.answers import Answers

    return Answers()


@lru_cache(maxsize=4)
def _trust(paths: tuple[str, ...]) -> TrustStore:
    from congvan_core.signatures.trust_store import TrustStore

    return TrustStore.load(paths)


class LimitedVerifier:
    """A pool of limited workers. Blocking, callable from any thread; close it at the end."""

    def __init__(
        self, *, workers: int = 2, seconds: float = SECONDS, memory_mb: int = MEMORY_MB, preload: bool = True
    ) -> None:
        from congvan_core.sandbox import Sandbox

        self._sandbox = Sandbox(
            workers=workers, seconds=seconds, memory_mb=memory_mb, preload=_PRELOAD if preload else ()
        )
        self._workers = workers

    def verify(self, job: Job) -> tuple[dict[str, Any], int]:
        """JSON and exit code of one file. Raises ConfigurationError and OSError as ``run_job`` does."""
        from congvan_core.sandbox import SandboxError

        try:
            return self._sandbox.run(run_job, job)
        except SandboxError as error:
            from congvan_core.signatures.verify import unfinished_report

            report = unfinished_report(job.path, error.reason, name=job.name)
            return report.to_json(job.lang), report.exit_code

    def verify_limited(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        """The reports of several files, in their order, as many at a time as there are workers."""
        with ThreadPoolExecutor(self._workers) as threads:
            return [report for report, _ in threads.map(self.verify, jobs)]

    def close(self) -> None:
        self._sandbox.close()

    def __enter__(self) -> LimitedVerifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def verify_limited(jobs: Sequence[Job], *, workers: int = 2) -> list[dict[str, Any]]:
    """One batch with workers of its own; a running program keeps a :class:`LimitedVerifier` instead."""
    with LimitedVerifier(workers=workers) as verifier:
        return verifier.verify_limited(jobs)
