"""The blob store on S3 (moto's server): the folder's promises, test for test."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from moto.server import ThreadedMotoServer

from congvan_core.errors import InputError, NotFoundError, TemporaryError, UnreadableError
from congvan_core.storage.blobs import Blobs, BlobStore
from congvan_core.storage.blobs_s3 import S3BlobStore

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3BlobStore]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    wire = http.client.HTTPConnection("127.0.0.1", port)
    wire.request("PUT", "/vanban")
    wire.getresponse().read()
    wire.close()
    yield S3BlobStore.connect(
        "vanban",
        endpoint=f"http://127.0.0.1:{port}",
        access_key_id="x",
        secret_access_key="y",
        allow_http=True,
    )
    server.stop()


def test_both_stores_keep_the_same_promises(s3: S3BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "tệp"
    source.write_bytes(b"z" * 300_000)
    stores: list[Blobs] = [s3, BlobStore(tmp_path / "blobs")]
    for store in stores:
        stored = store.put_stream([b"a" * 100_000, b"b"])
        assert stored.sha256 == hashlib.sha256(b"a" * 100_000 + b"b").hexdigest()
        assert store.put_bytes(b"a" * 100_000 + b"b") == stored
        assert store.size(stored.sha256) == stored.size == 100_001
        assert store.read(stored.sha256) == b"".join(store.stream(stored.sha256)) == b"a" * 100_000 + b"b"
        assert store.put_path(source).size == 300_000
        assert store.exists(stored.sha256)
        assert store.delete(stored.sha256) and not store.delete(stored.sha256)
        assert not store.exists(stored.sha256)
        for ask in (store.read, store.size, lambda digest, store=store: list(store.stream(digest))):
            with pytest.raises(NotFoundError):
                ask(stored.sha256)
        with pytest.raises(InputError):
            store.read("../x")
        with pytest.raises(NotFoundError):
            store.put_path(tmp_path / "không có")


def test_damage_on_s3_is_a_clear_error(s3: S3BlobStore) -> None:
    stored = s3.put_bytes(b"nguyen ban")
    obstore.put(s3._store, f"blobs/{stored.sha256[:2]}/{stored.sha256[2:4]}/{stored.sha256}", b"bi sua")
    for read in (s3.read, lambda digest: list(s3.stream(digest))):
        with pytest.raises(UnreadableError, match="đã bị hỏng"):
            read(stored.sha256)
    s3.put_bytes(b"nguyen ban")
    assert s3.read(stored.sha256) == b"nguyen ban"


def test_the_sweep_on_s3(s3: S3BlobStore) -> None:
    named, unnamed = s3.put_bytes(b"named"), s3.put_bytes(b"unnamed")
    assert s3.sweep(lambda _digests: set(), now=NOW) == []  # nothing is old yet
    later = datetime.now(UTC) + timedelta(days=2)
    removed = s3.sweep(lambda _digests: {named.sha256}, now=later)
    assert unnamed.sha256 in removed and named.sha256 not in removed
    assert s3.exists(named.sha256)


def test_a_service_that_is_away_is_a_temporary_error() -> None:
    away = S3BlobStore(
        obstore.store.S3Store(
            "vanban",
            endpoint="http://127.0.0.1:9",
            region="us-east-1",
            access_key_id="x",
            secret_access_key="y",
            client_options={"allow_http": True, "timeout": "1s"},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
            virtual_hosted_style_request=False,
        )
    )
    with pytest.raises(TemporaryError, match="không trả lời"):
        away.put_bytes(b"x")
