"""A further mail of a document whose files do not fit into one: the files, and a signed list that says whose they are.

The document's own mail names every file with its digest and says which mail brings it; a piece is believed by its own
signature and fits only where the digests agree.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from congvan_core.documents.model import FileRef
from congvan_core.findings import Finding
from congvan_mailbox.message import Address, write
from congvan_mailbox.message.part import Message, Part, is_attachment
from congvan_mailbox.package.pack import SignedBody, protected_lines
from congvan_mailbox.smime.locate import SIGNATURE_TYPES, find_signed
from congvan_mailbox.smime.sign import CmsSigner, sign_entity

MEDIA_TYPE = "application/vnd.congvan.piece+json"
_NAME = "phan.congvan.json"
_MOST = 256 * 1024
_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """``number`` of ``of`` mails of the document; digests by file name as the list gives them."""

    document_id: str
    number: int
    of: int
    files: tuple[tuple[str, str], ...]


def build_piece(
    document_id: str,
    number: int,
    of: int,
    files: Sequence[tuple[FileRef, bytes]],
    *,
    signer: CmsSigner,
    from_addr: Address,
    date: datetime,
    subject: str,
    meta: Any,
    hidden: bool = False,
) -> SignedBody:
    """Pack and sign a further mail; ``subject`` is that of the document's own mail, ``meta`` its metadata."""
    listed = {
        "document": document_id,
        "mail": number,
        "of": of,
        "files": [
            {"name": ref.name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for ref, data in files
        ],
    }
    words = (
        f"Thư {number}/{of} của văn bản {meta.number_symbol}: tệp kèm theo gửi riêng do dung lượng lớn.\n"
        "Văn bản chính và nội dung gửi nằm trong thư thứ nhất. Đề nghị lưu các tệp này cùng văn bản.\n"
    )
    parts = [
        write.text_part(words),
        write.file_part(json.dumps(listed, ensure_ascii=False).encode(), MEDIA_TYPE, _NAME),
        *(write.file_part(data, ref.media_type, ref.name, ref.content_id) for ref, data in files),
    ]
    protected = protected_lines(from_addr, date, f"{subject} (thư {number}/{of})")
    outer = protected
    if hidden:
        outer = protected_lines(from_addr, date, "[...]")
    entity = write.multipart("mixed", parts, {"hp": "cipher" if hidden else "clear"}, extra=protected)
    return SignedBody(sign_entity(entity, signer), meta, outer)


def read_piece(message: Message) -> tuple[Piece, list[Part], list[Finding]] | None:
    """The list and the files of a further mail, only from inside its signature; None where the mail is none.

    Never raises on its content: what does not agree with the list is a finding, and such a file is left out.
    """
    signed = find_signed(message.root)
    if signed is None or not signed.children:
        return None
    leaves = [p for p in signed.children[0].walk() if p.is_leaf and p.media_type not in SIGNATURE_TYPES]
    listed = next((p for p in leaves if p.media_type == MEDIA_TYPE), None)
    if listed is None:
        return None
    piece = _read(listed.decode())
    if piece is None:
        return Piece("", 0, 0, ()), [], [Finding("MIME-PIECE-DIFFERS", {"name": _NAME}, _NAME)]
    wanted = dict(piece.files)
    found: list[Part] = []
    findings: list[Finding] = []
    for part in leaves:
        if part is listed or not is_attachment(part):
            continue
        if wanted.get(part.filename) == part.digest()[0]:
            found.append(part)
        else:
            findings.append(Finding("MIME-PIECE-DIFFERS", {"name": part.filename}, part.filename or None))
    named = {part.filename for part in found}
    findings += [Finding("MIME-PIECE-DIFFERS", {"name": name}, name) for name in wanted if name not in named]
    return piece, found, findings


def _read(data: bytes) -> Piece | None:
    try:
        if len(data) > _MOST:
            return None
        found = json.loads(data)
        files = tuple((str(f["name"])[:255], str(f["sha256"]).lower()) for f in found["files"][:_MOST_FILES])
        return Piece(str(found["document"])[:200], int(found["mail"]), int(found["of"]), files)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
