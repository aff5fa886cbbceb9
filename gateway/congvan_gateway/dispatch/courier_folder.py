"""The courier that places documents in a folder: hand-carried media, or the hand-over to QLVBĐH (edXML and files)."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from pathlib import Path

from congvan_core.errors import CongvanError
from congvan_gateway.dispatch.loose_packet import loosen
from congvan_mailbox.message import parse_message
from congvan_mailbox.package.edxml import EXTENSION
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, OutgoingMail, Refused, Stage

MAIL_NAME = "thu.eml"
_UNSAFE = re.compile(r"[^\w.@+-]", re.ASCII)


class FolderCourier:
    """One sub-folder per mail, whole or not there: written beside, synced, renamed. ``contents``: the signed mail
    (``mail``), packet and files (``files``), or both (``all``). Placing the same mail again changes nothing.
    """

    def __init__(self, out: Path, contents: str = "all") -> None:
        self._out = out
        self._contents = contents

    async def deliver(self, mail: OutgoingMail) -> Outcome:
        return await asyncio.to_thread(self._place, mail)

    async def close(self) -> None:
        return

    def _place(self, mail: OutgoingMail) -> Outcome:
        raw = mail.whole
        try:
            files = self._files(raw, mail.recipient)
        except CongvanError as error:
            return Refused(stage=Stage.LOCAL, code=554, text=error.message, operator=True)
        name = folder_name(parse_message(raw).message_id, mail.recipient)
        try:
            placed = place(self._out, name, files)
        except OSError as error:
            # A stick that is not there, a share that is away or full: not the mail's fault.
            text = f"không ghi được vào {self._out}: {error.strerror or error}"
            return Deferred(stage=Stage.CONNECT, text=text, operator=True)
        return Accepted(stage=Stage.FINAL, text=f"đã đặt tại {placed}")

    def _files(self, raw: bytes, recipient: str) -> dict[str, bytes]:
        out: dict[str, bytes] = {MAIL_NAME: raw} if self._contents != "files" else {}
        if self._contents == "mail":
            return out
        packet = loosen(raw, recipient)
        for name, content in packet.files:
            out[safe_name(name, out)] = content
        out[f"goi{EXTENSION}"] = packet.data
        return out


def folder_name(message_id: str, recipient: str) -> str:
    """One name for a mail to a recipient, whatever a stranger put into its identifier."""
    left = message_id.strip("<>").partition("@")[0]
    return f"{_UNSAFE.sub('_', recipient)[:60]}_{_UNSAFE.sub('_', left)[:60]}"


def safe_name(name: str, taken: dict[str, bytes]) -> str:
    """A name that stands in a folder on any system and hides no path; made unique."""
    stem = Path(name.replace("\\", "/")).name.strip(". ")[:150] or "tep"
    stem = re.sub(r'[\x00-\x1f<>:"/|?*]', "_", stem)
    candidate, number = stem, 1
    while candidate.lower() in {t.lower() for t in taken}:
        number += 1
        candidate = f"{number}-{stem}"
    return candidate


def place(out: Path, name: str, files: dict[str, bytes]) -> Path:
    """A sub-folder with these files, whole or not there; one of that name that is there stays. Raises OSError."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / name
    if target.exists():
        return target
    work = Path(tempfile.mkdtemp(prefix=f".{name[:80]}.", suffix=".part", dir=out))
    try:
        for file_name, content in files.items():
            with (work / file_name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(work)
        work.chmod(0o750)
        try:
            work.rename(target)
        except OSError:
            if not target.exists():
                raise
            shutil.rmtree(work, ignore_errors=True)  # another process placed the same mail first
        _sync(out)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return target


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
