"""A backup: one folder with every row of one instant, every blob those rows name, and what else the caller gives.

Rows are written as JSON lines, so that a backup of SQLite is restored onto PostgreSQL and the other way round. The
folder appears whole under its name or not at all. Điều 21.2: verified by restoring, not by looking at it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from sqlalchemy import Connection, Date, LargeBinary, MetaData, Table, select

from congvan_core.errors import ConflictError, InputError, NotFoundError, UnreadableError
from congvan_core.ids import iso_vn
from congvan_core.storage.database import Database
from congvan_core.storage.schema import blob
from congvan_core.storage.types import Instant

FORMAT = "congvan-backup:1"
MANIFEST = "backup.json"
SEAL = "backup.json.p7s"
_CHUNK = 1 << 20
_HALF = ".dang-lam"
_FEW = 2000


class BlobSource(Protocol):
    """What a backup needs of a blob store: checked chunks by digest."""

    def stream(self, sha256: str) -> Iterator[bytes]: ...


@dataclass(slots=True)
class Manifest:
    """What a backup says of itself. ``files`` are digests by path (tables, settings, spool); ``missing`` are blobs
    that rows named and the store no longer had."""

    made_at: str
    revision: str | None
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    blobs: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    heads: dict[str, list[Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **{name: getattr(self, name) for name in self.__dataclass_fields__}}

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Raises UnreadableError for a folder that is no backup of this form."""
        try:
            data = json.loads((folder / MANIFEST).read_bytes())
            if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
                raise ValueError
            return cls(**data)
        except (OSError, ValueError, TypeError) as error:
            raise UnreadableError(
                f"{folder} không phải bản sao lưu của Công Văn (thiếu hoặc hỏng {MANIFEST})."
            ) from error


