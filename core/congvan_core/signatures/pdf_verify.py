"""A PDF, measured: its signatures, what each covers, what came after, and what the file shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pikepdf

from congvan_core.documents.pdf_audit import audit_pdf
from congvan_core.findings import Finding
from congvan_core.signatures.certificates import read_certificate
from congvan_core.signatures.facts import ChangedAfter, FileFacts, SignatureFacts, TimestampFacts
from congvan_core.signatures.path_check import Setting
from congvan_core.signatures.pdf_appended import examine
from congvan_core.signatures.pdf_changes import rectangle, visible
from congvan_core.signatures.pdf_compare import Comparison
from congvan_core.signatures.pdf_later import Step, judge_later
from congvan_core.signatures.pdf_measure import SignedFile, measure_signature, measure_stamp
from congvan_core.signatures.pdf_number import number_added
from congvan_core.signatures.pdf_pages import NotCompletedError, Rect, compare
from congvan_core.signatures.pdf_revision import Revision, RevisionFile, open_pdf
from congvan_core.signatures.pdf_signatures import FoundSignature, find, form_fields
from congvan_core.signatures.pdf_xref import XrefError, XrefReader
from congvan_core.signatures.signer_check import trust_of_signature


def verify_pdf(data: Any, size: int, setting: Setting, base: FileFacts) -> FileFacts:
    """``data`` is bytes or a memory map; ``base`` holds name, digest and size. Never raises for a file's content."""
    file = SignedFile(data, size, setting, XrefReader(data))
    findings: list[Finding] = []
    try:
        whole = RevisionFile(data, size)
        probe = open_pdf(whole, data, size)
        pages, scanned = len(probe.pages), _scanned(probe)
        if probe.is_encrypted:
            findings.append(Finding("INTEGRITY-PERMISSIONS-PASSWORD"))
    except pikepdf.PasswordError:
        return replace(base, readable=False, findings=(Finding("INTEGRITY-ENCRYPTED"),))
    except Exception as error:
        # What stands in the file now cannot be shown; what was signed in it may still be told.
        altered = _open(file, findings)
        if not file.detached or any(one.fault for one in file.detached):
            unreadable = Finding("INTEGRITY-UNREADABLE", {"reason": type(error).__name__})
            return replace(base, readable=False, findings=(unreadable,))
        return replace(_measure(file, base, findings), altered=altered)
    base = replace(base, pages=pages, scanned=scanned)
    findings += audit_pdf(data, size, probe, file.reader)
    altered = _open(file, findings)
    if altered and not file.detached:
        findings.append(Finding("INTEGRITY-SIGNATURE-REMOVED", {"field": "?"}))
    if not file.found and not file.detached:
        return replace(base, altered=altered, findings=tuple(findings))
    if file.final is not None:
        _security_store(file.final.pdf, setting)
    measured = _measure(file, base, findings)
    return replace(measured, altered=altered or measured.altered)


def _scanned(pdf: pikepdf.Pdf) -> bool:
    """No font on the first pages: a picture of paper, without a text layer."""
    try:
        for page in list(pdf.pages)[:3]:
            fonts = page.resources.get("/Font")
            if isinstance(fonts, pikepdf.Dictionary) and len(fonts.keys()):
                return False
        return len(pdf.pages) > 0
    except Exception:
        return False


