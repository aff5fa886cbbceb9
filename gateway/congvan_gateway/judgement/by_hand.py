"""What a clerk corrected or grouped, applied to what was measured: his word stands beside the sources and overrules
them for the register; what was measured stays in the findings, as a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from congvan_core.documents import filename, number, types, urgency
from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, Party
from congvan_core.documents.text import nfc, squeeze
from congvan_core.errors import InputError
from congvan_core.findings import Finding, Severity
from congvan_core.journal.writing import clean
from congvan_gateway.judgement.human_mail import parts_of as proposed_parts
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.quarantine.arrangement import Arrangement

#: Field -> longest value. ``number`` and ``symbol`` may each hold the whole (``12/QĐ-UBND``).
FIELDS: dict[str, int] = {
    "number": 80, "symbol": 80, "date": 10, "type": 100, "subject": 1000, "urgency": 40, "signer": 100,
    "signer_position": 100, "author_code": 35, "author": 200, "pages": 6, "due_date": 10,
}  # fmt: skip

#: What a correction settles: the sources disagreed, or were silent; a person has looked and said which is right.
_SETTLES: dict[str, frozenset[str]] = {
    "number": frozenset({"INTEGRITY-NUMBER-DIFFERS", "INTEGRITY-NUMBER-UNSURE", "INTEGRITY-NUMBER-MISSING"}),
    "date": frozenset(
        {"INTEGRITY-DATE-DIFFERS", "INTEGRITY-DATE-UNSURE", "INTEGRITY-DATE-MISSING", "INTEGRITY-YEAR-DIFFERS"}
    ),
    "type": frozenset({"INTEGRITY-TYPE-DIFFERS", "INTEGRITY-TYPE-AMBIGUOUS"}),
    "subject": frozenset({"INTEGRITY-SUBJECT-DIFFERS"}),
    "author_code": frozenset({"INTEGRITY-AUTHOR-DIFFERS", "ORIGIN-AUTHOR-UNKNOWN", "ORIGIN-PACKET-SENDER"}),
    "author": frozenset({"INTEGRITY-AUTHOR-DIFFERS"}),
    "signer": frozenset({"INTEGRITY-SIGNER-DIFFERS"}),
    "pages": frozenset({"INTEGRITY-PAGE-COUNT-DIFFERS"}),
}
_PUBLIC = {"author_code": "from", "author": "from", "signer_position": "signer", "due_date": "due_date"}


def checked(changes: Mapping[str, str]) -> dict[str, str]:
    """The changes in their stored form: number and symbol apart, dates ISO, one spelling of the type.

    Raises InputError, in words for the clerk, for a field that does not exist or a value that it cannot hold.
    """
    out: dict[str, str] = {}
    for key, value in changes.items():
        if key not in FIELDS:
            raise InputError(f"Không có mục “{key[:40]}” để sửa; các mục sửa được: {', '.join(FIELDS)}")
        text = clean(squeeze(nfc(str(value))), FIELDS[key] + 1)
        if len(text) > FIELDS[key]:
            raise InputError(f"Nội dung sửa ở mục “{key}” dài quá {FIELDS[key]} ký tự")
        out[key] = text
    _split_number(out)
    for key in ("date", "due_date"):
        if out.get(key):
            out[key] = _day(out[key]).isoformat()
    if out.get("type"):
        known = types.by_name(out["type"]) or types.by_name(out["type"], normative=True)
        out["type"] = known.name if known is not None else out["type"]
    if "urgency" in out:
        out["urgency"] = urgency.parse(out["urgency"]).vi
    if out.get("pages") and not (out["pages"].isascii() and out["pages"].isdigit() and 0 < int(out["pages"]) < 100_000):
        raise InputError("Số trang phải là một số từ 1 đến 99999")
    return out


def _split_number(out: dict[str, str]) -> None:
    """``12/QĐ-UBND`` in either field fills both; both given must agree."""
    bare, symbol = out.get("number", ""), out.get("symbol", "")
    whole = number.try_parse(bare)
    if whole is not None:
        if symbol and not number.from_parts(symbol, whole.number).same_as(whole):
            raise InputError(f"“{bare}” và “{symbol}” không khớp nhau; chỉ nên ghi số, ký hiệu ở một nơi")
        bare, symbol = whole.number, whole.notation
    elif symbol and not bare and (whole := number.try_parse(symbol)) is not None and whole.year is None:
        bare, symbol = whole.number, whole.notation
    if bare and symbol:
        parsed = number.from_parts(symbol, bare)
        out["number"], out["symbol"] = parsed.number, parsed.notation
    elif bare and number.try_parse(f"{bare}/X") is None:
        raise InputError(f"“{bare}” không phải là số văn bản; ví dụ đúng: 12, 05, 12a, 12/QĐ-UBND")


def _day(text: str) -> date:
    """ISO or as people write it here, 05/8/2026."""
    pieces = text.replace(".", "/").replace("-", "/").split("/")
    try:
        if len(pieces) == 3 and all(p.isascii() and p.isdigit() for p in pieces):
            first, middle, last = (int(p) for p in pieces)
            found = date(first, middle, last) if len(pieces[0]) == 4 else date(last, middle, first)
            if 1945 <= found.year <= 2200:
                return found
    except ValueError:
        pass
    raise InputError(f"“{text[:20]}” không phải là ngày; ví dụ đúng: 05/8/2026")


def apply(seen: Inspection, made: Arrangement) -> None:
    """Correct and group ``seen`` in place; a clerk's word of one document only touches what concerns that one."""
    if not made:
        return
    seen.by_hand = True
    if made.groups:
        seen.groups = [list(group) for group in made.groups]
        named = {digest for group in seen.groups for digest in group}
        beside = (FileRole.METADATA, FileRole.SIGNATURE)
        rest = [a.sha256 for a in seen.attachments if a.role not in beside and a.sha256 not in named]
        seen.groups[0].extend(dict.fromkeys(rest))  # a file that nobody named stays with the first document
        seen.findings = [_noted(f) if f.code == "CONTENT-SEVERAL-DOCUMENTS" else f for f in seen.findings]
    seen.corrections = {part: made.values(part) for part in range(max(1, len(seen.groups)))}
    if len(seen.groups) == 1:
        _take_over(seen, _group(seen, 0))
    elif not seen.groups:
        _correct(seen, seen.corrections[0])