def create(
    target: Path,
    database: Database,
    metadata: MetaData,
    blobs: BlobSource,
    *,
    at: datetime,
    revision: str | None,
    before: Mapping[str, Path] | None = None,
    settings: Mapping[str, bytes] | None = None,
    previous: Path | None = None,
    seal: Callable[[bytes], bytes] | None = None,
    heads: Callable[[Connection], dict[str, list[Any]]] | None = None,
) -> Manifest:
    """Write the backup folder ``target`` while the program runs. Raises ConflictError where it exists.

    ``before`` are folders copied before the rows are read (mail that is not in the database yet: what is recorded
    meanwhile is then there twice, and counts once). ``previous`` is an earlier backup on the same file system, whose
    blobs are linked instead of copied. ``heads`` reads the journal's heads in the same snapshot.
    """
    if target.exists():
        raise ConflictError(f"{target} đã có; mỗi bản sao lưu là một thư mục mới.")
    if not target.parent.is_dir():
        raise InputError(f"Không có thư mục {target.parent}")
    _sweep(target)
    work = target.with_name(f".{target.name}.{os.getpid()}{_HALF}")
    work.mkdir(mode=0o700)
    try:
        manifest = Manifest(iso_vn(at) or "", revision)
        for name, folder in (before or {}).items():
            _copy_folder(folder, work / name, manifest)
        (work / "tables").mkdir()
        # One transaction: on SQLite a WAL snapshot, on PostgreSQL repeatable read; writers go on.
        with database.engine.connect().execution_options(**_snapshot(database)) as connection, connection.begin():
            for table in metadata.sorted_tables:
                _write_table(connection, table, work, manifest)
            if heads is not None:
                manifest.heads = heads(connection)
            for digest, size in connection.execute(select(blob.c.sha256, blob.c.size).order_by(blob.c.sha256)):
                _copy_blob(blobs, digest, int(size), work, previous, manifest)
        for name, data in (settings or {}).items():
            _put(work, name, data, manifest)
        raw = (json.dumps(manifest.to_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
        (work / MANIFEST).write_bytes(raw)
        if seal is not None:
            (work / SEAL).write_bytes(seal(raw))
        settle(work)
        os.rename(work, target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return manifest


def settle(folder: Path) -> None:
    """Everything below ``folder`` durable: file by file where they are few, the whole system's at once where many."""
    every = list(folder.rglob("*"))
    if len(every) > _FEW:
        os.sync()
        return
    for path in (*every, folder):
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _snapshot(database: Database) -> dict[str, Any]:
    if database.is_postgresql:
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {"read_only": True}


def _sweep(target: Path) -> None:
    """Remove halves that a killed run left; a run that still lives is left alone."""
    for half in target.parent.glob(f".{target.name}.*{_HALF}"):
        number = half.name[len(target.name) + 2 : -len(_HALF)]
        if number.isdigit() and not _alive(int(number)):
            shutil.rmtree(half, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _put(work: Path, name: str, data: bytes, manifest: Manifest) -> None:
    path = work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    manifest.files[name] = hashlib.sha256(data).hexdigest()


def _copy_folder(source: Path, target: Path, manifest: Manifest) -> None:
    """Files that vanish meanwhile are in the database by then; growing ones are copied as far as they are."""
    target.mkdir()
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        relative = path.relative_to(source)
        with suppress(FileNotFoundError):
            if path.is_file():
                (target / relative).parent.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with path.open("rb") as old, (target / relative).open("wb") as new:
                    while chunk := old.read(_CHUNK):
                        digest.update(chunk)
                        new.write(chunk)
                manifest.files[f"{target.name}/{relative.as_posix()}"] = digest.hexdigest()


def _write_table(connection: Connection, table: Table, work: Path, manifest: Manifest) -> None:
    name = f"tables/{table.name}.jsonl"
    columns = list(table.columns)
    digest, rows = hashlib.sha256(), 0
    with (work / name).open("wb") as file:
        line = (json.dumps([column.name for column in columns]) + "\n").encode()
        digest.update(line)
        file.write(line)
        found = connection.execution_options(stream_results=True, yield_per=1000).execute(
            select(table).order_by(*table.primary_key.columns)
        )
        for row in found:
            line = (
                json.dumps([_plain(value) for value in row], ensure_ascii=False, separators=(",", ":")) + "\n"
            ).encode()
            digest.update(line)
            file.write(line)
            rows += 1
    manifest.tables[table.name] = rows
    manifest.files[name] = digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def blob_path(folder: Path, digest: str) -> Path:
    """Where a blob lies in a backup."""
    return folder / "blobs" / digest[:2] / digest[2:4] / digest


def _copy_blob(
    blobs: BlobSource, digest: str, size: int, work: Path, previous: Path | None, manifest: Manifest
) -> None:
    path = blob_path(work, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    there = blob_path(previous, digest) if previous else None
    if there is not None and there.is_file() and there.stat().st_size == size:
        with suppress(OSError):
            os.link(there, path)
    if not path.exists():
        try:
            with path.open("wb") as file:
                for chunk in blobs.stream(digest):
                    file.write(chunk)
        except NotFoundError:
            path.unlink()
            manifest.missing.append(digest)
            return
    manifest.blobs += 1
    manifest.bytes += size


def check_files(folder: Path, manifest: Manifest) -> list[str]:
    """What of the backup's own files and blobs is missing or damaged; every byte is read."""
    faults = []
    for name, expected in sorted(manifest.files.items()):
        path = folder / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            faults.append(f"tên tệp không hợp lệ: {name}")
        elif not path.is_file():
            faults.append(f"thiếu tệp {name}")
        elif _digest(path) != expected:
            faults.append(f"tệp {name} đã bị thay đổi")
    count = 0
    for path in sorted((folder / "blobs").rglob("*")) if (folder / "blobs").is_dir() else ():
        if path.is_file():
            count += 1
            if _digest(path) != path.name:
                faults.append(f"nội dung {path.name} đã bị thay đổi")
    if count != manifest.blobs:
        faults.append(f"kho tệp có {count} nội dung, bản kê ghi {manifest.blobs}")
    return faults


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_rows(folder: Path, manifest: Manifest, connection: Connection, metadata: MetaData) -> None:
    """Insert every row into tables that exist and are empty, within the caller's transaction.

    Raises UnreadableError where the file does not hold what the manifest says.
    """
    known = {table.name: table for table in metadata.sorted_tables}
    strange = sorted(set(manifest.tables) - set(known))
    if strange:
        raise UnreadableError(f"Bản sao lưu có bảng lạ với chương trình này: {', '.join(strange)}")
    for name in known:
        if name in manifest.tables:
            with (folder / "tables" / f"{name}.jsonl").open("rb") as file:
                _load(file, known[name], manifest.tables[name], connection)


def _load(file: BinaryIO, table: Table, expected: int, connection: Connection) -> None:
    columns = [table.columns[name] for name in json.loads(file.readline())]
    readers = [_reader(column.type) for column in columns]
    batch: list[dict[str, Any]] = []
    rows = 0
    for line in file:
        values = json.loads(line)
        batch.append({c.name: read(v) for c, read, v in zip(columns, readers, values, strict=True)})
        rows += 1
        if len(batch) == 500:
            connection.execute(table.insert(), batch)
            batch = []
    if batch:
        connection.execute(table.insert(), batch)
    if rows != expected:
        raise UnreadableError(f"Bảng {table.name} có {rows} dòng, bản kê ghi {expected}")


def _reader(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, Instant):
        return lambda value: None if value is None else datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return lambda value: None if value is None else date.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return lambda value: None if value is None else bytes.fromhex(value)
    return lambda value: value