def _open(file: SignedFile, findings: list[Finding]) -> bool:
    """Find signatures in the file as it stands, and those in its bytes that the file no longer holds."""
    try:
        file.final = file.revision(file.size)
        file.found = find(file.data, file.size, file.final.pdf, file.final.xref, file.reader.base)
    except Exception as error:
        findings.append(Finding("INTEGRITY-REPAIRED", {"reason": str(error)[:120] or type(error).__name__}))
    known = {f.end for f in file.found if not f.fault}
    altered = False
    for end in _claimed_ends(file):
        if end in known or end > file.size:
            continue
        if end == file.size and file.final is not None:
            # A range over the whole file that no field leads to: the way to that signature was damaged or cut. Where
            # a signature was found with a fault, that one is it.
            altered = altered or not any(f.fault for f in file.found)
            continue
        try:
            revision = file.revision(end)
            inside = find(file.data, end, revision.pdf, revision.xref, file.reader.base)
        except Exception:  # noqa: S112 - no revision ends there
            continue
        for one in inside:
            if one.end == end and not one.fault and not any(one.contents == f.contents for f in file.detached):
                while any(one.field == f.field for f in (*file.found, *file.detached)):
                    one.field += "′"
                file.detached.append(one)
                altered = True
    if file.final is None and not file.detached and next(iter(_claimed_ends(file)), None) is not None:
        file.detached.append(FoundSignature("?", "?", fault="not_a_revision"))
    return altered


def _claimed_ends(file: SignedFile) -> list[int]:
    """Where the byte ranges written in the file end, largest first; a handful at most."""
    import re

    ends: set[int] = set()
    blank = rb"[\x00\t\n\x0c\r ]"
    number = blank + rb"+(\d{1,12})"
    pattern = re.compile(rb"/ByteRange" + blank + rb"*\[" + blank + rb"*0+" + number * 3)
    pos = 0
    while (pos := file.data.find(b"/ByteRange", pos)) >= 0 and len(ends) < 40:
        match = pattern.match(file.data, pos)
        if match:
            ends.add(int(match.group(2)) + int(match.group(3)))
        pos += 10
    return sorted(ends, reverse=True)


def _security_store(pdf: pikepdf.Pdf, setting: Setting) -> None:
    """Certificates, CRLs and OCSP answers of the DSS: evidence, each proved by its own signature."""
    store = pdf.Root.get("/DSS")
    if not isinstance(store, pikepdf.Dictionary):
        return
    for key in ("/Certs", "/CRLs", "/OCSPs"):
        items = store.get(key)
        for stream in list(items)[:100] if isinstance(items, pikepdf.Array) else []:
            try:
                der = stream.read_bytes()
                if key == "/Certs":
                    setting.certificates.append(read_certificate(der))
                elif key == "/CRLs":
                    setting.sources.add_crl(der, "embedded")
                else:
                    setting.sources.add_ocsp(der, "embedded")
            except Exception:  # noqa: S112 - unreadable evidence is no evidence
                continue


def _measure(file: SignedFile, base: FileFacts, findings: list[Finding]) -> FileFacts:
    everything = [*file.found, *file.detached]
    _check_revisions(file)
    stamps = {f.field: measure_stamp(file, f) for f in everything if f.timestamp and not f.fault}
    for one in everything:
        if one.timestamp and one.fault:
            stamps[one.field] = TimestampFacts(None, False, False, _unknown(), "", fault=one.fault)
    measured: dict[str, SignatureFacts] = {}
    for one in everything:
        if not one.timestamp:
            proofs = tuple(s for s in stamps.values() if s.covers_end is not None and s.covers_end > one.end > 0)
            measured[one.field] = measure_signature(file, one, proofs)
    trusts = {n: trust_of_signature(s, file.setting.purposes) for n, s in measured.items()}
    steps = _steps(file, measured)
    signatures: list[SignatureFacts] = []
    for one in everything:
        facts = measured.get(one.field)
        if facts is None:
            continue
        if one in file.detached and not one.fault:
            removed = Finding("INTEGRITY-SIGNATURE-REMOVED", {"field": one.field})
            facts = replace(facts, changed_after=ChangedAfter.FORBIDDEN, findings=(*facts.findings, removed))
        elif not one.fault:
            after = [s for s in steps if s.start >= one.end]
            verdict = judge_later(one, facts, after, measured, stamps, trusts)
            facts = replace(
                facts,
                changed_after=verdict.changed,
                number_after=verdict.number_after,
                undecided_changes=verdict.undecided,
                covers_whole_file=all(s.appended.blank and not s.appended.junk for s in after),
                findings=(*facts.findings, *verdict.findings),
            )
        signatures.append(facts)
    altered = False
    for name, stamp in stamps.items():
        if not stamp.intact:
            findings.append(Finding("SIG-TIMESTAMP-BROKEN", {"field": name, "reason": stamp.fault}))
    if not measured and stamps:
        altered = any(s.appended.faults or s.changes.forbidden for s in steps)
        if altered:
            findings.append(Finding("INTEGRITY-CONTENT-CHANGED", {"field": "", "detail": "document time stamp"}))
    return replace(
        base,
        signatures=tuple(signatures),
        document_timestamps=tuple(stamps.values()),
        altered=altered,
        findings=tuple(findings),
    )


