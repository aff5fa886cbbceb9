"""The cover of a document's mail: what a clerk with nothing but webmail reads (subject, text, HTML)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole
from congvan_core.documents.text import squeeze
from congvan_mailbox.package import spoken

#: More recipients than this are named together, as on paper (the list itself is in "Nơi nhận" and in the packet).
_NAMED = 10
#: Điều 13.4, the ground on which official mail may carry documents.
LEGAL_BASIS = "Văn bản được gửi qua thư điện tử công vụ theo khoản 4 Điều 13 Quy chế."


@dataclass(frozen=True, slots=True)
class Cover:
    """Who sends and whom to ask. ``sender`` is the agency's full name, ``contact`` e.g. ``văn thư Sở Mẫu Thử``.

    ``signed`` false: the files bear no signature and are sent for information (khoản 2 Điều 10). ``note`` is one
    more sentence of the clerk's. ``confirm_link`` is a page where one recipient alone may confirm: such a cover is
    for nobody else.
    """

    sender: str
    contact: str = ""
    telephone: str = ""
    signed: bool = True
    note: str = ""
    confirm_link: str = ""
    legal_basis: str = LEGAL_BASIS


def subject_line(meta: DocumentMetadata) -> str:
    """``[KHẨN] 67/SMT-VP ngày 05/8/2026: V/v rà soát hộp thư công vụ``; one line, at most about 250 characters."""
    head = meta.number_symbol
    if meta.issued_on:
        head += f" ngày {spoken.day(meta.issued_on)}"
    text = squeeze(f"{meta.urgency.subject_mark} {head}: {meta.subject}" if meta.subject else head)
    if len(text) <= 250:
        return text
    return text[:249].rsplit(" ", 1)[0] + "…"


def greeting(names: Sequence[str]) -> list[str]:
    """The lines of "Kính gửi"."""
    named = [squeeze(n) for n in names if squeeze(n)]
    if len(named) == 1:
        return [f"Kính gửi: {named[0]}."]
    if 2 <= len(named) <= _NAMED:
        return ["Kính gửi:", *(f"- {n};" for n in named[:-1]), f"- {named[-1]}."]
    if named:
        return ["Kính gửi: Các cơ quan, đơn vị theo danh sách nơi nhận của văn bản."]
    return ["Kính gửi: Quý cơ quan."]


def paragraphs(meta: DocumentMetadata, files: Sequence[FileRef], cover: Cover) -> list[list[str]]:
    """The paragraphs of the cover, each a list of lines."""
    main = [f for f in files if f.role is FileRole.MAIN]
    others = [f for f in files if f.role is not FileRole.MAIN]
    kind = "văn bản điện tử đã ký số" if cover.signed else "văn bản điện tử (chưa có chữ ký số, để biết, để tham khảo)"
    detail: list[str] = []
    if meta.pages:
        detail.append(f"{spoken.count(meta.pages)} trang")
    if others:
        word = "phụ lục" if all(f.role is FileRole.ENCLOSURE for f in others) else "tệp"
        detail.append(f"{spoken.count(len(others))} {word} kèm theo")
    what = main[0].name if main else (files[0].name if files else meta.number_symbol)
    first = [f"{cover.sender} gửi quý cơ quan {kind}: {what}" + (f" ({', '.join(detail)})." if detail else ".")]
    if others:
        first += ["Tệp kèm theo:", *(f"- {f.name}{_elsewhere(f)}" for f in others)]
    if main and main[0].apart is not None:
        first.append(f"Văn bản chính: {main[0].name}{_elsewhere(main[0])}")
    out = [greeting([p.name or p.code for p in meta.recipients]), first]
    if meta.urgency:
        out.append([f"Mức độ khẩn: {meta.urgency.vi}."])
    if meta.due_on:
        out.append([f"Hạn trả lời: {spoken.day(meta.due_on)}."])
    if cover.note:
        out.append([squeeze(cover.note)])
    out.append([cover.legal_basis])
    if cover.signed:
        out.append(
            [
                "Để kiểm tra chữ ký số, đề nghị tải tệp về máy và mở bằng phần mềm kiểm tra chữ ký số; không in lại "
                "hoặc "
                "xuất lại tệp vì sẽ làm mất chữ ký số. Các tệp có đuôi .edxml và .p7s dành cho phần mềm, quý cơ quan "
                "không "
                "cần mở."
            ]
        )
    else:
        out.append(["Các tệp có đuôi .edxml và .p7s dành cho phần mềm, quý cơ quan không cần mở."])
    out.append(["Đề nghị quý cơ quan xác nhận bằng cách trả lời thư này: 'Đã nhận, số đến ...'."])
    if cover.confirm_link:
        out[-1].append(f"Hoặc mở trang sau rồi bấm nút Xác nhận đã nhận (dùng một lần): {cover.confirm_link}")
    contact = cover.contact or f"văn thư {cover.sender}"
    out.append([f"Đầu mối: {contact}" + (f", điện thoại {cover.telephone}." if cover.telephone else ".")])
    out.append(["Trân trọng./."])
    return out


def _elsewhere(file: FileRef) -> str:
    """Where a file is that is too large for this mail; behind the key the sender's own gateway hands it out readable."""
    apart = file.apart
    if apart is None:
        return ""
    if apart.mail is not None:
        return f" (gửi trong thư số {apart.mail}, do dung lượng lớn)"
    until = f" đến hết ngày {spoken.day(apart.until.date())}" if apart.until else ""
    return f" (dung lượng lớn, tải tại {apart.href}?khoa={apart.key}{until})"


def plain_text(content: Sequence[Sequence[str]]) -> str:
    """Paragraphs as plain text, an empty line between them."""
    return "\n\n".join("\n".join(lines) for lines in content) + "\n"


def html_text(content: Sequence[Sequence[str]]) -> str:
    """The same words as HTML: every character escaped, no picture, no link, no script."""
    body = "\n".join("<p>" + "<br>\n".join(escape(line) for line in lines) + "</p>" for lines in content)
    return (
        '<!DOCTYPE html>\n<html lang="vi"><head><meta charset="utf-8"></head>\n'
        f"<body style=\"font-family:'Times New Roman',serif;font-size:14pt\">\n{body}\n</body></html>\n"
    )
