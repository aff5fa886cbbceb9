"""What later revisions mean for one signature: permitted or forbidden, and which finding says so."""

from __future__ import annotations

from dataclasses import dataclass, field

from congvan_core.findings import Finding
from congvan_core.signatures.facts import ChangedAfter, SignatureFacts, SignerKind, TimestampFacts, Trust
from congvan_core.signatures.pdf_appended import Appended
from congvan_core.signatures.pdf_changes import Changes
from congvan_core.signatures.pdf_number import Added
from congvan_core.signatures.pdf_pages import Seen
from congvan_core.signatures.pdf_signatures import FoundSignature, locked

_CODES = {
    "hidden_object_revived": "INTEGRITY-SHADOW-CONTENT",
    "missing_object_supplied": "INTEGRITY-SHADOW-CONTENT",
    "object_stream_replaced": "INTEGRITY-SHADOW-CONTENT",
    "object_removed": "INTEGRITY-SHADOW-CONTENT",
    "font_replaced": "INTEGRITY-SHADOW-CONTENT",
    "page_replaced": "INTEGRITY-SHADOW-CONTENT",
    "catalog_changed": "INTEGRITY-SHADOW-CONTENT",
    "object_replaced": "INTEGRITY-CONTENT-CHANGED",
    "page_changed": "INTEGRITY-CONTENT-CHANGED",
    "pages_changed": "INTEGRITY-CONTENT-CHANGED",
    "annotation_added": "INTEGRITY-ANNOTATION-ADDED",
    "annotation_changed": "INTEGRITY-ANNOTATION-ADDED",
    "annotation_removed": "INTEGRITY-ANNOTATION-ADDED",
    "field_added": "INTEGRITY-FIELD-CHANGED",
    "field_removed": "INTEGRITY-FIELD-CHANGED",
    "field_changed": "INTEGRITY-FIELD-CHANGED",
    "field_moved": "INTEGRITY-FIELD-CHANGED",
    "field_shown_or_hidden": "INTEGRITY-FIELD-CHANGED",
    "form_changed": "INTEGRITY-FIELD-CHANGED",
    "form_removed": "INTEGRITY-FIELD-CHANGED",
    "form_resources_changed": "INTEGRITY-SHADOW-CONTENT",
    "signature_field_changed": "INTEGRITY-SIGNATURE-REPLACED",
    "signature_appearance_replaced": "INTEGRITY-SIGNATURE-REPLACED",
    "unsigned_field_with_appearance": "INTEGRITY-ANNOTATION-ADDED",
    "appearance_not_always_shown": "INTEGRITY-ANNOTATION-ADDED",
    "object_in_two_roles": "INTEGRITY-SHADOW-CONTENT",
    "hidden_startxref": "INTEGRITY-BYTES-NOT-COVERED",
    "unaccounted_bytes": "INTEGRITY-BYTES-NOT-COVERED",
    "no_cross_reference": "INTEGRITY-BYTES-NOT-COVERED",
    "unlisted_object": "INTEGRITY-BYTES-NOT-COVERED",
    "broken_cross_reference": "INTEGRITY-BYTES-NOT-COVERED",
}


@dataclass(slots=True)
class Step:
    """From one signed revision to the next (or to the end of the file)."""

    start: int
    end: int
    appended: Appended = field(default_factory=Appended)
    changes: Changes = field(default_factory=Changes)
    seen: Seen | None = None
    number: Added | None = None
    not_completed: str | None = None


@dataclass(slots=True)
class Verdict:
    changed: ChangedAfter = ChangedAfter.NONE
    number_after: bool = False
    undecided: bool = False
    findings: list[Finding] = field(default_factory=list)

    def forbid(self, code: str, **evidence: object) -> None:
        self.changed = ChangedAfter.FORBIDDEN
        finding = Finding(code, evidence)
        if finding not in self.findings:
            self.findings.append(finding)

    def permit(self, code: str | None = None, **evidence: object) -> None:
        if self.changed is ChangedAfter.NONE:
            self.changed = ChangedAfter.PERMITTED
        if code is not None:
            self.findings.append(Finding(code, evidence))