def parts_of(seen: Inspection) -> list[Inspection]:
    """The documents of a mail: as a clerk grouped them, else as they were proposed; one part where there is one."""
    if len(seen.groups) < 2:
        return [seen] if seen.groups else proposed_parts(seen)
    return [_group(seen, index) for index in range(len(seen.groups))]


def _take_over(seen: Inspection, part: Inspection) -> None:
    for name in ("attachments", "metadata", "sources", "findings", "urgency"):
        setattr(seen, name, getattr(part, name))


def _group(seen: Inspection, index: int) -> Inspection:
    """One document of the mail with its own files, facts and corrections."""
    main_sha, *others = seen.groups[index]
    wanted = {main_sha, *others}
    # Packet and signatures of the mail stay with every document of it: they prove where it came from.
    attachments = [
        replace(a, role=_role(a.role, a.sha256 == main_sha))
        for a in seen.attachments
        if a.sha256 in wanted or a.role in (FileRole.METADATA, FileRole.SIGNATURE)
    ]
    main = seen.main
    if main is not None and main.sha256 == main_sha:
        meta = seen.metadata or DocumentMetadata()
        sources = dict(seen.sources)
    else:
        meta, sources = _proposed(seen, main_sha)
    kept = (FileRole.MAIN, FileRole.ENCLOSURE, FileRole.FINAL_DRAFT)
    refs = tuple(FileRef(a.filename, a.media_type, a.role, a.sha256, a.size) for a in attachments if a.role in kept)
    whole = len(seen.groups) == 1
    made = replace(
        seen,
        attachments=attachments,
        metadata=replace(meta, files=refs),
        sources=sources,
        verification=seen.verification if whole else [v for v in seen.verification if v["sha256"] in wanted],
        findings=list(seen.findings),
        proposals=[],
        groups=[],
    )
    _correct(made, seen.corrections.get(index, {}))
    return made


