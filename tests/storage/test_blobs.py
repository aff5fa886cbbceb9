"""The blob store: durable, idempotent, never silently wrong.

Quy chế Điều 20.3.a.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from congvan_core.errors import InputError, NotFoundError, UnreadableError
from congvan_core.storage.blobs import BlobStore, forget, record, recorded
from congvan_core.storage.schema import blob
from support_databases import sqlite_database

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "data" / "blobs")


@given(chunks=st.lists(st.binary(max_size=2000), max_size=8))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_goes_in_comes_out(store: BlobStore, chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    streamed = store.put_stream(iter(chunks))
    assert streamed == store.put_bytes(whole)
    assert streamed.sha256 == hashlib.sha256(whole).hexdigest()
    assert streamed.size == len(whole) == store.size(streamed.sha256)
    assert store.read(streamed.sha256) == whole
    assert b"".join(store.stream(streamed.sha256)) == whole
    with store.open(streamed.sha256) as file:
        assert file.read() == whole


def test_put_path_and_missing_path(store: BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "văn bản.pdf"
    source.write_bytes(b"x" * 700_000)
    stored = store.put_path(source)
    assert stored.size == 700_000
    assert store.read(stored.sha256) == source.read_bytes()
    with pytest.raises(NotFoundError, match="không có"):
        store.put_path(tmp_path / "không có")


def test_damage_is_a_clear_error_and_putting_again_mends_it(store: BlobStore) -> None:
    stored = store.put_bytes(b"quyet dinh")
    path = store.path(stored.sha256)
    path.chmod(0o600)
    path.write_bytes(b"quyet dinX")
    for read in (store.read, store.open, lambda digest: list(store.stream(digest))):
        with pytest.raises(UnreadableError, match="đã bị hỏng"):
            read(stored.sha256)
    store.put_bytes(b"quyet dinh")
    assert store.read(stored.sha256) == b"quyet dinh"


def test_unknown_and_malformed_digests(store: BlobStore) -> None:
    digest = "0" * 64
    assert not store.exists(digest)
    assert not store.delete(digest)
    for ask in (store.read, store.open, store.size):
        with pytest.raises(NotFoundError):
            ask(digest)
    for bad in ("../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", ""):
        with pytest.raises(InputError):
            store.read(bad)


def test_a_broken_put_leaves_nothing(store: BlobStore) -> None:
    def chunks():  # type: ignore[no-untyped-def]
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.put_stream(chunks())
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_destruction_is_final(store: BlobStore) -> None:
    stored = store.put_bytes(b"secret")
    assert store.delete(stored.sha256)
    assert not store.exists(stored.sha256)


def test_the_sweep_takes_only_old_unnamed_blobs_and_abandoned_halves(store: BlobStore, tmp_path: Path) -> None:
    named, old, young = (store.put_bytes(text) for text in (b"named", b"old", b"young"))
    half = store.root / "incoming" / "half"
    half.write_bytes(b"h")
    age = (NOW - timedelta(days=2)).timestamp()
    for path in (store.path(named.sha256), store.path(old.sha256), half):
        os.utime(path, (age, age))
    fresh = NOW.timestamp()
    os.utime(store.path(young.sha256), (fresh, fresh))
    with sqlite_database(tmp_path) as database, database.write() as connection:
        record(connection, named.sha256, named.size, NOW)
        record(connection, named.sha256, named.size, NOW)  # idempotent
        assert connection.execute(blob.select()).all() == [(named.sha256, 5, NOW)]
        removed = store.sweep(lambda digests: recorded(connection, digests), now=NOW)
        assert removed == [old.sha256]
        assert not half.exists()
        assert sorted(store.digests()) == sorted([named.sha256, young.sha256])
        forget(connection, named.sha256)
        assert store.sweep(lambda digests: recorded(connection, digests), now=NOW) == [named.sha256]


def test_a_blob_put_again_during_the_sweep_survives(store: BlobStore) -> None:
    """Its row is not committed yet, but its put was answered: it must stay."""
    stored = store.put_bytes(b"again")
    age = (NOW - timedelta(days=2)).timestamp()
    os.utime(store.path(stored.sha256), (age, age))

    def asked(_digests: object) -> set[str]:
        store.put_bytes(b"again")  # makes it young between the question and the removal
        return set()

    assert store.sweep(asked, now=NOW) == []
    assert store.read(stored.sha256) == b"again"
