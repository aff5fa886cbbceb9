"""The five facts of khoản 2 Điều 15, from the packet, the file's name, the page, the signature and the subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from congvan_core.documents import filename, page_facts
from congvan_core.documents.extract_text import ExtractedText
from congvan_core.documents.page_facts import PageFacts
from congvan_core.integrity import (
    SourceFacts,
    compare,
    from_file_name,
    from_metadata,
    from_page,
    from_signature,
    from_subject,
)
from congvan_core.integrity.likeness import same_body
from congvan_core.signatures.signer_kind import is_portal
from congvan_gateway.judgement.model import Inspection

#: Names of the comparison's values as the public ``metadata.sources`` has them.
_PUBLIC = {"author": "from"}


def compare_sources(seen: Inspection, text: ExtractedText | None) -> None:
    """Compare what the sources say of the main document, fill what the packet leaves open, say where each came from."""
    meta, main = seen.metadata, seen.main
    if meta is None:
        return
    report = seen.report_of(main.sha256) if main is not None else None
    page = page_facts.read(text) if text is not None else PageFacts()
    facts: list[SourceFacts] = []
    if seen.from_packet:
        facts.append(from_metadata(meta))
    if text is not None and not page.empty:
        facts.append(from_page(page, report.get("pages") if report else text.page_count))
    if report is not None:
        facts.append(signature_facts(report))
    subject = from_subject(seen.subject)
    if subject.number is not None:
        facts.append(subject)
    parsed = filename.parse(main.filename) if main is not None else None
    if parsed is not None:
        facts.append(from_file_name(parsed))
    result = compare(facts, forwarded=_forwarded(seen, page, report))
    seen.findings.extend(replace(f, file=f.file or (main.filename if main else None)) for f in result.findings)
    seen.sources = {_PUBLIC.get(key, key): source for key, source in result.sources.items()}
    seen.facts = {key: dict(values) for key, values in result.seen.items()}
    meta = result.apply(meta)
    if not meta.signer.position and page.signer is not None and not seen.from_packet:
        meta = replace(meta, signer=page.signer.value)
    if page.urgency is not None and page.urgency.value > seen.urgency:
        seen.urgency = page.urgency.value  # the stamp on the page counts, whatever the subject forgot
        meta = replace(meta, urgency=seen.urgency)
        seen.sources["urgency"] = "page"
    seen.metadata = meta


def signature_facts(report: Mapping[str, Any]) -> SourceFacts:
    """What a document's signatures say: the agency, the person, and the best known time of the first signature."""
    organization = signer = ""
    times: list[datetime] = []
    for signature in report["signatures"]:
        if not signature["intact"]:
            continue
        name = signature["signer"]["name"] or ""
        if signature["kind"] == "organization" and not is_portal(name):
            organization = organization or name
        elif signature["kind"] == "person":
            signer = signer or signature["signer"]["name"] or ""
        stamp = signature.get("timestamp") or {}
        moment = stamp.get("time") if stamp.get("intact") else signature.get("claimed_time")
        if moment:
            times.append(datetime.fromisoformat(moment))
    return from_signature(organization, signer, times[0] if times else None)


def _forwarded(seen: Inspection, page: PageFacts, report: Mapping[str, Any] | None) -> bool:
    """Whether the page's author, another than the packet's, signed the document himself: it is passed on."""
    if not seen.from_packet or page.author is None or report is None:
        return False
    return any(
        s["intact"] and s["kind"] == "organization" and same_body(page.author.value, s["signer"]["name"] or "")
        for s in report["signatures"]
    )
