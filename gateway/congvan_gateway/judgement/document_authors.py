"""Who issued a document that came without a packet: the sender, where the agency's signature says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from congvan_core.agencies.keys import entitled_key
from congvan_core.agencies.lookup import bodies_of
from congvan_core.agencies.model import Agency
from congvan_core.documents.model import Party
from congvan_core.documents.text import squeeze
from congvan_core.findings import Finding
from congvan_core.ids import VIETNAM
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.origin import Origin


def establish(connection: Connection, seen: Inspection, origin: Origin, at: datetime) -> None:
    """Set ``origin.author`` for a document, or find that it is not established; then nothing is its duplicate."""
    if seen.kind not in ("package", "document") or seen.metadata is None or origin.author is not None:
        return
    if origin.sender is not None and not seen.from_packet:
        origin.author = _by_signature(connection, seen, origin, at)
    if origin.author is not None:
        author = origin.author
        raw = author.body.raw_code if author.body else author.contact_point.raw_code
        meta = replace(seen.metadata, author=Party(code=raw, name=author.name))
        if not meta.document_id and meta.number and meta.symbol and meta.issued_on:
            meta = replace(meta, document_id=f"{raw},{meta.issued_on:%Y/%m/%d},{meta.number}/{meta.symbol}")
        seen.metadata = meta
        seen.sources["from"] = "signature"
        return
    origin.findings.append(Finding("ORIGIN-AUTHOR-UNKNOWN"))


def _by_signature(connection: Connection, seen: Inspection, origin: Origin, at: datetime) -> Agency | None:
    main = seen.main
    report = seen.report_of(main.sha256) if main else None
    sender = origin.sender
    if report is None or sender is None:
        return None
    on = at.astimezone(VIETNAM).date()
    bodies = bodies_of(connection, sender.id, on)
    for signature in report["signatures"]:
        if signature["kind"] != "organization" or not signature["intact"]:
            continue
        fingerprint = (signature["signer"].get("sha256") or "").lower()
        name = squeeze(signature["signer"].get("name") or "").casefold()
        for body in bodies:
            key = entitled_key(connection, fingerprint, body.code, at, purposes=("document",)) if fingerprint else None
            if (key is not None and key.state == "confirmed") or name == squeeze(body.name).casefold():
                return Agency(sender, body, True)
        if not bodies and name == squeeze(sender.name).casefold():
            return Agency(sender, None, True)
    return None
