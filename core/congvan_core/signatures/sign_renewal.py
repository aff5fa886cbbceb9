"""Keeping signatures verifiable: validation data and archive time stamps added later (Điều 20.3.b, 21).

Each adds an incremental update; the signed bytes stay as they are. To be repeated before the last time stamp's
certificate expires.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from congvan_core.errors import NotFoundError, RefusedError
from congvan_core.signatures.sign_place import refuse_encrypted
from congvan_core.signatures.sign_revocation import RevocationSource
from congvan_core.signatures.sign_signer import our_errors, run
from congvan_core.signatures.sign_timestamp import TimeStamper


def add_validation_info(pdf: bytes, revocation: RevocationSource, *, field_name: str | None = None) -> bytes:
    """Certificates, CRLs and OCSP answers of every signature (or of one) and of its time stamp put into the file: B-LT.

    Nothing is written where all of it is there already. Raises NotFoundError (no such signature), RefusedError (a
    signature does not verify, or its chain or revocation does not), UnreadableError.
    """
    with our_errors("thêm dữ liệu kiểm tra"):
        return run(_add(pdf, revocation, field_name))


async def _add(pdf: bytes, revocation: RevocationSource, field_name: str | None) -> bytes:
    from pyhanko.sign.validation import dss

    names = [s.field_name for s in _reader(pdf).embedded_regular_signatures]
    if field_name is not None:
        names = [n for n in names if n == field_name]
    if not names:
        raise NotFoundError("Tệp không có chữ ký số nào để thêm dữ liệu kiểm tra.")
    async with revocation.contexts() as make:
        for name in names:
            signature = next(s for s in _reader(pdf).embedded_regular_signatures if s.field_name == name)
            await _sound(signature, make())
            # no VRI entries: optional (EN 319 142-1 5.4.2.3), and pyHanko would write them anew each time
            out = await dss.async_add_validation_info(
                signature, make(), in_place=False, embed_roots=False, add_vri_entry=False
            )
            pdf = _bytes(out)
    return pdf


async def _sound(signature: Any, context: Any) -> None:
    """pyHanko collects revocation data of any chain; what is kept must belong to a signature that verifies."""
    from pyhanko.sign.validation import async_validate_pdf_signature

    status = await async_validate_pdf_signature(signature, context, skip_diff=True)
    if not (status.intact and status.valid):
        raise RefusedError(f"Chữ ký “{signature.field_name}” không còn nguyên vẹn: không thêm dữ liệu kiểm tra.")


def add_archive_timestamp(pdf: bytes, timestamper: TimeStamper, revocation: RevocationSource) -> bytes:
    """A document time stamp over everything so far: B-LTA, or the next link of the chain where there is one.

    The last stamp's own validation data is put in first. Raises RefusedError (the last stamp does not verify),
    TemporaryError (no stamp came), UnreadableError.
    """
    with our_errors("đóng dấu thời gian lưu trữ"):
        return run(_stamp(pdf, timestamper, revocation))


async def _stamp(pdf: bytes, timestamper: TimeStamper, revocation: RevocationSource) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfTimeStamper

    reader = _reader(pdf)
    stamper = PdfTimeStamper(timestamper, readable_field_name="Dấu thời gian lưu trữ")
    async with revocation.contexts() as make:
        if reader.embedded_timestamp_signatures:
            out = await stamper.async_update_archival_timestamp_chain(reader, make(), in_place=False, embed_roots=False)
        else:
            writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
            out = await stamper.async_timestamp_pdf(writer, "sha256", validation_context=make(), embed_roots=False)
    return _bytes(out)


def archive_timestamps(pdf: bytes) -> list[datetime]:
    """The times of the document time stamps in order, as claimed by their tokens; nothing is verified here."""
    with our_errors("đọc dấu thời gian"):
        return [s.signed_data["encap_content_info"]["content"].parsed["gen_time"].native
                for s in _reader(pdf).embedded_timestamp_signatures]  # fmt: skip


def _reader(pdf: bytes) -> Any:
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(pdf))
    refuse_encrypted(reader)
    return reader


def _bytes(stream: Any) -> bytes:
    if hasattr(stream, "getbuffer"):
        return bytes(stream.getbuffer())
    stream.seek(0)
    out: bytes = stream.read()
    return out
