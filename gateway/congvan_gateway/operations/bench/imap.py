"""Reading mail over IMAP beside a raw socket that fetches everything at once, from the same Dovecot (G13)."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from congvan_gateway.operations.bench.peer_postfix import free_port, wait_for_port
from congvan_gateway.operations.bench.table import Row, Setting, median, ratio
from congvan_mailbox.imap.account import Account
from congvan_mailbox.imap.client import connect

_LOADS = (("8 KB", 8_000, 1000, 200), ("400 KB", 400_000, 60, 20), ("27 MB", 27_000_000, 3, 1))
_WORD = "mat-khau"


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of G13."""
    if shutil.which("dovecot") is None or os.geteuid() != 0:
        yield Row("G13", "IMAP", "not measured: Dovecot is not installed, or the caller is not root", "")
        return
    with _dovecot(setting.folder) as (port, mail):
        for name, size, count, batch in _LOADS[: 2 if setting.quick else 3]:
            _fill(mail / _user(name), size, count)
            raw: list[float] = []
            ours: list[float] = []
            for _ in range(setting.rounds + 1):
                raw.append(_raw(port, _user(name), count))
                ours.append(asyncio.run(_ours(port, _user(name), count, batch)))
            raw, ours = raw[1:], ours[1:]  # the first round makes Dovecot's index
            yield Row("G13", f"fetch {count} mails of {name}", f"raw socket {count / median(raw):.0f}/s",
                      f"{count / median(ours):.0f}/s", ratio(raw, ours), ">= 0.8", "Dovecot, and copies on our side")  # fmt: skip


def _user(name: str) -> str:
    return "u" + name.replace(" ", "").lower()


def _raw(port: int, user: str, count: int) -> float:
    start = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), 30) as sock:
        sock.sendall(f"a LOGIN {user} {_WORD}\r\nb EXAMINE INBOX\r\nc UID FETCH 1:* BODY.PEEK[]\r\n".encode())
        tail = b""
        while b"\r\nc OK" not in tail:
            data = sock.recv(1 << 18)
            assert data, "the server closed"
            tail = (tail + data)[-4096:]
    return time.perf_counter() - start


async def _ours(port: int, user: str, count: int, batch: int) -> float:
    start = time.perf_counter()
    client = await connect(Account("127.0.0.1", port, "none", user, lambda: _WORD))
    await client.select("INBOX", read_only=True)
    uids = await client.uids_after(0)
    found = 0
    batches = [uids[place : place + batch] for place in range(0, len(uids), batch)]
    ahead = await client.ask_bodies(batches[0])
    for place in range(len(batches)):  # as intake/imap_reading.py does: the next is asked for before this one is taken
        asked, ahead = ahead, await client.ask_bodies(batches[place + 1]) if place + 1 < len(batches) else ahead
        found += sum(one.body is not None for one in await client.asked_bodies(asked))
    assert found == count, found
    await client.leave()
    return time.perf_counter() - start


def _fill(folder: Path, size: int, count: int) -> None:
    for name in ("new", "cur", "tmp"):
        (folder / "Maildir" / name).mkdir(parents=True)
    line = b"QUJD" * 19 + b"\r\n"
    for number in range(count):
        head = f"From: a@somauthu.test\r\nMessage-ID: <{number}@somauthu.test>\r\nSubject: thu\r\n\r\n".encode()
        (folder / "Maildir/cur" / f"{1_000_000 + number}.M{number}.bench:2,").write_bytes(head + line * (size // 78))
    user = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)


@contextmanager
def _dovecot(folder: Path) -> Iterator[tuple[int, Path]]:
    home, port, user = folder / "dovecot", free_port(), pwd.getpwnam("nobody")
    mail = home / "mail"
    for name in ("run", "state", "mail"):
        (home / name).mkdir(parents=True)
    config = home / "dovecot.conf"
    config.write_text(
        f"""base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
listen = 127.0.0.1
protocols = imap
first_valid_uid = 1
mail_location = maildir:~/Maildir
ssl = no
disable_plaintext_auth = no
passdb {{
  driver = static
  args = password={_WORD}
}}
userdb {{
  driver = static
  args = uid={user.pw_uid} gid={user.pw_gid} home={mail}/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""
    )
    process = subprocess.Popen(["dovecot", "-F", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield port, mail
    finally:
        process.terminate()
        process.wait(20)
