"""The form of a review card: what would stand in the register, what each source says of it, how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import by_name
from congvan_core.documents.text import fold, nfc, squeeze
from congvan_core.ids import VIETNAM
from congvan_core.integrity.likeness import same_body
from congvan_gateway.console.desk import Ask, Form

_LABELS = (
    ("number", "Số, ký hiệu"),
    ("date", "Ngày ban hành"),
    ("type", "Tên loại"),
    ("subject", "Trích yếu"),
    ("author", "Tác giả"),
    ("signer", "Người ký"),
)
#: A source less sure than this contradicts nobody.
_DOUBT = 0.6


@dataclass(slots=True)
class Field:
    """One line of the form. ``now``: what the judgement would register; ``value``: that, else the best proposal."""

    key: str
    label: str
    now: str
    value: str
    options: list[dict[str, Any]] = field(default_factory=list)

    @property
    def guessed(self) -> bool:
        """Filled from a proposal that the judgement did not take over."""
        return bool(self.value) and self.value != self.now

    @property
    def missing(self) -> bool:
        return not self.value and self.key in ("number", "date", "subject")

    @property
    def disputed(self) -> bool:
        """Two sources that are each rather sure say different things. An abstract is never the same word for word."""
        said = [o["value"] for o in self.options if o["confidence"] >= _DOUBT]
        if self.key == "author":
            return any(not same_body(said[0], other) for other in said[1:])
        return self.key != "subject" and len({fold(value) for value in said}) > 1


def fields(row: Row[Any]) -> list[Field]:
    """The form of the mail's main document."""
    report: Mapping[str, Any] = row.report or {}
    current = _current(report)
    said = _said(report)
    out = []
    for key, label in _LABELS:
        now, options = current[key], said.get(key, [])
        best = options[0]["value"] if options else ""
        out.append(Field(key, label, now, now or best, options if len(options) > 1 or not now else []))
    return out


def _current(report: Mapping[str, Any]) -> dict[str, str]:
    meta = report.get("metadata") or {}
    number, symbol = meta.get("number") or "", meta.get("symbol") or ""
    return {
        "number": f"{number}/{symbol}" if number and symbol else number or symbol,
        "date": meta.get("date") or "",
        "type": meta.get("type") or "",
        "subject": meta.get("subject") or "",
        "author": (meta.get("from") or {}).get("name") or "",
        "signer": (meta.get("signer") or {}).get("full_name") or "",
    }


def _said(report: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The proposals of the main document, the surest first, equal values once."""
    proposals: Sequence[Mapping[str, Any]] = report.get("proposals") or []
    if not proposals:
        return {}
    out: dict[str, list[dict[str, Any]]] = {}
    for key, values in (proposals[0].get("values") or {}).items():
        kept: dict[str, dict[str, Any]] = {}
        for one in values:
            text = str(one.get("value") or "")
            known = kept.setdefault(text, {"value": text, "sources": [], "confidence": 0.0})
            known["sources"].append(str(one.get("source") or ""))
            known["confidence"] = max(known["confidence"], float(one.get("confidence") or 0))
        out[key] = sorted(kept.values(), key=lambda v: -v["confidence"])
    return out


def changes(ask: Ask, row: Row[Any], form: Form) -> dict[str, str]:
    """What the clerk's form says otherwise than the judgement; empty where the form was not sent or nothing differs."""
    if not form.has("card"):
        return {}
    out: dict[str, str] = {}
    for one in fields(row):
        given = squeeze(nfc(form.text(one.key, 1000)))
        if given != squeeze(nfc(one.now)):
            out[one.key] = given
    if out.get("author"):
        with ask.app.database.read() as connection:
            out |= _author_code(connection, ask, out["author"])
    if urgency := form.text("urgency", 20):
        from congvan_core.documents.urgency import parse

        if int(parse(urgency)) != row.urgency:
            out["urgency"] = urgency
    return out


def _author_code(connection: Connection, ask: Ask, name: str) -> dict[str, str]:
    """The directory's code of a body named exactly; an unknown author stays a name."""
    found = by_name(connection, name, ask.now.astimezone(VIETNAM).date())
    return {"author_code": found[0].code} if len(found) == 1 else {}
