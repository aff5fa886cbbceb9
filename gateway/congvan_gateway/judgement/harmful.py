"""What may harm whoever opens a file: what office files do, and what ClamAV knows (asked by its INSTREAM command, clamd(8))."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from congvan_core.documents.format_table import Kind
from congvan_core.documents.formats import check
from congvan_core.findings import Finding
from congvan_core.signatures.enveloped import unwrapped
from congvan_gateway.judgement.archives import Opened
from congvan_gateway.judgement.mail_files import DocumentFile
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.office_dangers import dangers

_OFFICE = ("doc", "docx", "docm", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx", "pptm", "rtf", "ole", "office", "csv", "txt",
           "odt", "ods", "odp")  # fmt: skip
_MACRO_SIZE = 32 * 1024 * 1024
_CHUNK = 1 << 18
_ANSWER = 4096


def find_dangers(seen: Inspection, files: Sequence[DocumentFile], opened: Sequence[Opened] = ()) -> None:
    """Macros and other acts of every office file, also of those inside archives."""
    for file in files:
        attachment = file.attachment
        _look(seen, file.source, attachment.filename, attachment.format, attachment.size)
    for member in (member for one in opened for member in one.documents):
        _look(seen, member.data, member.name, member.format.name, len(member.data))


def _look(seen: Inspection, source: bytes | Path, name: str, kind: str, size: int) -> None:
    if kind == "p7m":
        source, name, limit = unwrapped(source, name)
        if limit:
            seen.findings.append(Finding("CONTENT-NOT-READ", {"limit": limit}, name or None))
            return
        verdict = check(source, name)
        seen.findings.extend(f for f in verdict.findings if f.code in ("FORMAT-PROGRAM", "FORMAT-DISGUISED"))
        if verdict.format.kind is Kind.ARCHIVE:
            evidence = {"format": verdict.format.name, "reason": "nằm trong tệp đã ký (.p7m)"}
            seen.findings.append(Finding("FORMAT-ARCHIVE-UNOPENED", evidence, name or None))
        kind = verdict.format.name
        size = len(source) if isinstance(source, bytes) else size
    if kind not in _OFFICE:
        return
    if size > _MACRO_SIZE:
        seen.findings.append(Finding("CONTENT-NOT-READ", {"limit": f"{_MACRO_SIZE >> 20} MB"}, name or None))
    else:
        seen.findings.extend(dangers(source if isinstance(source, bytes) else source.read_bytes(), name, kind))


def scan_for_malware(seen: Inspection, raw: bytes, files: Sequence[DocumentFile], clamd: str, seconds: float) -> None:
    """Ask ClamAV about the mail and each of its files. What it could not scan is said so, and is never clean."""
    reasons: list[str] = []
    targets: list[tuple[str | None, bytes | Path]] = [(None, raw)]
    targets += [(f.attachment.filename, f.source) for f in files]
    for name, source in targets:
        try:
            found = instream(clamd, source, timeout=max(1.0, min(seconds, 10.0)))
        except (OSError, ValueError) as error:
            reasons.append(str(error) or type(error).__name__)
            if isinstance(error, ConnectionRefusedError | FileNotFoundError):
                break
            continue
        if found is not None and not any(f.code == "CONTENT-MALWARE" and f.file == name for f in seen.findings):
            seen.findings.append(Finding("CONTENT-MALWARE", {"name": found}, name))
    if reasons:
        seen.findings.append(Finding("CONTENT-NOT-SCANNED", {"reason": reasons[0][:200]}))
        seen.malware_scan = "incomplete"
    else:
        seen.malware_scan = "done"


def instream(address: str, source: bytes | Path, *, timeout: float) -> str | None:
    """The malware's name, or None where ClamAV finds nothing. ``address`` is ``/path.sock`` or ``host:port``.

    Raises OSError where the daemon cannot be asked, ValueError where it answers that it did not scan.
    """
    with contextlib.ExitStack() as stack:
        stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else stack.enter_context(source.open("rb"))
        link = stack.enter_context(_connect(address, timeout))
        link.sendall(b"zINSTREAM\0")
        try:
            while chunk := stream.read(_CHUNK):
                link.sendall(struct.pack(">I", len(chunk)) + chunk)
            link.sendall(struct.pack(">I", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it stopped reading (size limit) and says why
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < _ANSWER:
            piece = link.recv(_ANSWER)
            if not piece:
                break
            answer += piece
    text = answer.rstrip(b"\0").decode("utf-8", "replace")
    if text.endswith("FOUND"):
        return text.removeprefix("stream: ").removesuffix(" FOUND")
    if text.endswith("OK"):
        return None
    raise ValueError(text or "ClamAV đóng kết nối mà không trả lời")


def _connect(address: str, timeout: float) -> socket.socket:
    if address.startswith("/"):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(timeout)
        try:
            link.connect(address)
        except OSError:
            link.close()
            raise
        return link
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), timeout)
