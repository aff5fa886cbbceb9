"""The files of one mail: what each is, its role, and its bytes, large ones on disk and not in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

from congvan_core.documents.formats import check
from congvan_core.documents.model import FileRef, FileRole
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.judgement.model import Attachment, Inspection
from congvan_mailbox.message.part import Message, Part
from congvan_mailbox.package.read import PackageContents, is_packet

#: Larger contents are written out once and read from there, so that a mail of 200 MB is judged within its memory.
IN_MEMORY = 24 * 1024 * 1024


@dataclass
class DocumentFile:
    """A file while the inspection lasts. ``source`` is its bytes, or the path of a large one; ``nested`` tells that it
    hangs on a mail that was attached to this one.
    """

    attachment: Attachment
    source: bytes | Path
    nested: bool = False

    @cached_property
    def data(self) -> bytes:
        """All bytes; of a large file a copy that lives as long as this object."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def store(self, blobs: BlobStore) -> None:
        """Put the content into the blob store."""
        if isinstance(self.source, bytes):
            blobs.put_bytes(self.source, self.attachment.sha256)
        else:
            with self.source.open("rb") as file:
                blobs.put_file(file)


@dataclass
class MailFiles:
    """Every file of the mail; ``close`` removes what was written out."""

    files: list[DocumentFile] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        self._stack.close()

    def content(self, part: Part) -> tuple[bytes | Path, str, int]:
        """A part's content (bytes or path), digest and size."""
        if part.content is not None or part.end - part.body_start <= IN_MEMORY:
            return part.decode(), *part.digest()
        if os.path.isdir("/proc/self/fd"):
            # A file without a name: nothing stays behind when the worker is ended.
            file: IO[bytes] = self._stack.enter_context(tempfile.TemporaryFile(prefix="congvan-"))  # noqa: SIM115
            path = Path(f"/proc/self/fd/{file.fileno()}")
        else:
            file = self._stack.enter_context(tempfile.NamedTemporaryFile(prefix="congvan-"))  # noqa: SIM115
            path = Path(file.name)
        part.decode_into(file.write)
        file.flush()
        digest, size = part.digest()
        return path, digest, size


def read_files(seen: Inspection, message: Message, package: PackageContents | None) -> MailFiles:
    """Every file of the mail with its format; roles from the packet where there is one."""
    out = MailFiles()
    roles = {id(f.part): f.ref for f in package.files if f.part is not None} if package is not None else {}
    nested = _nested(message)
    for part in message.attachments():
        source, digest, size = out.content(part)
        ref = roles.get(id(part))
        name = part.filename or (ref.name if ref is not None else "") or f"phan-{part.path}"
        verdict = check(source, name, part.media_type)
        role = _role(part, ref, verdict.format.name)
        if role not in (FileRole.METADATA, FileRole.SIGNATURE):
            seen.findings.extend(verdict.findings)
        attachment = Attachment(
            filename=name,
            media_type=part.media_type,
            size=size,
            sha256=digest,
            format=verdict.format.name,
            allowed=verdict.format.allowed,
            role=role,
            path=part.path,
            content_id=part.content_id,
            source=part.source,
            description=ref.description if ref is not None else "",
        )
        seen.attachments.append(attachment)
        out.files.append(DocumentFile(attachment, source, id(part) in nested))
    if package is not None:
        out.files.extend(_embedded(seen, package))
    return out


def _nested(message: Message) -> set[int]:
    """The parts inside mails that are attached to this one."""
    found: set[int] = set()
    for part in message.walk():
        if part.is_message:
            found.update(id(inner) for child in part.children for inner in child.walk())
    return found


def _embedded(seen: Inspection, package: PackageContents) -> list[DocumentFile]:
    """Files that a vendor's packet carries inside itself."""
    out: list[DocumentFile] = []
    for file in package.files:
        if file.part is not None or file.embedded is None:
            continue
        data = file.content()
        verdict = check(data, file.ref.name, file.ref.media_type)
        seen.findings.extend(verdict.findings)
        attachment = Attachment(
            file.ref.name, file.ref.media_type, len(data), file.sha256, verdict.format.name, verdict.format.allowed,
            file.ref.role, content_id=file.ref.content_id, source="packet", description=file.ref.description,
        )  # fmt: skip
        seen.attachments.append(attachment)
        out.append(DocumentFile(attachment, data))
    return out


def _role(part: Part, ref: FileRef | None, format_name: str) -> FileRole:
    if is_packet(part):
        return FileRole.METADATA
    if format_name == "p7s" or part.media_type.endswith("pkcs7-signature"):
        return FileRole.SIGNATURE
    if ref is not None:
        return ref.role
    return FileRole.ENCLOSURE


def documents_of(files: Iterable[DocumentFile]) -> list[DocumentFile]:
    """Those that are neither packet nor signature."""
    return [f for f in files if f.attachment.role not in (FileRole.METADATA, FileRole.SIGNATURE)]