def _unknown() -> Any:
    from congvan_core.signatures.facts import Revocation

    return Revocation.UNKNOWN


def _check_revisions(file: SignedFile) -> None:
    """A signature must cover a whole revision: up to and with its end-of-file mark."""
    for one in file.found:
        if one.fault:
            continue
        tail = bytes(file.data[max(0, one.end - 32) : one.end]).rstrip(b"\x00\t\n\x0c\r ")
        if not tail.endswith(b"%%EOF"):
            one.fault = "not_a_revision"
            continue
        try:
            file.reader.revision(one.end)
        except (XrefError, RecursionError):
            one.fault = "not_a_revision"


def _steps(file: SignedFile, measured: dict[str, SignatureFacts]) -> list[Step]:
    """One step per pair of neighbouring signed revisions, and one to the end of the file."""
    ends = sorted({f.end for f in file.found if not f.fault})
    steps: list[Step] = []
    for start, end in zip(ends, [*ends[1:], file.size], strict=False):
        if start == end:
            continue
        step = Step(start, end)
        steps.append(step)
        try:
            _examine(file, step, measured)
        except NotCompletedError as error:
            step.not_completed = str(error)
        except (XrefError, pikepdf.PdfError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
            step.changes.refuse("broken_cross_reference", str(error)[:80])
    return steps


def _examine(file: SignedFile, step: Step, measured: dict[str, SignatureFacts]) -> None:
    base = file.reader.base
    xref = file.reader.revision(step.end)
    step.appended = examine(file.data, step.start, step.end, xref, base)
    if step.appended.blank or step.appended.faults:
        return
    old, new = file.revision(step.start), file.revision(step.end)
    file.budget.check()
    step.changes = changes = Comparison(old, new, file.data, file.budget.check).compare()
    if new.repaired and not old.repaired:
        changes.refuse("broken_cross_reference", "repaired")
    if changes.forbidden:
        return
    earlier = _signature_places(old)
    if changes.content_pages:
        if changes.content_pages == {0} and not changes.filled:
            here = [p.rect for p in changes.placed if p.page == 0]
            step.number = number_added(file.data, step.start, step.end, here, earlier.get(0, []), file.budget)
        return
    quiet = set(range(len(new.pdf.pages))) if changes.everywhere else changes.quiet
    if changes.placed or changes.filled or changes.notes or quiet:
        step.seen = compare(file.data, step.start, step.end, changes.placed, earlier, file.budget, quiet=quiet)


def _signature_places(revision: Revision) -> dict[int, list[Rect]]:
    """Where the signatures of a revision show, by page."""
    places: dict[int, list[Rect]] = {}
    for node in form_fields(revision.pdf).values():
        if node.kind != "/Sig" or "/V" not in node.obj:
            continue
        for widget in node.widgets:
            rect = rectangle(widget)
            if widget.is_indirect and visible(widget) and rect is not None:
                places.setdefault(widget.objgen[0], []).append(rect)
    found: dict[int, list[Rect]] = {}
    for index, page in enumerate(revision.pdf.pages) if places else ():
        notes = page.obj.get("/Annots")
        for note in notes if isinstance(notes, pikepdf.Array) else ():
            if isinstance(note, pikepdf.Dictionary) and note.objgen[0] in places:
                found.setdefault(index, []).extend(places[note.objgen[0]])
    return found


__all__ = ["verify_pdf"]
