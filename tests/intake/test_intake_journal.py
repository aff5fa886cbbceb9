"""The two stores: what is answered with 250 is found again, whatever is torn, full, broken or killed."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from congvan_core.errors import ConflictError, TemporaryError, UnreadableError
from congvan_core.ids import new_id
from congvan_gateway.intake.disk import Disk, is_held
from congvan_gateway.intake.filestore import FileStore
from congvan_gateway.intake.folder import IntakeRecord, journals, records
from congvan_gateway.intake.journal import JournalStore
from congvan_gateway.intake.record import INLINE, JOURNAL_START, encode_head
from congvan_gateway.intake.recovery import recover, retire
from congvan_mailbox.smtp.envelope import Envelope, Recipient, TlsFacts
from congvan_mailbox.smtp.store import Receipt

MOMENT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def envelope(**changes: Any) -> Envelope:
    known = {"id": new_id(), "sender": "a@x.test", "recipients": (Recipient("b@ours.test"),), "received": MOMENT}
    return Envelope(**{**known, **changes})  # type: ignore[arg-type]


def make(kind: str, folder: Path, **options: Any) -> Any:
    if kind == "files":
        return FileStore(str(folder), **options)
    return JournalStore(str(folder), inline=65_536, **options)


async def put(store: Any, body: bytes, cut: int = 30_000, one: Envelope | None = None) -> Receipt:
    writer = await store.begin(one or envelope())
    for start in range(0, len(body), cut):
        await writer.write(body[start : start + cut])
    receipt: Receipt = await writer.commit()
    return receipt


async def end(store: Any) -> None:
    if isinstance(store, JournalStore):
        await store.close()


def found(folder: Path, after: dict[str, int] | None = None) -> list[IntakeRecord]:
    return list(records(str(folder), after))


BODIES = [b"", b"x", b"Subject: 1\r\n\r\n" + b"y" * 5000, os.urandom(65_536), os.urandom(65_537), b"z" * 1_500_000]
kinds = pytest.mark.parametrize("kind", ["files", "journal"])


@kinds
async def test_what_is_kept_is_found(kind: str, tmp_path: Path) -> None:
    store = make(kind, tmp_path)
    receipts = [await put(store, body) for body in BODIES]
    for receipt, body in zip(receipts, BODIES, strict=True):
        assert (receipt.sha256, receipt.size) == (hashlib.sha256(body).hexdigest(), len(body))
    for _ in range(2):  # while the door lives, and after
        assert [one.read() for one in found(tmp_path)] == BODIES
        await end(store)
    assert [(one.journal, one.offset, one.sha256, one.size) for one in found(tmp_path)] == [
        (one.journal, one.offset, one.sha256, one.size) for one in receipts
    ]


@kinds
async def test_the_envelope_survives_with_every_fact(kind: str, tmp_path: Path) -> None:
    one = envelope(
        sender="",
        recipients=(Recipient("văn.thư@ours.test", "SUCCESS,Failure", "rfc822;B@x"), Recipient("b\udcff@ours.test")),
        peer_ip="2001:db8::1",
        peer_port=4321,
        helo="x.test",
        tls=TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256),
        auth="vt",
        body="8BITMIME",
        smtputf8=True,
        declared_size=7,
        ret="HDRS",
        envid="Ab+2B",
        extra={"mt_priority": "4"},
    )
    store = make(kind, tmp_path)
    await put(store, b"x", one=one)
    await end(store)
    assert found(tmp_path)[0].envelope == one


@kinds
async def test_abort_leaves_nothing(kind: str, tmp_path: Path) -> None:
    store = make(kind, tmp_path)
    for size in (10, 100_000, 1_000_000):
        writer = await store.begin(envelope())
        for _ in range(4):
            await writer.write(b"x" * (size // 4))
        await writer.abort()
        await writer.abort()
        with pytest.raises(TemporaryError):
            await writer.commit()
    await end(store)
    assert os.listdir(tmp_path) == []


async def test_sessions_share_syncs(tmp_path: Path) -> None:
    class Counting(Disk):
        syncs = 0

        def sync_data(self, fd: int) -> None:
            Counting.syncs += 1
            super().sync_data(fd)

    store = JournalStore(str(tmp_path), disk=Counting())
    receipts = await asyncio.gather(*(put(store, b"%d" % number) for number in range(200)))
    await store.close()
    assert len({(one.journal, one.offset) for one in receipts}) == 200
    assert sorted(one.read() for one in found(tmp_path)) == sorted(b"%d" % number for number in range(200))
    assert Counting.syncs < 100


async def test_positions_rotation_and_retirement(tmp_path: Path) -> None:
    store = JournalStore(str(tmp_path), rotate=4000)
    for number in range(20):
        await put(store, b"%d" % number * 400)
    names = journals(str(tmp_path))
    assert len(names) > 2
    every = found(tmp_path)
    middle = every[7]
    later = found(
        tmp_path, {name: 10**9 for name in names if name < middle.journal} | {middle.journal: middle.next_offset}
    )
    assert [one.read() for one in later] == [one.read() for one in every[8:]]
    ends = {one.journal: one.next_offset for one in every}
    with pytest.raises(ConflictError):
        retire(str(tmp_path), names[-1], ends[names[-1]])  # its door may still append
    with pytest.raises(ConflictError):
        retire(str(tmp_path), names[0], ends[names[0]] - 1)
    retire(str(tmp_path), names[0], ends[names[0]])
    retire(str(tmp_path), names[0], ends[names[0]])
    assert journals(str(tmp_path)) == names[1:]
    store.rotate()
    retire(str(tmp_path), names[-1], ends[names[-1]])
    await put(store, b"new")
    await store.close()
    assert found(tmp_path)[-1].read() == b"new"


async def test_memory_has_a_budget(tmp_path: Path) -> None:
    """When many mails wait in memory at once, the larger ones go to files of their own; nothing is counted twice."""
    store = JournalStore(str(tmp_path), inline=400_000, budget=1_000_000)
    writers = [await store.begin(envelope()) for _ in range(12)]
    for _ in range(3):
        for writer in writers:
            await writer.write(b"x" * 100_000)
    assert store.held <= 1_400_000
    await writers.pop().abort()
    await asyncio.gather(*(writer.commit() for writer in writers))
    await put(store, b"small")
    assert store.held == 0
    await store.close()
    every = found(tmp_path)
    assert 0 < sum(one.beside for one in every) < 11
    assert sorted(len(one.read()) for one in every) == [5, *[300_000] * 11]


async def test_retiring_takes_the_large_files_too(tmp_path: Path) -> None:
    for kind in ("files", "journal"):
        store = make(kind, tmp_path)
        await put(store, b"x" * 500_000)
        await end(store)
    for one in found(tmp_path):
        retire(str(tmp_path), one.journal, one.next_offset)
    assert os.listdir(tmp_path) == []


# --- torn, damaged, forged --------------------------------------------------------------------------------------------


class NeverSyncs(Disk):
    """Cuts without waiting for the medium, so that a thousand cases take a second."""

    def truncate(self, path: str, size: int) -> None:
        os.truncate(path, size)


async def test_a_tail_torn_at_every_byte_is_cut(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    store = JournalStore(str(folder))
    receipts = [await put(store, b"Subject: %d\r\n\r\nbody\r\n" % number) for number in range(3)]
    await store.close()
    (name,) = journals(str(folder))
    whole = (folder / name).read_bytes()
    ends = [*(one.offset for one in receipts), len(whole)]
    for cut in range(len(whole)):
        torn = tmp_path / "torn"
        torn.mkdir(exist_ok=True)
        for path in torn.iterdir():
            path.unlink()
        (torn / name).write_bytes(whole[:cut])
        expected = sum(1 for place in ends[1:] if place <= cut)
        assert len(found(torn)) == expected, cut
        recovery = recover(str(torn), disk=NeverSyncs())
        clean = cut in ends or cut == 0
        assert (name in recovery.cut) == (not clean), cut
        assert len(found(torn)) == expected
        assert os.path.getsize(torn / name) == (max(place for place in ends if place <= cut) if cut >= ends[0] else 0)
        assert recover(str(torn), disk=NeverSyncs()).cut == {}
        left = {path.suffix for path in torn.iterdir()}
        assert left == {".journal"} or any(".torn-" in str(path) for path in torn.iterdir())


async def test_damage_in_the_middle_loses_one_mail_and_is_told(tmp_path: Path) -> None:
    store = JournalStore(str(tmp_path))
    receipts = [await put(store, b"mail %d " % number * 100) for number in range(5)]
    await store.close()
    (name,) = journals(str(tmp_path))
    path = tmp_path / name
    whole = path.read_bytes()
    for place in range(receipts[2].offset, receipts[3].offset, 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert [one.read()[5:6] for one in found(tmp_path)] == [b"0", b"1", b"3", b"4"]
        recovery = recover(str(tmp_path))
        assert recovery.damaged == {name: receipts[2].offset}
        assert recovery.cut == {}
        with pytest.raises(ConflictError):
            retire(str(tmp_path), name, len(whole))


async def test_a_forged_record_in_a_mail_is_never_taken_for_one(tmp_path: Path) -> None:
    """A stranger mails the octets of a record; even when the mail around it is torn they stay his words."""
    forged = envelope(auth="root").to_json()
    for mark in (b"CVmail 1", b"\0" * 8):
        bait = encode_head(mark, INLINE, forged, 1, hashlib.sha256(b"x").digest()) + forged + b"x"
        store = JournalStore(str(tmp_path))
        await put(store, bait * 5)
        await store.close()
        name = journals(str(tmp_path))[-1]
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-3])
        assert found(tmp_path) == []
        assert recover(str(tmp_path)).cut == {name: JOURNAL_START}


async def test_a_changed_body_is_not_handed_out(tmp_path: Path) -> None:
    for kind in ("files", "journal"):
        store = make(kind, tmp_path)
        await put(store, b"x" * 200_000)
        await end(store)
    one, beside = found(tmp_path)
    with open(beside.body_path, "r+b") as file:
        file.write(b"y")
    with pytest.raises(UnreadableError):
        beside.read()
    os.unlink(beside.body_path)
    with pytest.raises(UnreadableError):
        beside.read()
    with open(one.body_path, "r+b") as file:
        file.seek(-1, 2)
        file.write(b"y")
    assert [one.beside for one in found(tmp_path)] == [True]


async def test_recovery_sweeps_only_what_nobody_was_promised(tmp_path: Path) -> None:
    journal, files = make("journal", tmp_path), make("files", tmp_path)
    kept = await put(journal, b"x" * 200_000)
    open_file, open_large = await files.begin(envelope()), await journal.begin(envelope())
    await open_file.write(b"x" * 300_000)
    for _ in range(2):
        await open_large.write(b"x" * 300_000)
    (tmp_path / "dead.part").write_bytes(b"x")
    (tmp_path / "old.body").write_bytes(b"x")
    (tmp_path / "young.body").write_bytes(b"x")
    os.utime(tmp_path / "old.body", (1, 1))
    for path in tmp_path.glob("*.body"):
        if path.name != "young.body" and not is_held(str(path)):
            os.utime(path, (1, 1))
    assert sorted(recover(str(tmp_path)).swept) == ["dead.part", "old.body"]
    assert (await open_file.commit()).size == 300_000
    assert (await open_large.commit()).size == 600_000
    await journal.close()
    assert next(one.sha256 for one in found(tmp_path) if one.journal == kept.journal) == kept.sha256
    assert len(found(tmp_path)) == 3


# --- the disk says no -------------------------------------------------------------------------------------------------


class Failing(Disk):
    """Fails the call named ``at`` for its ``times`` first uses, after ``after`` good ones."""

    def __init__(self, at: str, error: int = errno.ENOSPC, times: int = 1, after: int = 0) -> None:
        self.at, self.error, self.times, self.after = at, error, times, after
        self.synced: list[int] = []

    def _maybe(self, name: str) -> None:
        if name == self.at:
            self.after -= 1
            if self.after < 0 and self.times > 0:
                self.times -= 1
                raise OSError(self.error, os.strerror(self.error))

    def create(self, path: str) -> int:
        self._maybe("create")
        return super().create(path)

    def write(self, fd: int, parts: Sequence[bytes]) -> int:
        if self.at == "write":
            half = b"".join(parts)[: max(1, sum(map(len, parts)) // 2)]
            try:
                self._maybe("write")
            except OSError:
                super().write(fd, [half])  # a part is on disk already
                raise
        return super().write(fd, parts)

    def sync(self, fd: int) -> None:
        self._maybe("sync")
        super().sync(fd)

    def sync_data(self, fd: int) -> None:
        self._maybe("sync_data")
        self.synced.append(fd)
        super().sync_data(fd)

    def sync_folder(self, path: str) -> None:
        self._maybe("sync_folder")
        super().sync_folder(path)

    def rename(self, old: str, new: str) -> None:
        self._maybe("rename")
        super().rename(old, new)

    def truncate(self, path: str, size: int) -> None:
        self._maybe("truncate")
        super().truncate(path, size)


@kinds
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("at", ["create", "write", "sync", "sync_data", "sync_folder", "rename"])
@pytest.mark.parametrize("size", [100, 1_000_000])
async def test_a_disk_that_refuses_is_temporary_and_mends(
    kind: str, at: str, error: int, size: int, tmp_path: Path
) -> None:
    disk = Failing(at, error)
    store = make(kind, tmp_path, disk=disk)
    answers: list[str] = []
    for _ in range(3):
        writer = None
        try:
            writer = await store.begin(envelope())
            for _ in range(4):
                await writer.write(b"x" * (size // 4))
            await writer.commit()
            answers.append("250")
        except TemporaryError as refusal:
            answers.append("451")
            assert refusal.details["errno"] == error
            if writer is not None:
                await writer.abort()
    await end(store)
    recover(str(tmp_path))
    used = disk.times == 0
    assert answers == (["451", "250", "250"] if used else ["250"] * 3)
    kept = len(found(tmp_path))
    # A file whose folder sync failed has its name already: it may stay, and its mail come twice. Never fewer than 250s.
    assert kept == 3 if (kind, at, used) == ("files", "sync_folder", True) else kept == answers.count("250")
    assert all(one.size == size and one.read() for one in found(tmp_path))


async def test_a_failed_sync_ends_the_journal(tmp_path: Path) -> None:
    """Also where the failed journal cannot even be cut: never a second sync on it, never a lost 250."""
    for truncate in (0, 1):
        disk = Failing("sync_data", errno.EIO, after=2)
        if truncate:
            disk.truncate = lambda path, size: (_ for _ in ()).throw(OSError(errno.EIO, "x"))  # type: ignore
        folder = tmp_path / str(truncate)
        folder.mkdir()
        store = JournalStore(str(folder), disk=disk)
        good = [await put(store, b"1"), await put(store, b"2")]
        with pytest.raises(TemporaryError):
            await put(store, b"3")
        good.append(await put(store, b"4"))
        await store.close()
        assert good[0].journal == good[1].journal != good[2].journal
        bodies = [one.read() for one in found(folder)]
        assert bodies == ([b"1", b"2", b"3", b"4"] if truncate else [b"1", b"2", b"4"])


async def test_all_who_share_a_failed_sync_are_told(tmp_path: Path) -> None:
    store = JournalStore(str(tmp_path), disk=Failing("sync_data", errno.EIO))
    answers = await asyncio.gather(*(put(store, b"%d" % number) for number in range(20)), return_exceptions=True)
    again = await asyncio.gather(*(put(store, b"%d" % number) for number in range(20)))
    await store.close()
    good = [one for one in [*answers, *again] if isinstance(one, Receipt)]
    assert any(isinstance(one, TemporaryError) for one in answers)
    kept = {(one.journal, one.offset): one.sha256 for one in found(tmp_path)}
    assert all(kept[one.journal, one.offset] == one.sha256 for one in good)
    assert len(kept) == len(good)


async def test_a_surprise_in_the_writer_is_temporary(tmp_path: Path) -> None:
    class Buggy(Disk):
        left = 1

        def write(self, fd: int, parts: Sequence[bytes]) -> int:
            if self.left:
                self.left = 0
                raise MemoryError
            return super().write(fd, parts)

    store = JournalStore(str(tmp_path), disk=Buggy())
    with pytest.raises(TemporaryError):
        await put(store, b"1")
    await put(store, b"2")
    await store.close()
    assert [one.read() for one in found(tmp_path)] == [b"2"]
    with pytest.raises(TemporaryError):
        await store.begin(envelope())


@kinds
async def test_sessions_cancelled_at_any_moment_harm_nobody(kind: str, tmp_path: Path) -> None:
    rng = random.Random(7)
    store = make(kind, tmp_path)
    good: list[Receipt] = []

    async def session() -> None:
        writer = await store.begin(envelope())
        try:
            for _ in range(rng.randrange(1, 6)):
                await writer.write(os.urandom(rng.choice([10, 70_000, 300_000])))
            good.append(await writer.commit())
        finally:
            await writer.abort()

    tasks = [asyncio.create_task(session()) for _ in range(40)]
    for task in tasks[::2]:
        await asyncio.sleep(rng.random() * 0.01)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await end(store)
    kept = {(one.journal, one.offset): one for one in found(tmp_path)}
    assert len(good) >= 20
    for receipt in good:
        assert hashlib.sha256(kept[receipt.journal, receipt.offset].read()).hexdigest() == receipt.sha256
    assert all(one.read() is not None for one in kept.values())


# --- any mails in any pieces ------------------------------------------------------------------------------------------

pieces = st.lists(st.binary(max_size=400), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mails=st.lists(pieces, min_size=1, max_size=8), inline=st.integers(0, 600), rotate=st.integers(1, 3000))
def test_any_mails_in_any_pieces(
    mails: list[list[bytes]], inline: int, rotate: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")

    async def run() -> None:
        store = JournalStore(str(folder), inline=inline, rotate=rotate)
        for mail in mails:
            writer = await store.begin(envelope())
            for piece in mail:
                await writer.write(piece)
            await writer.commit()
        await store.close()

    asyncio.run(run())
    assert [one.read() for one in found(folder)] == [b"".join(mail) for mail in mails]
    assert recover(str(folder)).cut == {}
    for one in found(folder):
        assert one.beside == (one.size > inline)
    ends = {one.journal: one.next_offset for one in found(folder)}
    for name, place in ends.items():
        retire(str(folder), name, place)
    assert os.listdir(folder) == []
