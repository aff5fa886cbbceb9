"""Sign PDF files (PAdES, ETSI EN 319 142-1) and any bytes (CMS); the front door to keys, tokens and appearances."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import VIETNAM, now
from congvan_core.signatures.sign_cms import sign_cms_detached
from congvan_core.signatures.sign_keys import (
    Expiry,
    MemoryKey,
    SigningKey,
    common_name,
    expiry,
    load_pem,
    load_pkcs12,
)
from congvan_core.signatures.sign_revocation import RevocationSource, source
from congvan_core.signatures.sign_signer import KeySigner, TimedPdfSigner, our_errors, reserve, run
from congvan_core.signatures.sign_timestamp import HttpTimeStamper, TimeStamper

if TYPE_CHECKING:
    from congvan_core.signatures.appearance import Appearance

__all__ = [
    "Expiry",
    "HttpTimeStamper",
    "MemoryKey",
    "RevocationSource",
    "SigningKey",
    "TimeStamper",
    "common_name",
    "expiry",
    "load_pem",
    "load_pkcs12",
    "sign_cms_detached",
    "sign_pdf",
    "source",
]

#: (left, bottom, right, top) in points of 1/72 inch, origin at the page's lower left corner.
Rect = tuple[float, float, float, float]
Kind = Literal["person", "agency"]

#: Bytes copied and hashed at a time; pyHanko's 4 kB cost more than the hash itself in large files.
CHUNK = 1 << 20
#: Field names used when the caller names none: the competent person's and the agency's signature.
PERSON_FIELD = "NguoiKy"
AGENCY_FIELD = "CoQuan"


@dataclass(frozen=True, slots=True)
class SignOptions:
    """Everything about one PDF signature besides the file and the key; see ``sign_pdf`` for the meaning."""

    kind: Kind = "person"
    appearance: Appearance | None = None
    field_name: str | None = None
    page: int | None = None
    rect: Rect | None = None
    timestamper: TimeStamper | None = None
    revocation: RevocationSource | None = None
    archive: bool = False
    certify: bool | None = None
    docmdp: int = 2
    open_fields: Sequence[str] | None = None
    reserve_agency: bool = False
    reserve: Sequence[tuple[str, int, Rect]] = ()
    signing_time: datetime | None = None
    reason: str | None = None
    location: str | None = None
    digest: str = "sha256"
    extra: dict[str, Any] = field(default_factory=dict)


def sign_pdf(pdf: bytes, key: SigningKey, **options: Any) -> bytes:
    """The file with one more signature as an incremental update; ``pdf``'s own bytes stay untouched at the front.

    Options (``SignOptions``):
    ``kind``: ``person`` (người có thẩm quyền) or ``agency`` (con dấu cơ quan); it decides defaults only.
    ``appearance``: what is drawn (``appearance.py``); None signs invisibly.
    ``field_name``: an existing empty signature field, or the name of a new one.
    ``page``, ``rect``: 0-based page (negative from the end) and place of a new field. An agency's seal whose place is
    not given overlaps a third of the person's signature on its left (NĐ 30/2020, Phụ lục I, ô số 8).
    ``timestamper``: B-T. ``revocation``: with it B-LT; ``archive``: B-LTA.
    ``certify``: a certification signature (DocMDP); None certifies where fields for all later signatures are laid
    (``reserve_agency``, ``reserve``), because after a certification a reader takes no new visible field for permitted.
    ``docmdp``: 1 nothing, 2 form filling and further signatures, 3 also annotations.
    ``open_fields``: names of form fields that may still be filled; all others are locked (FieldMDP). None locks none.
    ``reserve_agency``: lay an empty field for the agency's seal before a person signs, so that sealing later only fills
    a field that was there. ``reserve``: (name, page, rect) of fields for further persons who sign in order.
    ``signing_time``: the claimed time (default: now); ``reason``, ``location``: text shown by readers.

    Raises UnreadableError (not a PDF, damaged, encrypted), InputError (bad place or name), RefusedError (the file's own
    rules or the certificate forbid it), TemporaryError (token or time stamp away).
    """
    opts = SignOptions(**options)
    with our_errors("ký số văn bản"):
        return run(_sign(pdf, key, opts))


async def _sign(pdf: bytes, key: SigningKey, opts: SignOptions) -> bytes:
    writer, signer_for, reserved = prepare(pdf, key, opts)
    if opts.revocation is None:
        out = await signer_for(None).async_sign_pdf(writer, bytes_reserved=reserved, chunk_size=CHUNK)
    else:
        async with opts.revocation.contexts() as make:
            out = await signer_for(make()).async_sign_pdf(writer, bytes_reserved=reserved, chunk_size=CHUNK)
    return bytes(out.getbuffer())


def prepare(pdf: bytes, key: SigningKey, opts: SignOptions, *, timestamp: bool | None = None) -> tuple[Any, Any, int]:
    """(incremental writer, function ValidationContext|None -> PdfSigner, digits to reserve) for one signature."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

    from congvan_core.signatures.sign_place import field_spec, is_certification, refuse_encrypted, reserve_fields

    if opts.docmdp not in (1, 2, 3):
        raise InputError("docmdp phải là 1, 2 hoặc 3.")
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    refuse_encrypted(writer.prev)
    earlier = list(writer.prev.embedded_signatures)
    opts = _reserving(opts, signed=bool(earlier))
    certify = opts.certify if opts.certify is not None else bool(opts.reserve_agency or opts.reserve)
    if certify and earlier:
        raise RefusedError("Chữ ký chứng thực (certification) phải là chữ ký đầu tiên của tệp.")
    name, spec = field_spec(writer, opts)
    if spec.new is not None and spec.rect is not None and any(is_certification(s) for s in earlier):
        raise RefusedError(
            "Chữ ký chứng thực trước đây không cho thêm ô chữ ký mới: "
            "cần đặt sẵn chỗ cho các chữ ký sau ngay khi ký lần đầu."
        )
    if opts.reserve_agency or opts.reserve:
        spec = reserve_fields(writer, spec, opts.reserve, AGENCY_FIELD if opts.reserve_agency else None)
    moment = (opts.signing_time or now()).astimezone(VIETNAM)
    style = opts.appearance.style(spec, key, moment) if opts.appearance is not None else None

    def signer_for(context: Any) -> TimedPdfSigner:
        meta = signers.PdfSignatureMetadata(
            field_name=name,
            md_algorithm=opts.digest,
            subfilter=SigSeedSubFilter.PADES,
            reason=opts.reason,
            location=opts.location,
            name=common_name(key.certificate),
            certify=certify,
            docmdp_permissions=MDPPerm(opts.docmdp),
            embed_validation_info=opts.revocation is not None,
            use_pades_lta=opts.revocation is not None and opts.archive,
            validation_context=context,
            # a certificate without the bit is a finding of the verifier, and refused by pyHanko only with a context
            signer_key_usage={"digital_signature"},
        )
        signer = TimedPdfSigner(
            meta, KeySigner(key), timestamper=opts.timestamper, stamp_style=style, new_field_spec=spec.new
        )
        signer.signing_time = moment
        return signer

    stamped = opts.timestamper is not None if timestamp is None else timestamp
    return writer, signer_for, reserve(key, timestamp=stamped)


def _reserving(opts: SignOptions, *, signed: bool) -> SignOptions:
    """Fields reserved for later signatures stay open, and are laid only under the first signature."""
    if not opts.reserve_agency and not opts.reserve:
        return opts
    if opts.kind != "person" or signed:
        raise InputError("Chỗ cho các chữ ký sau chỉ đặt được khi người có thẩm quyền ký đầu tiên.")
    later = [name for name, _, _ in opts.reserve] + ([AGENCY_FIELD] if opts.reserve_agency else [])
    return replace(opts, open_fields=(*(opts.open_fields or ()), *later))
