"""The loop that empties the intake folder into the database and retires what is done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from congvan_core.errors import ConflictError, UnreadableError
from congvan_gateway.intake.folder import IntakeRecord, journal_records, journals
from congvan_gateway.intake.recording import insert_records, is_stored, store_octets
from congvan_gateway.intake.recovery import retire
from congvan_gateway.main import App

log = structlog.get_logger("congvan")

#: Records made into rows before other work gets its turn; so many, or so many octets, share one transaction.
_BATCH = 64
_TOGETHER, _OCTETS = 16, 8 << 20


class Recorder:
    """Remembers its place in each journal; after a restart it starts over, and rows that exist are left alone."""

    def __init__(self, app: App, folder: str, *, on_row: Callable[[], None] = lambda: None) -> None:
        self._app = app
        self._folder = folder
        self._places: dict[str, int] = {}
        self._damaged: set[tuple[str, int]] = set()
        #: Journals of an earlier life: most of their records have rows, and their octets are not written again.
        self._from_before = frozenset(journals(folder))
        self._on_row = on_row

    def step(self) -> int:
        """Store a batch of records; returns how many were looked at."""
        done = 0
        names = journals(self._folder)
        for name in names:
            for batch in _batches(journal_records(self._folder, name, self._places.get(name, 0), check_bodies=False)):
                self._store(batch)
                self._places[name] = batch[-1].next_offset
                done += len(batch)
                if done >= _BATCH:
                    return done
            self._retire(name)
        gone = self._places.keys() - set(names)
        for name in gone:
            del self._places[name]
        return done

    def _store(self, batch: Sequence[IntakeRecord]) -> None:
        whole = [record for record in batch if self._octets(record)]
        if whole and insert_records(self._app, whole):
            self._on_row()

    def _octets(self, record: IntakeRecord) -> bool:
        """Whether the record's octets are in the store and it has no row yet."""
        try:
            if record.journal in self._from_before and is_stored(self._app, record):
                return False
            store_octets(self._app, record)
        except UnreadableError as error:
            if not os.path.exists(os.path.join(self._folder, record.journal)):
                return False  # another process stored all of it and retired the journal meanwhile
            # The journal stays on disk for a person; the records behind it go on.
            if (record.journal, record.offset) not in self._damaged:
                self._damaged.add((record.journal, record.offset))
                log.error("intake.damaged", journal=record.journal, offset=record.offset, error=error.message)
            return False
        return True

    def _retire(self, name: str) -> None:
        if any(journal == name for journal, _ in self._damaged):
            return
        place = self._places.get(name)
        if place is None or not self._whole(name, place):
            return
        with contextlib.suppress(ConflictError):
            retire(self._folder, name, place)
            self._places.pop(name, None)

    def _whole(self, name: str, place: int) -> bool:
        try:
            return os.path.getsize(os.path.join(self._folder, name)) == place
        except OSError:
            return False


def _batches(records: Iterable[IntakeRecord]) -> Iterator[list[IntakeRecord]]:
    """As many as share one transaction: what came first waits for no large mail behind it."""
    batch: list[IntakeRecord] = []
    octets = 0
    for record in records:
        if batch and octets + record.size > _OCTETS:
            yield batch
            batch, octets = [], 0
        batch.append(record)
        octets += record.size
        if len(batch) == _TOGETHER:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch
