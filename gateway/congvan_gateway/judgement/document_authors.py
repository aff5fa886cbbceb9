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
from congvan_gateway.judgement.origin import Origin, signing_moment


def establish(connection: Connection, seen: Inspection, origin: Origin, at: datetime) -> None:
    """Set ``origin.author`` for a document, or find that it is not established; then nothing is its duplicate."""
    if seen.kind not in ("package", "document") or seen.metadata is None:
        return
    said = seen.sources.get("from") == "clerk"
    if origin.author is not None and not (said and not seen.from_packet):
        return
    if origin.sender is not None and not seen.from_packet and not said:
        origin.author = _by_signature(connection, seen, origin, at)
    if origin.author is not None:
        author = origin.author
        raw = author.body.raw_code if author.body else author.contact_point.raw_code
        meta = replace(seen.metadata, author=Party(code=raw, name=author.name))
        if not meta.document_id and meta.number and meta.symbol and meta.issued_on:
            meta = replace(meta, document_id=f"{raw},{meta.issued_on:%Y/%m/%d},{meta.number}/{meta.symbol}")
        seen.metadata = meta
        if not said:
            seen.sources["from"] = "signature"
        return
    origin.findings.append(Finding("ORIGIN-AUTHOR-UNKNOWN"))


def _by_signature(connection: Connection, seen: Inspection, origin: Origin, at: datetime) -> Agency | None:
    main = seen.main
    report = seen.report_of(main.sha256) if main else None
    sender = origin.sender
    if report is None or sender is None:
        return None
    # Who counted when it was issued: an abolished body is the author of its old documents for ever.
    moment = signing_moment(report) or at
    on = (seen.metadata.issued_on if seen.metadata else None) or moment.astimezone(VIETNAM).date()
    bodies = bodies_of(connection, sender.id, on) or bodies_of(connection, sender.id, at.astimezone(VIETNAM).date())
    for signature in report["signatures"]:
        if signature["kind"] != "organization" or not signature["intact"]:
            continue
        fingerprint = (signature["signer"].get("sha256") or "").lower()
        name = squeeze(signature["signer"].get("name") or "").casefold()
        for body in bodies:
            key = (
                entitled_key(connection, fingerprint, body.code, moment, purposes=("document",))
                if fingerprint
                else None
            )
            names = {squeeze(body.name).casefold(), squeeze(body.name_on(on)).casefold()}
            if (key is not None and key.state == "confirmed") or name in names:
                return Agency(sender, body, True)
        if not bodies and name == squeeze(sender.name).casefold():
            return Agency(sender, None, True)
    return None
