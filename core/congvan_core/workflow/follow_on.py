"""A draft about a document that was issued: đính chính, thay thế, thu hồi, prefilled with what is known (NĐ 30/2020 Điều 18).

A wrong content is amended or replaced by a document of equal form; wrong form or procedure is corrected by a công văn of the
issuer (khoản 3); what is recalled is destroyed by whoever received it, who says so (khoản 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from sqlalchemy import Connection, select

from congvan_core.documents.store import StoredDocument, get_document
from congvan_core.documents.types import by_abbreviation
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import InputError, RefusedError
from congvan_core.storage.schema import contact_point, issuing_body


class Concern(str, Enum):
    """What a draft does to the document that it is about."""

    CORRECT = "correct"
    REPLACE = "replace"
    RECALL = "recall"

    @property
    def vi(self) -> str:
        return {"correct": "Đính chính", "replace": "Thay thế", "recall": "Thu hồi"}[self.value]


@dataclass(frozen=True, slots=True)
class FollowOn:
    """What the new draft begins with; ``text`` is the body of its letter, gaps marked by dots."""

    concern: Concern
    document_id: str
    type_name: str
    symbol: str
    subject: str
    body_code: str
    signer_name: str
    text: str


def read_concern(text: str) -> Concern:
    """Raises InputError for a word that names none."""
    try:
        return Concern(text)
    except ValueError:
        raise InputError("Việc với văn bản đã phát hành phải là đính chính, thay thế hoặc thu hồi.") from None


def target_of(connection: Connection, document_id: str, agency_id: str) -> StoredDocument:
    """The issued document. Raises NotFoundError, RefusedError (another agency's, an arrival, recalled, frozen)."""
    there = get_document(connection, document_id)
    if there.agency_id != agency_id or there.direction != "outgoing" or there.state not in ("issued", "registered"):
        raise RefusedError("Chỉ đính chính, thay thế, thu hồi văn bản đi đã phát hành và đang có hiệu lực.")
    require_unfrozen(connection, f"document:{document_id}")
    return there


def follow_on(
    connection: Connection, document_id: str, concern: Concern, *, agency_id: str, unit_code: str = ""
) -> FollowOn:
    """What the draft begins with. Raises as :func:`target_of`."""
    there = target_of(connection, document_id, agency_id)
    name = _named(there)
    author = _author(connection, there)
    if concern is Concern.REPLACE:
        type_name, symbol, subject = there.type_name or "Công văn", there.symbol or "", there.subject or ""
    else:
        type_name, symbol = "Công văn", _letter_symbol(there.symbol or "", unit_code)
        subject = f"V/v {concern.vi.lower()} {name}"
    return FollowOn(
        concern, document_id, type_name, symbol, subject[:1000], there.author_code or "", there.signer_name or "",
        letter_text(concern, name, there.subject or "", author),
    )  # fmt: skip


def letter_text(concern: Concern, name: str, subject: str, author: str) -> str:
    """The body of the letter in the office's own words; what only a person knows is left as dots."""
    about = f"{author} đã ban hành {name}" + (f" {_about(subject)}" if subject else "") + "."
    if concern is Concern.REPLACE:
        return (
            f"…\nVăn bản này thay thế {name} của {author}.\n"
            "Các cơ quan, đơn vị, cá nhân có liên quan chịu trách nhiệm thi hành./."
        )
    if concern is Concern.RECALL:
        return (
            f"{about}\nDo …, {author} thu hồi văn bản nêu trên.\n"
            "Đề nghị quý cơ quan hủy bỏ văn bản điện tử bị thu hồi trên hệ thống của mình và thông báo lại để "
            f"{author} biết (khoản 4 Điều 18 Nghị định số 30/2020/NĐ-CP).\n{author} trân trọng thông báo./."
        )
    return (
        f"{about}\nDo sơ suất về thể thức, kỹ thuật trình bày, {author} đính chính như sau "
        "(khoản 3 Điều 18 Nghị định số 30/2020/NĐ-CP):\n"
        "Tại … (trang …, dòng …), đã in: “…”.\nNay đính chính là: “…”.\n"
        f"Các nội dung khác của văn bản không thay đổi. {author} thông báo để quý cơ quan biết, thực hiện./."
    )


def _about(subject: str) -> str:
    plain = subject.removeprefix("V/v ").strip()
    return plain if plain.casefold().startswith("về ") else f"về việc {plain[:1].lower()}{plain[1:]}"


def _named(there: StoredDocument) -> str:
    type_name = there.type_name or "Văn bản"
    day = f" ngày {written_day(there.issued_on)}" if there.issued_on else ""
    return f"{type_name} số {there.number_symbol}{day}"


def written_day(on: date) -> str:
    """As the page prints it: no zero before the months 3 to 12 (NĐ 30/2020 Phụ lục I)."""
    return (
        f"{on.day:02d} tháng {on.month:02d} năm {on.year}"
        if on.month < 3
        else f"{on.day:02d} tháng {on.month} năm {on.year}"
    )


def _letter_symbol(symbol: str, unit_code: str) -> str:
    """``QĐ-UBND`` and VP make ``UBND-VP``: a công văn has no type in its symbol (Điều 15)."""
    head, _, rest = symbol.partition("-")
    agency = rest if rest and by_abbreviation(head) is not None else symbol
    return f"{agency}-{unit_code}" if unit_code and not agency.endswith(f"-{unit_code}") else agency


def _author(connection: Connection, there: StoredDocument) -> str:
    name = connection.execute(
        select(issuing_body.c.name).where(issuing_body.c.code == there.author_code).limit(1)
    ).scalar_one_or_none()
    own = select(contact_point.c.name).where(contact_point.c.id == there.agency_id)
    return str(name or there.author_name or connection.execute(own).scalar_one())
