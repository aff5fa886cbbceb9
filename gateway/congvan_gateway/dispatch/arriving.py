"""What arrives by other ways than mail: polled from the axis, read from watched folders; stored as a mail that came.

Like every door: durable first, only then the axis is told or the folder is cleared.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import re
import time
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from congvan_core.agencies.lookup import by_code, main_mailbox
from congvan_core.errors import CongvanError, TemporaryError, UnreadableError
from congvan_core.ids import VIETNAM
from congvan_gateway.dispatch.axis_client import AxisClient, AxisMessage
from congvan_gateway.dispatch.courier_axis import axis_client
from congvan_gateway.dispatch.courier_folder import MAIL_NAME
from congvan_gateway.dispatch.loose_packet import as_mail
from congvan_gateway.intake.recording import insert_rows, own_mailbox
from congvan_gateway.main import App
from congvan_gateway.routing import keeping
from congvan_gateway.routing.model import Table, Transport
from congvan_mailbox.message import Address, parse_message
from congvan_mailbox.package.edxml import EXTENSION
from congvan_mailbox.package.edxml_read import read_packet
from congvan_mailbox.smtp.envelope import Envelope, Recipient

log = structlog.get_logger("congvan")

#: Items of one folder looked at in a step, files of one item, seconds a file must have rested.
MAX_ITEMS, MAX_FILES, REST = 50, 100, 2.0
_DONE, _HELD = ".da-nhan", ".giu-lai"
#: The sender where the directory does not know who it is: nothing is answered there (RFC 2606 2).
_NOBODY = "khong-ro@invalid"


class Arrivals:
    """Everything that the table in force names as a way in."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._clients: dict[str, AxisClient] = {}
        self._table: keeping.Kept = keeping.Kept(0, None)

    async def step(self) -> int:
        """Take in what waits; one way that is ill never stops the others."""
        table = await asyncio.to_thread(self._current)
        done = 0
        for name, way in (table.transports if table else {}).items():
            try:
                if way.kind == "axis":
                    done += await self._poll(name, way)
                elif way.kind == "folder" and way.inbox:
                    done += await asyncio.to_thread(read_folder, self._app, name, self._app.settings.path(way.inbox))
            except (TemporaryError, OSError, CongvanError) as error:
                log.warning("arrivals.waiting", way=name, error=str(error))
        return done

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def _current(self) -> Table | None:
        with self._app.database.read() as connection:
            self._table = keeping.active(connection)
        return self._table.table

    async def _poll(self, name: str, way: Transport) -> int:
        key = f"{name} {way.model_dump_json()}"
        if key not in self._clients:
            self._clients[key] = axis_client(self._app, name, way)
        return await poll_axis(self._app, name, self._clients[key])


async def poll_axis(app: App, name: str, client: AxisClient) -> int:
    """Fetch, store, then tell the axis. What no packet can be made of stays there and is named in the log."""
    done = 0
    for waiting in await client.waiting():
        data = await client.fetch(waiting.id, app.settings.smtp.max_size)
        try:
            await asyncio.to_thread(_store_axis, app, name, waiting, data)
        except UnreadableError as error:
            log.error("axis.unreadable", axis=name, message=waiting.id, error=error.message)
            await asyncio.to_thread(_store_unreadable, app, name, waiting, data)
        await client.taken(waiting.id)
        done += 1
    return done


def _store_axis(app: App, name: str, waiting: AxisMessage, data: bytes) -> None:
    """``axis_sender`` in the envelope is whom the axis has authenticated: the judgement may believe that."""
    with app.database.read() as connection:
        sender = _mailbox_of(connection, app, waiting.sender)
        to = _mailbox_of(connection, app, waiting.receiver)
    message_id = f"<{hashlib.sha256(f'{name} {waiting.id}'.encode()).hexdigest()[:40]}@axis.invalid>"
    raw = as_mail(
        data, (), sender=Address("", sender), to=Address("", to), message_id=message_id,
        date=app.clock().astimezone(VIETNAM).replace(microsecond=0), way=f"trục liên thông ({name})",
    )  # fmt: skip
    _store(
        app, raw, "axis", f"axis:{message_id.strip('<>')}", sender, [to], {"axis": name, "axis_sender": waiting.sender}
    )


def _store_unreadable(app: App, name: str, waiting: AxisMessage, data: bytes) -> None:
    """Set aside, never discarded: the bytes become a row that a person sees."""
    with app.database.read() as connection:
        to = _mailbox_of(connection, app, waiting.receiver)
    digest = hashlib.sha256(data).hexdigest()
    _store(app, data, "axis", f"axis:{digest[:60]}", "", [to], {"axis": name, "axis_id": waiting.id[:100]})


def _mailbox_of(connection: Connection, app: App, code: str) -> str:
    on = app.clock().astimezone(VIETNAM).date()
    found = by_code(connection, code, on) if code else None
    box = main_mailbox(connection, found.contact_point.id, on) if found else None
    return box.address if box else _NOBODY


def _store(
    app: App, raw: bytes, door: str, journal: str, sender: str, recipients: list[str], extra: dict[str, Any]
) -> list[str]:
    """The row of a mail that came by another way; the same bytes at the same place are the same arrival."""
    from congvan_core.ids import new_id

    blob = app.blobs.put_bytes(raw)
    envelope = Envelope(
        id=new_id(),
        sender=sender if sender != _NOBODY else "",
        recipients=tuple(Recipient(address) for address in recipients),
        received=app.clock(),
        door=door,
        extra=extra,
    )
    return insert_rows(app, envelope, journal[:80], 0, blob.sha256, len(raw))