def judge_later(
    found: FoundSignature,
    facts: SignatureFacts,
    steps: list[Step],
    later: dict[str, SignatureFacts],
    stamps: dict[str, TimestampFacts],
    trusts: dict[str, Trust],
) -> Verdict:
    """``steps`` are those after this signature; ``later`` and ``stamps`` the measured signatures by field name."""
    verdict = Verdict()
    name = found.field
    for step in steps:
        if step.appended.blank:
            if step.appended.junk:
                verdict.findings.append(
                    Finding("INTEGRITY-TRAILING-BYTES", {"field": name, "bytes": len(step.appended.junk)})
                )
            continue
        for word in step.appended.faults:
            verdict.forbid(_CODES.get(word, "INTEGRITY-BYTES-NOT-COVERED"), field=name, reason=word)
        for word, detail in step.changes.forbidden:
            verdict.forbid(_CODES.get(word, "INTEGRITY-CONTENT-CHANGED"), field=name, reason=word, detail=detail)
        verdict.permit()
        _signatures(found, step, verdict, later, stamps, trusts)
        _fields(found, step, verdict)
        _content(found, facts, step, verdict, later)
        if step.seen is not None:
            for other, page in step.seen.covered:
                verdict.forbid("INTEGRITY-SIGNATURE-COVERS-CONTENT", field=name, by=other, page=page + 1)
            for other in step.seen.unlike:
                verdict.forbid("INTEGRITY-FIELD-CHANGED", field=name, reason="appearance_without_value", detail=other)
            for page in {*step.seen.stray, *step.seen.text}:
                verdict.forbid("INTEGRITY-PAGES-DIFFER", field=name, page=page + 1)
        if step.not_completed and verdict.changed is not ChangedAfter.FORBIDDEN:
            verdict.undecided = True
            verdict.findings.append(Finding("INTEGRITY-NOT-COMPLETED", {"field": name, "reason": step.not_completed}))
    return verdict


def _signatures(
    found: FoundSignature,
    step: Step,
    verdict: Verdict,
    later: dict[str, SignatureFacts],
    stamps: dict[str, TimestampFacts],
    trusts: dict[str, Trust],
) -> None:
    for other in step.changes.signatures:
        if other in stamps:
            if not stamps[other].intact:
                verdict.forbid("INTEGRITY-LATER-SIGNATURE-INVALID", field=found.field, by=other)
            elif any(p.field == other for p in step.changes.placed):
                # Anyone can have a time stamp made: nothing vouches for what a picture of it says on the page.
                verdict.forbid("INTEGRITY-ANNOTATION-ADDED", field=found.field, detail=f"DocTimeStamp {other}")
            continue
        measured = later.get(other)
        if measured is None or not measured.intact:
            verdict.forbid("INTEGRITY-LATER-SIGNATURE-INVALID", field=found.field, by=other)
        elif found.docmdp == 1:
            verdict.forbid("INTEGRITY-SIGNATURE-AFTER-LOCK", field=found.field, by=other)
        elif found.certified and trusts.get(other) in (Trust.UNTRUSTED, Trust.REVOKED):
            verdict.forbid("INTEGRITY-LATER-SIGNATURE-INVALID", field=found.field, by=other)


def _fields(found: FoundSignature, step: Step, verdict: Verdict) -> None:
    """ISO 32000-2 12.8.2.2: filling is allowed where this signature says so, by DocMDP 2 or 3 or by FieldMDP."""
    for name, (before, after) in step.changes.filled.items():
        stated = found.docmdp in (2, 3) or (found.docmdp is None and found.fieldmdp is not None)
        if not stated or locked(found.fieldmdp, name):
            verdict.forbid("INTEGRITY-FIELD-CHANGED", field=found.field, reason="not_permitted", detail=name)
        else:
            verdict.permit("SIG-FORM-FILLED", field=found.field, name=name, before=before, after=after)
    for page in step.changes.notes:
        if found.docmdp == 3:
            verdict.permit("SIG-ANNOTATED", field=found.field, page=page + 1)
        else:
            verdict.forbid("INTEGRITY-ANNOTATION-ADDED", field=found.field, page=page + 1)


def _content(
    found: FoundSignature, facts: SignatureFacts, step: Step, verdict: Verdict, later: dict[str, SignatureFacts]
) -> None:
    changes = step.changes
    if not changes.content_pages:
        return
    covering = [
        s
        for n in changes.signatures
        if (s := later.get(n)) is not None
        and s.intact
        and s.signer.kind is not SignerKind.PERSON
        and s.signer.sha256 != facts.signer.sha256
    ]
    if step.number is not None and covering and facts.signer.kind is not SignerKind.ORGANIZATION:
        verdict.number_after = True
        verdict.permit(
            "SIG-NUMBER-AFTER-SIGNATURE",
            field=found.field,
            by=covering[0].field,
            added="; ".join(step.number.lines),
            page=1,
            picture_png=step.number.picture,
        )
        return
    pages = [p + 1 for p in sorted(changes.content_pages)]
    words = sorted(changes.content_words)
    code = "INTEGRITY-CONTENT-CHANGED"
    if words and all(w in ("/FreeText", "/Stamp", "/Widget", "field") for w in words):
        code = "INTEGRITY-FIELD-CHANGED" if "field" in words else "INTEGRITY-ANNOTATION-ADDED"
    verdict.forbid(code, field=found.field, pages=pages, detail=", ".join(words))
