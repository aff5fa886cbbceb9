"""A dossier as files: XML with the metadata of Phụ lục VI in time order, and the printed list of its documents."""

from __future__ import annotations

import io
import json
from typing import Any
from xml.etree import ElementTree as ET

from sqlalchemy import Connection, select

from congvan_core.documents.store import files_of, number_symbol
from congvan_core.dossiers.keeping import documents_in, get
from congvan_core.fonts import reportlab_font
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.storage.schema import entry
from congvan_core.storage.sheets import plain
from congvan_core.workflow.schema import handling, opinion


def dossier_xml(connection: Connection, dossier_id: str, *, organ_id: str) -> bytes:
    """UTF-8 XML: FileCode, Title, Maintenance …, then every document with its files' digests (Phụ lục VI, Phần II)."""
    row, held = get(connection, dossier_id), documents_in(connection, dossier_id)
    root = ET.Element("Dossier")
    code = ET.SubElement(root, "FileCode")
    _put(code, OrganId=organ_id, FileCatalog=row.year, FileNotation=row.notation)
    _put(
        root,
        Title=row.title,
        Maintenance=maintenance(row.retention_years),
        Rights=row.rights,
        Creator=row.keeper,
        Language=row.language,
        StartDate=row.opened_on,
        EndDate=row.closed_on,
        DocTotal=len(held),
        PageTotal=sum(one.pages or 0 for one in held),
        Description=row.description,
    )
    documents = ET.SubElement(root, "Documents")
    for one in held:
        item = ET.SubElement(documents, "Document", direction=one.direction)
        _put(
            item,
            DocOrdinal=one.ordinal,
            DocumentId=one.identifier,
            TypeName=one.type_name,
            CodeNumber=one.number,
            CodeNotation=one.symbol,
            IssuedDate=one.issued_on,
            OrganName=one.author_name,
            Subject=one.subject,
            PageAmount=one.pages,
            Position=one.signer_position,
            FullName=one.signer_name,
            Priority=one.urgency,
            LegalValue=one.legal_value,
            Language=row.language,
            Description=one.legal_reason,
        )
        _follow(connection, item, one)
        for file in files_of(connection, one.id):
            ET.SubElement(
                item, "File", name=plain(file.name), role=file.role.value, size=str(file.size), sha256=file.sha256
            )
    ET.indent(root)
    out: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return out


def _follow(connection: Connection, item: Any, one: Any) -> None:
    """What the register and the handling add, and the verification kept with the document (điểm b khoản 3 Điều 20)."""
    line = connection.execute(
        select(entry).where(entry.c.document_id == one.id).order_by(entry.c.state != "active", entry.c.id).limit(1)
    ).one_or_none()
    work = connection.execute(select(handling).where(handling.c.document_id == one.id)).one_or_none()
    incoming = one.direction == "incoming"
    if line is not None:
        _put(
            item,
            ArrivalDate=line.arrived_at.astimezone(VIETNAM).date() if incoming and line.arrived_at else None,
            ArrivalNumber=line.number_text if incoming else None,
            IssuedAmount=None if incoming else line.copies,
            ToPlaces=line.holder if incoming else line.recipients_text,
        )
    if work is not None:
        _put(item, DueDate=work.due_at.astimezone(VIETNAM).date() if work.due_at else one.due_on)
        trace = ET.SubElement(item, "TraceHeaderList")
        said = connection.execute(select(opinion).where(opinion.c.handling_id == work.id).order_by(opinion.c.id))
        _put(trace, State=work.state, Instruction=work.instruction, Result=work.result)
        for each in said:
            ET.SubElement(trace, "Opinion", by=plain(each.by), at=iso_vn(each.at) or "").text = plain(each.text)
    elif one.due_on is not None:
        _put(item, DueDate=one.due_on)
    if one.verification is not None:
        ET.SubElement(item, "Verification", format="json").text = json.dumps(
            one.verification, ensure_ascii=False, sort_keys=True
        )


def _put(parent: Any, **values: Any) -> None:
    for name, value in values.items():
        if value not in (None, ""):
            ET.SubElement(parent, name).text = value.isoformat() if hasattr(value, "isoformat") else plain(value)


def maintenance(years: int | None) -> str:
    """Thời hạn bảo quản in words."""
    return "Vĩnh viễn" if years is None else f"{years} năm"


def dossier_pdf(connection: Connection, dossier_id: str) -> bytes:
    """Mục lục văn bản trong hồ sơ, as PDF."""
    from xml.sax.saxutils import escape

    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    row, held = get(connection, dossier_id), documents_in(connection, dossier_id)
    cell = ParagraphStyle("cell", fontName=reportlab_font(), fontSize=10, leading=13)
    bold = ParagraphStyle("bold", parent=cell, fontName=reportlab_font("Bold"))
    title = ParagraphStyle("title", parent=bold, fontSize=14, leading=20, alignment=1)

    def text(value: Any) -> Any:
        return Paragraph(escape(plain(value)[:600]), cell)

    headings = ("STT", "Số, ký hiệu", "Ngày", "Tên loại, trích yếu", "Tác giả", "Số trang")
    lines = [[Paragraph(one, bold) for one in headings]] + [
        [
            text(one.ordinal),
            text(number_symbol(one.number, one.symbol)),
            text(one.issued_on),
            text(f"{one.type_name or ''} {one.subject or ''}".strip()),
            text(one.author_name),
            text(one.pages),
        ]
        for one in held
    ]
    grid = Table(
        lines,
        colWidths=[30, 85, 60, 200, 100, 40],
        repeatRows=1,
        style=TableStyle([("GRID", (0, 0), (-1, -1), 0.4, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP")]),
    )
    out = io.BytesIO()
    story = [
        Paragraph("MỤC LỤC VĂN BẢN TRONG HỒ SƠ", title),
        text(f"Hồ sơ số {row.notation} năm {row.year}: {row.title}"),
        text(f"Thời hạn bảo quản: {maintenance(row.retention_years)}; người lập: {row.keeper}; {len(held)} văn bản"),
        Spacer(1, 8),
        grid,
    ]
    SimpleDocTemplate(
        out, pagesize=(595, 842), leftMargin=45, rightMargin=35, topMargin=50, bottomMargin=50, invariant=1
    ).build(story)
    return out.getvalue()