def _role(role: FileRole, main: bool) -> FileRole:
    if main:
        return FileRole.MAIN
    return FileRole.ENCLOSURE if role is FileRole.MAIN else role


def _proposed(seen: Inspection, sha256: str) -> tuple[DocumentMetadata, dict[str, str]]:
    """What was read of a file that is not the mail's main document; else what its name says."""
    base = DocumentMetadata(author=seen.metadata.author if seen.metadata else Party(), urgency=seen.urgency)
    values: dict[str, Sequence[Mapping[str, Any]]] = next(
        (p["values"] for p in seen.proposals if p["sha256"] == sha256), {}
    )
    best = {key: found[0] for key, found in values.items() if found}
    if not best:
        name = next((a.filename for a in seen.attachments if a.sha256 == sha256), "")
        parsed = filename.parse(name)
        if parsed is None:
            return base, {}
        value, day = parsed.number_symbol, parsed.issued_on
        said = replace(base, number=value.number, symbol=value.notation, issued_on=day, subject=parsed.subject_words)
        return said, dict.fromkeys(("number", "symbol", "date", "subject"), "file_name")
    read = number.try_parse(str(best["number"]["value"])) if "number" in best else None
    dates = [v for v in values.get("date", ()) if v["confidence"] >= 0.6]
    said = replace(
        base,
        number=read.number if read else "",
        symbol=read.notation if read else "",
        issued_on=date.fromisoformat(str(dates[0]["value"])) if dates else None,
        subject=str(best["subject"]["value"]) if "subject" in best else "",
        type_name=str(best["type"]["value"]) if "type" in best else "",
    )
    return said, {key: str(found["source"]) for key, found in best.items()}


def _correct(seen: Inspection, values: Mapping[str, str]) -> None:
    if not values:
        return
    meta = seen.metadata or DocumentMetadata()
    plain: dict[str, Any] = {}
    for key, attribute in (("number", "number"), ("symbol", "symbol"), ("type", "type_name"), ("subject", "subject")):
        if key in values:
            plain[attribute] = values[key]
    for key, attribute in (("date", "issued_on"), ("due_date", "due_on")):
        if key in values:
            plain[attribute] = date.fromisoformat(values[key]) if values[key] else None
    if "pages" in values:
        plain["pages"] = int(values["pages"]) if values["pages"] else None
    if "urgency" in values:
        plain["urgency"] = seen.urgency = urgency.parse(values["urgency"])
    if "type" in values:
        plain["type_code"] = plain["type_detail"] = None
    signer = meta.signer
    if "signer" in values:
        signer = replace(signer, full_name=values["signer"])
    if "signer_position" in values:
        signer = replace(signer, position=values["signer_position"])
    author = meta.author
    if "author_code" in values or "author" in values:
        author = Party(code=values.get("author_code", ""), name=values.get("author", ""))
    seen.metadata = replace(meta, **plain, signer=signer, author=author)
    seen.sources = seen.sources | {_PUBLIC.get(key, key): "clerk" for key in values}
    settled = frozenset(code for key in values for code in _SETTLES.get(key, ()))
    seen.findings = [_noted(f) if f.code in settled else f for f in seen.findings]


def _noted(finding: Finding) -> Finding:
    return replace(finding, severity_override=Severity.INFO)


def settled_origin(seen: Inspection, findings: list[Finding]) -> list[Finding]:
    """The directory's findings about the author, where a clerk named him: notes."""
    if seen.sources.get("from") != "clerk":
        return findings
    return [_noted(f) if f.code in _SETTLES["author_code"] else f for f in findings]
