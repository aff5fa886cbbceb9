"""Files inside a vendor's packet (``AttachmentEncoded``): base64, often a ZIP of one file under a random name."""

from __future__ import annotations

import binascii
import io
import re
import zipfile

import pybase64

from congvan_core.findings import Finding
from congvan_mailbox.package.edxml import EmbeddedFile
from congvan_mailbox.package.edxml_tree import Node

#: Bytes of all files together, and how far one ZIP entry may expand.
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
_BLANKS = re.compile(r"\s+")


def read_embedded(root: Node, findings: list[Finding]) -> tuple[EmbeddedFile, ...]:
    """The decoded files of a packet. A file that cannot be opened safely is left out and named in ``findings``."""
    holder = root.find("AttachmentEncoded")
    if holder is None:
        return ()
    out: list[EmbeddedFile] = []
    budget = MAX_UNPACKED
    for node in holder.all("Attachment", 1_000):
        name = node.get("AttachmentName")
        kind = node.get("ContentType").lower()
        encoded = node.one("ContentTransferEncoded")
        try:
            content = pybase64.b64decode(_BLANKS.sub("", encoded.text if encoded else ""), validate=True)
        except (binascii.Error, ValueError):
            findings.append(Finding("MIME-PACKET-FIELD", {"field": "ContentTransferEncoded", "value": name[:80]}))
            continue
        if kind in ("application/zip", "application/x-zip-compressed") and not name.lower().endswith(".zip"):
            opened = unzip_single(content, budget)
            if opened is None:
                findings.append(Finding("MIME-PACKET-FIELD", {"field": "ContentTransferEncoded", "value": name[:80]}))
                continue
            content, kind = opened, "application/octet-stream"
        budget -= len(content)
        if budget < 0:
            findings.append(Finding("MIME-PACKET-FIELD", {"field": "AttachmentEncoded", "value": "quá lớn"}))
            break
        out.append(EmbeddedFile(content_id(node.get("ContentId")), name, kind, content))
    return tuple(out)


def content_id(text: str) -> str:
    """The identifier of a part, however it is written: ``cid:a1``, ``<a1>``, ``a1``."""
    text = text.strip().strip("<>").strip()
    return text[4:] if text.lower().startswith("cid:") else text


def unzip_single(data: bytes, budget: int) -> bytes | None:
    """The one file in a ZIP, its entry name ignored (QCVN samples use a random one); None where there is not exactly
    one, it is encrypted or damaged, or expands beyond ``budget`` bytes or ``MAX_RATIO``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [e for e in archive.infolist() if not e.filename.endswith("/")]
            if len(entries) != 1 or entries[0].flag_bits & 1:
                return None
            limit = min(budget, max(len(data), 1024) * MAX_RATIO)
            if entries[0].file_size > limit:
                return None
            with archive.open(entries[0]) as stream:
                content = stream.read(limit + 1)  # the declared size is the sender's claim; this is the bound
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError, zipfile.LargeZipFile):
        return None
    except Exception:  # zlib, lzma and bz2 each raise their own on damaged streams
        return None
    return None if len(content) > limit else content
