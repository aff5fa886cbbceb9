"""Backups: taken while people write, restored onto nothing but emptiness, whole or not there at all.

Quy chế Điều 21.2.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from congvan_core.errors import ConflictError, InputError, UnreadableError
from congvan_core.ids import now
from congvan_core.journal.writing import append
from congvan_core.registers.registering import register
from congvan_core.storage.blobs import record
from congvan_core.storage.database import Database
from congvan_core.storage.schema import entry
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.backing_up import create_backup, restore_backup, verify_backup
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.operations.gateway_key import make_gateway_key
from congvan_gateway.settings import commented, load
from support_databases import insert_row

CODE = "H24.15"
DOCUMENTS = 6


def build(folder: Path, url: str | None = None) -> App:
    """A small installation with entries, blobs, a journal and a mail that waits in the spool."""
    folder.mkdir()
    make_gateway_key(folder, agency_name="UBND phường Thí Điểm", address="vt@example.vn", at=now())
    values: dict[str, dict[str, object]] = {"keys": {"gateway": "gateway.p12", "password_file": "gateway.pass"}}
    if url:
        values["storage"] = {"database": url}
    (folder / "congvan.toml").write_text(commented(values), encoding="utf-8")
    (folder / "trust").mkdir()
    (folder / "trust" / "root.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    app = open_app(load(folder / "congvan.toml"))
    point = found_agency(app, code=CODE, name="UBND phường Thí Điểm", address="vt@example.vn")
    spool = folder / "var" / "intake"
    spool.mkdir(parents=True)
    (spool / "0001.journal").write_bytes(b"a mail that is not in the database yet")
    for number in range(DOCUMENTS):
        write_one(app, point.id, number)
    return app


def write_one(app: App, agency_id: str, number: int) -> None:
    stored = app.blobs.put_bytes(f"văn bản {number}".encode() * 100)
    with app.database.write() as connection:
        record(connection, stored.sha256, stored.size, now())
        document = insert_row(
            connection, agency_id, main_sha256=stored.sha256, subject=f"Văn bản {number}", packet={"n": [number]}
        )
        append(
            connection,
            agency_id=agency_id,
            actor="Đỗ Văn Thư",
            kind="document.registered",
            subject=f"document:{document}",
        )
        register(
            connection, agency_id=agency_id, body_code=CODE, direction="incoming", document_id=document,
            arrived_at=now(), actor="Đỗ Văn Thư",
        )  # fmt: skip


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(entry)).scalar_one())


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    built = build(tmp_path / "may-cu")
    yield built
    built.close()


def test_restored_onto_an_empty_folder_it_is_the_same(app: App, tmp_path: Path) -> None:
    create_backup(app, tmp_path / "sao-luu", with_keys=True)
    done = restore_backup(tmp_path / "sao-luu", tmp_path / "may-moi", now=now())
    assert done.faults == [] and done.manifest.tables["entry"] == DOCUMENTS and done.manifest.blobs == DOCUMENTS
    again = open_app(load(tmp_path / "may-moi" / "congvan.toml"))
    try:
        assert count(again.database) == DOCUMENTS
        assert again.key.certificate == app.key.certificate
        with again.database.read() as connection:
            digests = connection.execute(select(entry.c.number).order_by(entry.c.number)).scalars().all()
        assert list(digests) == list(range(1, DOCUMENTS + 1))
        assert sorted(again.blobs.digests()) == sorted(app.blobs.digests())
        spool = again.settings.path(again.settings.storage.spool)
        assert (spool / "0001.journal").read_bytes() == b"a mail that is not in the database yet"
        with again.database.read() as connection:
            agency_id = connection.execute(select(entry.c.agency_id).limit(1)).scalar_one()
        write_one(again, agency_id, 99)
        assert count(again.database) == DOCUMENTS + 1, "numbering goes on after the last number"
    finally:
        again.close()


def test_without_keys_none_are_in_it(app: App, tmp_path: Path) -> None:
    create_backup(app, tmp_path / "sao-luu")
    assert not (tmp_path / "sao-luu" / "keys").exists()
    secret = (tmp_path / "may-cu" / "gateway.pass").read_bytes().strip()
    assert all(secret not in path.read_bytes() for path in (tmp_path / "sao-luu").rglob("*") if path.is_file())
    assert any("khóa" in note for note in restore_backup(tmp_path / "sao-luu", tmp_path / "moi", now=now()).notes)


def test_taken_while_people_write_it_is_one_instant(app: App, tmp_path: Path) -> None:
    with app.database.read() as connection:
        agency_id = connection.execute(select(entry.c.agency_id).limit(1)).scalar_one()
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            write_one(app, agency_id, 1000 + len(written))
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 3:
            time.sleep(0.01)
        create_backup(app, tmp_path / "sao-luu")
        before = len(written)
        while len(written) < before + 2:
            time.sleep(0.01)
    finally:
        stop.set()
        writer.join()
    done = verify_backup(tmp_path / "sao-luu", now=now())
    assert done.faults == []
    tables = done.manifest.tables
    assert tables["entry"] == tables["document"] == done.manifest.blobs >= DOCUMENTS + 3
    assert tables["entry"] < count(app.database)


def test_a_folder_with_something_in_it_is_refused(app: App, tmp_path: Path) -> None:
    create_backup(app, tmp_path / "sao-luu")
    full = tmp_path / "day"
    full.mkdir()
    (full / "quan-trong.txt").write_text("giữ lại")
    with pytest.raises(ConflictError):
        restore_backup(tmp_path / "sao-luu", full, now=now())
    assert [path.name for path in full.iterdir()] == ["quan-trong.txt"]
    with pytest.raises(ConflictError):
        create_backup(app, tmp_path / "sao-luu")
    with pytest.raises(InputError):
        create_backup(app, tmp_path / "khong" / "co")
    with pytest.raises(UnreadableError):
        verify_backup(full, now=now())


@pytest.mark.parametrize(
    "victim", ["blobs", "tables/entry.jsonl", "tables/event.jsonl", "spool/0001.journal", "backup.json"]
)
def test_damage_is_named_and_nothing_is_restored(app: App, tmp_path: Path, victim: str) -> None:
    create_backup(app, tmp_path / "sao-luu")
    path = tmp_path / "sao-luu" / victim
    if path.is_dir():
        path = next(each for each in sorted(path.rglob("*")) if each.is_file())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    os.chmod(path, 0o600)
    path.write_bytes(bytes(data))
    try:
        assert verify_backup(tmp_path / "sao-luu", now=now()).faults
    except UnreadableError:
        assert victim == "backup.json"
    with pytest.raises(UnreadableError):
        restore_backup(tmp_path / "sao-luu", tmp_path / "moi", now=now())
    assert not (tmp_path / "moi").exists() and not list(tmp_path.glob(".moi*"))


def test_blobs_of_the_last_backup_are_linked(app: App, tmp_path: Path) -> None:
    create_backup(app, tmp_path / "mot")
    manifest = create_backup(app, tmp_path / "hai", previous=tmp_path / "mot")
    linked = [path for path in (tmp_path / "hai" / "blobs").rglob("*") if path.is_file() and path.stat().st_nlink == 2]
    assert len(linked) == manifest.blobs == DOCUMENTS
    assert verify_backup(tmp_path / "hai", now=now()).faults == []


@pytest.mark.parametrize("act", ["create", "restore"])
def test_killed_in_the_middle_leaves_nothing_half_done(app: App, tmp_path: Path, act: str) -> None:
    """SIGKILL at several of its file operations: the name is either whole or not there, and the next run succeeds."""
    config = tmp_path / "may-cu" / "congvan.toml"
    backup = tmp_path / "sao-luu"
    if act == "restore":
        create_backup(app, backup)
    code = (
        "import os, signal, sys\n"
        "left = int(sys.argv.pop(1))\n"
        "def watch(name, arguments):\n"
        "    global left\n"
        "    if name in ('open', 'os.mkdir', 'os.rename', 'os.link', 'os.chmod'):\n"
        "        if any('sao-luu' in str(a) or 'dich' in str(a) for a in arguments):\n"
        "            left -= 1\n"
        "            if left < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(watch)\n"
        "from congvan_gateway.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    target = tmp_path / ("dich" if act == "restore" else "sao-luu")
    arguments = (
        ["create", str(backup), "--config", str(config)] if act == "create" else ["restore", str(backup), str(target)]
    )
    killed = 0
    for left in (0, 3, 18, 30, 100_000):
        done = subprocess.run(
            [sys.executable, "-c", code, str(left), "backup", *arguments], capture_output=True, timeout=120
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        killed += 1
        assert not target.exists()
    assert killed >= 2 and target.exists()
    if act == "create":
        assert verify_backup(backup, now=now()).faults == []
        assert not list(tmp_path.glob(".sao-luu*")), "what dead runs left is swept by the next"
    else:
        assert (target / "congvan.toml").is_file() and count(app.database) == DOCUMENTS


@pytest.mark.real("postgresql")
def test_from_postgresql_to_sqlite_and_back(tmp_path: Path, postgres_cluster: object) -> None:
    cluster = postgres_cluster
    urls = [cluster.empty_database(), cluster.empty_database()]  # type: ignore[attr-defined]
    app = build(tmp_path / "may-cu", urls[0])
    try:
        create_backup(app, tmp_path / "sao-luu")
        assert verify_backup(tmp_path / "sao-luu", now=now()).faults == []
        done = restore_backup(tmp_path / "sao-luu", tmp_path / "moi", now=now(), database_url=urls[1])
        assert done.faults == []
        again = open_app(load(tmp_path / "moi" / "congvan.toml"))
        try:
            assert again.database.is_postgresql and count(again.database) == DOCUMENTS
            with again.database.read() as connection:
                agency_id = connection.execute(select(entry.c.agency_id).limit(1)).scalar_one()
            write_one(again, agency_id, 99)  # the journal's sequence goes on
        finally:
            again.database.close()
        with pytest.raises(ConflictError):
            restore_backup(tmp_path / "sao-luu", tmp_path / "nua", now=now(), database_url=urls[1])
        assert not (tmp_path / "nua").exists()
    finally:
        app.close()
        for url in urls:
            cluster.drop(url)  # type: ignore[attr-defined]


def test_the_command_says_what_it_did(app: App, tmp_path: Path) -> None:
    config = tmp_path / "may-cu" / "congvan.toml"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "congvan_gateway.cli", "backup", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    made = run("create", str(tmp_path / "sao-luu"), "--config", str(config), "--json")
    assert made.returncode == 0 and json.loads(made.stdout)["blobs"] == DOCUMENTS
    checked = run("verify", str(tmp_path / "sao-luu"), "--json")
    assert checked.returncode == 0 and json.loads(checked.stdout)["ok"] is True
    refused = run("restore", str(tmp_path / "sao-luu"), str(tmp_path / "may-cu"))
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and "không trống" in refused.stderr
