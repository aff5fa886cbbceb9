"""The Word file with which a drafter begins: the form of NĐ 30/2020, or a template of the agency, its fields filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Row

from congvan_core.agencies.lookup import by_code
from congvan_core.agencies.recipients import resolve_recipient
from congvan_core.errors import CongvanError, InputError, NotFoundError
from congvan_core.ids import VIETNAM
from congvan_core.workflow.draft_template import MAX_TEMPLATE, fill_template, standard_template
from congvan_core.workflow.follow_on import Concern, follow_on
from congvan_gateway.drafting.acts import blocks
from congvan_gateway.main import App

_URGENCY = ("", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC", "HỎA TỐC")


def templates(app: App) -> list[str]:
    """Names of the agency's own templates."""
    folder = app.settings.path(app.settings.signing.templates)
    return sorted(path.name for path in folder.glob("*.docx"))[:200] if folder.is_dir() else []


def word_file(app: App, row: Row[Any], template: str = "") -> tuple[str, bytes]:
    """(name, .docx) for a draft. Raises NotFoundError for a template that is not there, InputError, UnreadableError."""
    letter = row.type_name.casefold() == "công văn"
    if template:
        if template not in templates(app):
            raise NotFoundError("Không có mẫu văn bản này.")
        path = Path(app.settings.path(app.settings.signing.templates)) / template
        if path.stat().st_size > MAX_TEMPLATE:
            raise InputError("Mẫu văn bản lớn hơn 10 MB.")
        source = path.read_bytes()
    else:
        source = standard_template(letter=letter)
    plain = "".join(c if c.isalnum() else "-" for c in row.subject)[:60].strip("-") or "du-thao"
    return f"{plain}.docx", fill_template(source, values_of(app, row))


def values_of(app: App, row: Row[Any]) -> dict[str, str]:
    """What stands in the template's fields."""
    at = app.clock()
    on = at.astimezone(VIETNAM).date()
    block = blocks(app, row)[-1]
    with app.database.read() as connection:
        found = by_code(connection, row.body_code, on)
        names = []
        for one in row.recipients:
            try:
                names.append(resolve_recipient(connection, one, on).name)
            except CongvanError:
                names.append(one)
    body = found.body if found else None
    name = body.name if body else found.contact_point.name if found else ""
    lines = [*(f"- {one};" for one in ("Như trên", *names[1:])), "- Lưu: VT."] if names else ["- Lưu: VT."]
    return {
        "co_quan_chu_quan": ((body.governing_body if body else "") or "").upper(),
        "co_quan": name.upper(),
        "ky_hieu": row.symbol,
        "dia_danh": (body.place if body else "") or "Hải Phòng",
        "nam": str(on.year),
        "do_khan": _URGENCY[min(int(row.urgency), 4)],
        "ten_loai": row.type_name.upper(),
        "trich_yeu": row.subject.removeprefix("V/v ").strip(),
        "kinh_gui": "; ".join(names[:20]),
        "noi_dung": _letter(app, row),
        "noi_nhan": "\n".join(lines),
        "quyen_han": block.competence,
        "chuc_vu": block.position,
        "nguoi_ky": block.full_name,
    }


def _letter(app: App, row: Row[Any]) -> str:
    """The body where it is known: of a draft that corrects, replaces or recalls (NĐ 30/2020 Điều 18)."""
    if row.concerns is None or row.concerns_id is None:
        return "…"
    with app.database.read() as connection:
        return follow_on(connection, row.concerns_id, Concern(row.concerns), agency_id=row.agency_id).text