# --- watched folders --------------------------------------------------------------------------------------------------


def read_folder(app: App, name: str, inbox: Path) -> int:
    """Take in what rests in the folder: mails (.eml), packets (.edxml) with the files beside them, or folders of such.

    What was taken in is moved to a sub-folder, what cannot be read to another; nothing is deleted.
    """
    if not inbox.is_dir():
        return 0
    done = 0
    for item in sorted(inbox.iterdir())[:MAX_ITEMS]:
        if item.name.startswith(".") or item.name.endswith((".part", ".tmp")) or item.is_symlink() or not _rests(item):
            continue
        if item.is_file() and item.suffix.lower() not in (".eml", EXTENSION):
            continue  # a file that belongs to a packet of the same folder, or to nobody
        try:
            _take_in(app, name, item)
            _move(item, inbox / _DONE)
        except UnreadableError as error:
            log.error("folder.unreadable", way=name, item=item.name, error=error.message)
            _move(item, inbox / _HELD)
        done += 1
    return done


def _rests(item: Path) -> bool:
    """Nothing in it was written lately: whoever copies by hand is not done before."""
    newest = max((p.lstat().st_mtime for p in [item, *(item.rglob("*") if item.is_dir() else ())]), default=0.0)
    return time.time() - newest >= REST


def _take_in(app: App, name: str, item: Path) -> None:
    files = _files(app, item) if item.is_dir() else {item.name: _bounded(app, item)}
    mail = next((n for n in sorted(files, key=lambda n: (n != MAIL_NAME, n)) if n.lower().endswith(".eml")), None)
    if mail is not None:
        raw = _crlf(files[mail])
        headers = parse_message(raw).headers
        found = headers.addresses("From").addresses
        named = [a.addr for field in ("To", "Cc") for a in headers.addresses(field).addresses]
        with app.database.read() as connection:
            own = [a for a in dict.fromkeys(named) if own_mailbox(connection, a) is not None] or named[:1] or [_NOBODY]
        sender = found[0].addr if found else ""
        _store(app, raw, "folder", f"folder:{hashlib.sha256(raw).hexdigest()[:60]}", sender, own, {"folder": name})
        return
    packet = next((n for n in sorted(files) if n.lower().endswith(EXTENSION)), None)
    if packet is None:
        raise UnreadableError(f"{item.name} không có thư (.eml) hoặc gói dữ liệu (.edxml)")
    _take_packet(app, name, files, packet)


def _take_packet(app: App, name: str, files: dict[str, bytes], packet_name: str) -> None:
    data = files[packet_name]
    packet = read_packet(data)
    if packet.status is not None:
        sender, receivers = packet.status.reporter.code, [packet.status.to.code or packet.status.document.organ_id]
    else:
        assert packet.metadata is not None
        sender, receivers = packet.metadata.author.code, [p.code for p in packet.metadata.recipients]
    with app.database.read() as connection:
        boxes = [_mailbox_of(connection, app, code) for code in receivers if code]
        own = [a for a in boxes if own_mailbox(connection, a) is not None] or boxes[:1] or [_NOBODY]
        come_from = _mailbox_of(connection, app, sender)
    digest = hashlib.sha256(b"".join(hashlib.sha256(files[n]).digest() for n in sorted(files))).hexdigest()
    beside = [
        (n, mimetypes.guess_type(n)[0] or "application/octet-stream", content)
        for n, content in files.items()
        if n != packet_name
    ]
    raw = as_mail(
        data, beside, sender=Address("", come_from), to=Address("", own[0]), message_id=f"<{digest[:40]}@folder.invalid>",
        date=app.clock().astimezone(VIETNAM).replace(microsecond=0), way=f"thư mục chuyển giao ({name})",
    )  # fmt: skip
    _store(app, raw, "folder", f"folder:{digest[:60]}", come_from, own, {"folder": name})


def _files(app: App, folder: Path) -> dict[str, bytes]:
    entries = sorted(p for p in folder.iterdir() if p.is_file() and not p.is_symlink() and not p.name.startswith("."))
    if len(entries) > MAX_FILES:
        raise UnreadableError(f"{folder.name} có quá {MAX_FILES} tệp")
    if sum(p.stat().st_size for p in entries) > 2 * app.settings.smtp.max_size:
        raise UnreadableError(f"{folder.name} lớn hơn mức cho phép")
    return {p.name: _bounded(app, p) for p in entries}


def _bounded(app: App, path: Path) -> bytes:
    if path.stat().st_size > app.settings.smtp.max_size:
        raise UnreadableError(f"{path.name} lớn hơn mức cho phép ({app.settings.smtp.max_size} byte)")
    return path.read_bytes()


def _crlf(raw: bytes) -> bytes:
    """A mail saved with bare line feeds by a mail program; one with any CRLF is left as it is (it may be signed)."""
    return raw if b"\r\n" in raw else re.sub(rb"\r?\n", b"\r\n", raw)


def _move(item: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    goal, number = target / item.name, 1
    while goal.exists():
        number += 1
        goal = target / f"{number}-{item.name}"
    os.rename(item, goal)
