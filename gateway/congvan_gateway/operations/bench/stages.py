"""Where a document's processor time goes on the whole path, stage by stage, in one process without workers.

    python -m congvan_gateway.operations.bench.stages [signatures] [documents] [--profile STAGE]

The mails are handed to the intake journal as the SMTP door hands them; everything after it runs step by step on one
thread, so that each stage's processor time is its own. ``--profile inspect`` prints the calls of a stage by their own time.
"""

from __future__ import annotations

import asyncio
import cProfile
import logging
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from congvan_core.ids import new_id, now
from congvan_core.journal.sealing import seal_all
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.intake.doors import open_store, spool_folder
from congvan_gateway.intake.recorder import Recorder
from congvan_gateway.judgement import content, document_facts, harmful, inspection, mail_signature, sources
from congvan_gateway.judgement.judging import Judge
from congvan_gateway.judgement.sandbox import Sandbox
from congvan_gateway.main import App
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.fan_out import AcceptsAll
from congvan_gateway.operations.bench.table import Row, Setting
from congvan_gateway.operations.indexing import step as index_step
from congvan_mailbox.smtp.envelope import Envelope, Recipient

#: What an inspection calls, by the module that holds the name, and what it is called in the table.
_PARTS: tuple[tuple[Any, str, str], ...] = (
    (BlobStore, "read", "read the mail back and hash it"),
    (inspection, "parse_message", "parse"),
    (inspection, "compare_readers", "second reader"),
    (mail_signature, "read", "mail signature"),
    (inspection, "read_files", "decode and hash attachments"),
    (content, "examine", "text, secrecy"),
    (document_facts, "verify", "document signatures"),
    (sources, "compare_sources", "compare sources"),
    (harmful, "find_dangers", "dangers"),
)


class Clock:
    """Processor seconds by stage; what a stage spends in a stage inside it counts there."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inside = [0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.process_time()
        self._inside.append(0.0)
        try:
            yield
        finally:
            took = time.process_time() - started
            self.spent[name] = self.spent.get(name, 0.0) + took - self._inside.pop()
            self._inside[-1] += took

    @contextmanager
    def parts(self) -> Iterator[None]:
        """The stages of an inspection timed too, while this lasts."""
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in _PARTS]
        for (owner, name, function), (_, _, said) in zip(before, _PARTS, strict=True):
            setattr(owner, name, self._timed(function, f"inspect: {said}"))
        try:
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return function(*args, **kwargs)

        return timed


class Here:
    """Runs at once, in this process: for measuring what a worker would do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self._clock.stage("inspect: the rest"):
            return function(*args, **kwargs)

    def close(self) -> None:
        return None


def measure(setting: Setting) -> Iterator[Row]:
    """The whole path's processor time by stage, with person and agency signature and with one."""
    for signatures in (2, 1):
        spent = measure_stages(setting.folder / f"stages-{signatures}", signatures, 6 if setting.quick else 16)
        total = sum(spent.values())
        for name, seconds in spent.items():
            yield Row("stages", f"{name}, {signatures} signature(s)", "", f"{1e3 * seconds:.1f} ms", seconds / total)
        yield Row("stages", f"together, {signatures} signature(s)", "33 ms wanted", f"{1e3 * total:.1f} ms",
                  total / 0.0333, "<= 1.0", "one process, no door")  # fmt: skip


def measure_stages(folder: Path, signatures: int, count: int, profile: str = "") -> dict[str, float]:
    """Processor seconds a document by stage. ``profile`` names a stage (its first word) whose calls are printed."""
    keys = material.pki()
    mails = [material.mail(keys, n, 1_000_000, signatures=signatures) for n in range(1, count + 3)]
    app = material.station(folder, keys).app()
    try:
        clock = Clock()
        _run(app, mails[:2], clock)  # libraries are loaded, statements compiled
        clock.spent.clear()
        with clock.parts():
            _run(app, mails[2:], clock)
        if profile:
            _run(app, [material.mail(keys, 900 + n, 1_000_000, signatures=signatures) for n in range(count)],
                 clock, profile)  # fmt: skip
        return {name: seconds / count for name, seconds in clock.spent.items()}
    finally:
        app.close()


def _run(app: App, mails: list[bytes], clock: Clock, profile: str = "") -> None:
    here = Here(clock)
    app.sandbox = cast(Sandbox, here)
    profiler = cProfile.Profile(time.process_time)

    def stage(name: str, step: Callable[[], int]) -> int:
        with clock.stage(name):
            if not name.startswith(profile or "?"):
                return step()
            return profiler.runcall(step)

    asyncio.run(_hand_over(app, mails, clock))
    recorder, judge = Recorder(app, str(spool_folder(app))), Judge(app)
    stage("record: blob and row", recorder.step)
    done = 0
    while stage("judge: claim, conclude, register", judge.step):
        done += 1
    assert done == len(mails), f"{done} of {len(mails)} judged"
    sealed = stage("seal the receipt", lambda: seal_receipts(app))
    assert sealed == len(mails), f"{sealed} of {len(mails)} receipts"
    dispatcher = Dispatcher(app, AcceptsAll())
    while stage("send the receipt", lambda: asyncio.run(dispatcher.step())):
        pass
    stage("chain the journal", lambda: seal_all(app.database))
    stage("search index", lambda: index_step(app))
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(70)
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(260)


async def _hand_over(app: App, mails: list[bytes], clock: Clock) -> None:
    store = open_store(app)
    for raw in mails:
        envelope = Envelope(id=new_id(), sender=material.SENDER[2], recipients=(Recipient(material.RECEIVER[2]),),
                            received=now(), door="smtp")  # fmt: skip
        with clock.stage("intake journal"):
            writer = await store.begin(envelope)
            for start in range(0, len(raw), 1 << 18):
                await writer.write(raw[start : start + (1 << 18)])
            await writer.commit()
    await store.close()


def main(arguments: list[str]) -> None:
    logging.getLogger().setLevel(logging.ERROR)
    profile = arguments[arguments.index("--profile") + 1] if "--profile" in arguments else ""
    figures = [int(word) for word in arguments if word.isdigit()]
    with tempfile.TemporaryDirectory(prefix="stages-", dir=".") as name:
        spent = measure_stages(Path(name).resolve(), (figures or [2])[0], (figures[1:] or [10])[0], profile)
    for stage, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{stage:45s} {1e3 * seconds:8.1f} ms\n")
    sys.stdout.write(f"{'together':45s} {1e3 * sum(spent.values()):8.1f} ms\n")


if __name__ == "__main__":
    main(sys.argv[1:])
