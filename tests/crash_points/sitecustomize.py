"""Loaded by every Python of a station under test: names each durable step, and dies at the one that is asked for.

A step is a sync, rename or removal of a file, a commit that changed something, and the octets that promise something
to the next hop (the final dot, the 250 after it). ``CONGVAN_CRASH_LOG`` is the file that lists the steps as they are
passed, by all processes of the station; ``CONGVAN_CRASH_AT`` is ``NAME#K``: at its K-th passing the whole process
group is killed with SIGKILL. The program itself knows nothing of this.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

_LOG = os.environ.get("CONGVAN_CRASH_LOG")
_AT = os.environ.get("CONGVAN_CRASH_AT")
#: The modules through which others reach the disk and the database: their caller is the step's name.
_THROUGH = ("congvan_core.storage.", "congvan_gateway.intake.disk", "congvan_gateway.storage.")


def _place() -> str:
    """``module.function`` of the innermost caller that is ours, behind it the layer it went through."""
    frame: Any = sys._getframe(2)
    through = ""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("congvan_"):
            if not module.startswith(_THROUGH):
                return f"{module.rpartition('.')[2]}.{frame.f_code.co_name}{through}"
            if not module.endswith(".database"):
                through = f" {module.rpartition('.')[2]}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


def _pass(name: str) -> None:
    assert _LOG is not None
    handle = os.open(_LOG, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, f"{name}\n".encode())
        if _AT is not None and _AT.rpartition("#")[0] == name:
            passed = os.pread(handle, 1 << 24, 0).decode().splitlines().count(name)
            if passed == int(_AT.rpartition("#")[2]):
                os.killpg(os.getpgrp(), signal.SIGKILL)
                signal.pause()
    finally:
        os.close(handle)


def _before(module: Any, function: str, word: str) -> None:
    real: Callable[..., Any] = getattr(module, function)

    def stepping(*args: Any, **kwargs: Any) -> Any:
        place = _place()
        if place:
            _pass(f"{word} {place}")
        return real(*args, **kwargs)

    setattr(module, function, stepping)


def _commits() -> None:
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    real = DefaultDialect.do_commit
    changed: set[int] = set()  # PostgreSQL connections that wrote
    counted: dict[int, int] = {}  # SQLite connections: rows changed up to the last commit

    def wrote(conn: Any, cursor: Any, statement: Any, parameters: Any, context: Any, many: Any) -> None:
        writes = context is not None and (context.isinsert or context.isupdate or context.isdelete)
        if writes and cursor.rowcount != 0 and not hasattr(cursor.connection, "total_changes"):
            changed.add(id(cursor.connection))

    def commit(self: Any, connection: Any) -> None:
        raw = getattr(connection, "dbapi_connection", None) or connection
        total = getattr(raw, "total_changes", None)
        if total is not None:
            durable = counted.get(id(raw), 0) != total
            counted[id(raw)] = total
        else:
            durable = id(raw) in changed
            changed.discard(id(raw))
        place = _place() if durable else ""
        if place:
            _pass(f"commit {place}")
        real(self, connection)
        if place:
            _pass(f"committed {place}")

    event.listen(Engine, "after_cursor_execute", wrote)
    DefaultDialect.do_commit = commit  # type: ignore[method-assign]


def _wires() -> None:
    """The courier's final dot and the door's 250 after it, whatever event loop carries them."""
    from congvan_mailbox.smtp.connection import Connection
    from congvan_mailbox.smtp.outcome import Stage
    from congvan_mailbox.smtp.transaction import _Transaction

    write, emit = _Transaction._write, Connection._emit

    def stepping_write(self: Any, data: bytes, stage: Stage) -> None:
        last = stage is Stage.BODY  # the dot of DATA, or the last octets of BDAT LAST
        if last:
            _pass("before final dot")
        write(self, data, stage)
        if last:
            _pass("after final dot")

    def stepping_emit(self: Any, transport: Any) -> None:
        kept = any(b"250 2.0.0 Ok, kept as" in line for line in self._out)
        if kept:
            _pass("before 250")
        emit(self, transport)
        if kept:
            _pass("after 250")

    _Transaction._write = stepping_write  # type: ignore[method-assign]
    Connection._emit = stepping_emit  # type: ignore[method-assign]


def _mailbox() -> None:
    """Every command to a mailbox, before it is sent and once its answer is here."""
    from congvan_mailbox.imap.wire import Exchange, Wire

    begin, end = Wire.begin, Wire.end

    def stepping_begin(self: Any, name: str, *arguments: str, **more: Any) -> Exchange:
        _pass(f"before {name}")
        return begin(self, name, *arguments, **more)

    async def stepping_end(self: Any, exchange: Exchange, silence: float) -> Any:
        reply = await end(self, exchange, silence)
        _pass(f"answered {exchange.name}")
        return reply

    Wire.begin = stepping_begin  # type: ignore[method-assign]
    Wire.end = stepping_end  # type: ignore[method-assign]


if _LOG:
    for _name in ("fsync", "fdatasync", "rename", "replace", "unlink"):
        _before(os, _name, _name)
    _commits()
    if "serve" in sys.orig_argv:
        _wires()
    if any("support_imap_process" in word for word in sys.orig_argv):
        _mailbox()
