"""Backup of a whole installation, restoring onto an empty folder, and the proof that a backup can be restored."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, inspect, select, text

from congvan_core.errors import ConfigurationError, ConflictError, InputError, UnreadableError
from congvan_core.journal.proof_check import check_proof
from congvan_core.journal.sealing import head
from congvan_core.journal.verifying import verify_all
from congvan_core.storage import backup
from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.database import Database
from congvan_core.storage.schema import event
from congvan_gateway.main import App
from congvan_gateway.operations.head_proof import sign_with_key
from congvan_gateway.storage.migrate import all_tables, current, upgrade, upgrade_to

_STORAGE = {"database": "sqlite:///var/congvan.sqlite3", "blobs": "var/blobs", "spool": "var/intake"}


@dataclass(slots=True)
class Restored:
    """What was restored. ``faults`` is empty where rows, journal and every blob are what the backup says."""

    manifest: backup.Manifest
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": not self.faults,
            "made_at": self.manifest.made_at,
            "rows": sum(self.manifest.tables.values()),
            "tables": self.manifest.tables,
            "blobs": self.manifest.blobs,
            "bytes": self.manifest.bytes,
            "faults": self.faults,
            "notes": self.notes,
        }


def create_backup(app: App, target: Path, *, with_keys: bool = False, previous: Path | None = None) -> backup.Manifest:
    """Write the backup while everything runs. Keys go along only where asked for: the folder is then as secret.

    Raises ConflictError where ``target`` exists, InputError for a folder that is not there.
    """
    settings = app.settings
    config = settings.base / "congvan.toml"
    files: dict[str, bytes] = {"congvan.toml": config.read_bytes()} if config.is_file() else {}
    if app.trust_folder.is_dir():
        for path in sorted(app.trust_folder.iterdir()):
            if path.is_file():
                files[f"trust/{path.name}"] = path.read_bytes()
    if with_keys:
        for name in (settings.keys.gateway, settings.keys.gateway_certificate, settings.keys.password_file):
            if name:
                files[f"keys/{Path(name).name}"] = settings.path(name).read_bytes()
    return backup.create(
        target,
        app.database,
        all_tables(),
        app.blobs,
        at=app.clock(),
        revision=current(app.database),
        before={"spool": settings.path(settings.storage.spool)},
        settings=files,
        previous=previous,
        seal=(lambda data: sign_with_key(app, data)) if app.has_key else None,
        heads=_heads,
    )


def _heads(connection: Connection) -> dict[str, list[Any]]:
    agencies = sorted(connection.execute(select(event.c.agency_id).distinct()).scalars())
    return {agency: [at.index, at.hash] for agency in agencies if (at := head(connection, agency)).index}


def verify_backup(folder: Path, *, now: datetime) -> Restored:
    """Restore into a temporary folder, check everything, and throw the copy away. Nothing else is touched."""
    manifest = backup.Manifest.read(folder)
    faults = _file_faults(folder, manifest)
    done = Restored(manifest, faults)
    with tempfile.TemporaryDirectory(prefix="congvan-restore-") as scratch:
        database = Database(f"sqlite:///{scratch}/congvan.sqlite3")
        try:
            _fill(database, folder, manifest)
            done.faults += _row_faults(database, folder / "blobs", manifest, now)
        except (UnreadableError, ValueError, KeyError, OSError) as error:
            done.faults.append(str(error) or type(error).__name__)
        finally:
            database.close()
    if manifest.missing:
        done.notes.append(f"{len(manifest.missing)} nội dung đã bị hủy trước khi sao lưu xong")
    return done


def _file_faults(folder: Path, manifest: backup.Manifest) -> list[str]:
    faults = backup.check_files(folder, manifest)
    seal = folder / backup.SEAL
    if seal.is_file() and not check_proof((folder / backup.MANIFEST).read_bytes(), seal.read_bytes(), "signature"):
        faults.append("chữ ký trên bản kê không hợp lệ")
    return faults


def restore_backup(folder: Path, target: Path, *, now: datetime, database_url: str | None = None) -> Restored:
    """Restore onto ``target``, which must be empty or absent: a data folder ready for ``congvan serve``.

    Without ``database_url`` the rows go into an SQLite file inside; with one, into that database, which must be empty.
    A faulty backup restores nothing. Raises ConflictError, InputError, UnreadableError.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConflictError(f"{target} không trống; chỉ phục hồi vào thư mục trống để không ghi đè dữ liệu đang có.")
    if not target.parent.is_dir():
        raise InputError(f"Không có thư mục {target.parent}")
    manifest = backup.Manifest.read(folder)
    faults = _file_faults(folder, manifest)
    if faults:
        raise UnreadableError(f"Bản sao lưu hỏng, không phục hồi: {'; '.join(faults[:5])}")
    work = target.with_name(f".{target.name}.{secrets.token_hex(6)}.phuc-hoi")
    work.mkdir(mode=0o700)
    done = Restored(manifest)
    try:
        blobs = BlobStore(work / _STORAGE["blobs"])
        for path in sorted((folder / "blobs").rglob("*")) if (folder / "blobs").is_dir() else ():
            if path.is_file():
                blobs.put_path(path)
        shutil.copytree(folder / "spool", work / _STORAGE["spool"])
        _settings(folder, work, database_url, done)
        url = database_url or f"sqlite:///{work / 'var' / 'congvan.sqlite3'}"
        database = Database(url)
        try:
            _fill(database, folder, manifest)
            done.faults = _row_faults(database, blobs.root, manifest, now)
        finally:
            database.close()
        if done.faults:
            raise UnreadableError(f"Phục hồi xong nhưng dữ liệu không khớp: {'; '.join(done.faults[:5])}")
        backup.settle(work)
        os.rename(work, target)  # onto an empty folder or nothing; anything else refuses
    except OSError as error:
        raise InputError(f"Không phục hồi được vào {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done


def _settings(folder: Path, work: Path, database_url: str | None, done: Restored) -> None:
    """Settings with the storage inside the restored folder; trust as it was; keys where the backup has them."""
    given = folder / "congvan.toml"
    if given.is_file():
        values = {**_STORAGE, **({"database": database_url} if database_url else {})}
        section, lines = "", []
        for line in given.read_text(encoding="utf-8").splitlines():
            match = re.match(r"\s*\[+([\w.]+)\]+", line)
            section = match[1] if match else section
            key = re.match(r"\s*(\w+)\s*=", line)
            if section == "storage" and key and key[1] in values:
                line = f'{key[1]} = "{values[key[1]]}"'
            elif section == "keys" and key and (name := re.search(r'"([^"]+)"', line)):
                line = f'{key[1]} = "{Path(name[1]).name}"'
            lines.append(line)
        (work / "congvan.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if (folder / "trust").is_dir():
        shutil.copytree(folder / "trust", work / "trust")
    if (folder / "keys").is_dir():
        for path in (folder / "keys").iterdir():
            shutil.copyfile(path, work / path.name)
            os.chmod(work / path.name, 0o600)
    else:
        done.notes.append("Bản sao lưu không có khóa của cổng văn bản: hãy chép khóa vào thư mục dữ liệu.")


def _fill(database: Database, folder: Path, manifest: backup.Manifest) -> None:
    with database.engine.connect() as connection:
        there = inspect(connection).get_table_names()
    if there:
        raise ConflictError("Cơ sở dữ liệu đích không trống; chỉ phục hồi vào cơ sở dữ liệu trống.")
    if manifest.revision is None:
        raise ConfigurationError("Bản sao lưu không ghi phiên bản cơ sở dữ liệu.")
    upgrade_to(database, manifest.revision)
    with database.write() as connection:
        backup.load_rows(folder, manifest, connection, all_tables())
        if database.is_postgresql:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('event', 'id'), GREATEST((SELECT max(id) FROM event), 1))")
            )
    upgrade(database)


def _row_faults(database: Database, blobs: Path, manifest: backup.Manifest, now: datetime) -> list[str]:
    """Rows as the backup counted them, the journal whole and at the same heads, every named blob there."""
    faults = []
    tables = all_tables().tables
    with database.read() as connection:
        for name, expected in manifest.tables.items():
            found = connection.execute(select(func.count()).select_from(tables[name])).scalar_one()
            if found != expected:
                faults.append(f"bảng {name} có {found} dòng thay vì {expected}")
        for result in verify_all(connection, now=now, check_proof=check_proof):
            # What waited for the sealer at the instant of the backup still waits: no fault of the journal.
            if not result.intact and (result.fault is None or result.fault.value != "unsealed"):
                faults.append(result.sentence)
        if _heads(connection) != manifest.heads:
            faults.append("đầu nhật ký không như khi sao lưu")
        gone = set(manifest.missing)
        for (digest,) in connection.execute(select(tables["blob"].c.sha256)):
            if digest not in gone and not (blobs / digest[:2] / digest[2:4] / digest).is_file():
                faults.append(f"thiếu nội dung {digest}")
    return faults
