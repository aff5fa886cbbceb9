"""Tìm kiếm: words in every field and in the text, filters, saved searches, export of what was found."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from congvan_core.documents.search import Query, read_query, search
from congvan_core.dossiers.rights import visible_to
from congvan_core.errors import InputError
from congvan_core.storage.papers import MEDIA, Paper, print_paper
from congvan_gateway.console import views
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.operations.printing import foot

_KEYS = {
    "tim": "words", "chieu": "direction", "so": "number", "loai": "type_name", "tac-gia": "author", "nguoi-ky": "signer",
    "trich-yeu": "subject", "kenh": "channel", "gia-tri": "legal_value", "khan": "urgent", "tu-ngay": "since",
    "den-ngay": "until",
}  # fmt: skip
PAGE = 50
MOST = 5000


def _asked(ask: Ask) -> tuple[Query, dict[str, str]]:
    given = {key: ask.query(key) for key in _KEYS}
    return read_query({_KEYS[key]: value for key, value in given.items()}), given


def show(ask: Ask) -> Response:
    asked, given = _asked(ask)
    offset = ask.query_number("tu", 0, 10_000)
    with ask.app.database.read() as connection:
        found = search(
            connection, ask.account.agencies, asked, limit=PAGE, offset=offset,
            visible=visible_to(connection, ask.account.login), excerpts=True,
        )  # fmt: skip
        saved = views.views_of(connection, ask.account.id, "search")
    fragment = ask.request.headers.get("x-fragment") == "rows"
    return ask.render(
        "finding_rows.html" if fragment else "finding.html",
        hits=found.hits, more=found.more, offset=offset, page=PAGE, given=given, asked=not asked.empty, saved=saved,
    )  # fmt: skip


def save(ask: Ask) -> Response:
    if ask.form.text("act", 10) == "forget":
        return ask.go(views.remove(ask.app, ask.account, ask.form.text("view", 40)), "Đã bỏ lần tìm đã lưu")
    place = views.save(ask.app, ask.account, "search", ask.form.text("name", 80), ask.form.text("query", 1000))
    return ask.go(place, "Đã lưu lần tìm này")


def export(ask: Ask) -> Response:
    """What was found as PDF, Word or Excel (NĐ 30/2020 Phụ lục VI)."""
    form = ask.path("form")
    if form not in MEDIA:
        raise InputError("Chỉ xuất được PDF, Word, Excel hoặc CSV")
    asked, given = _asked(ask)
    rows: list[list[Any]] = []
    with ask.app.database.read() as connection:
        visible = visible_to(connection, ask.account.login)
        found = search(connection, ask.account.agencies, asked, limit=MOST, visible=visible)
        for number, hit in enumerate(found.hits, 1):
            one = hit.document
            rows.append([number, "Đến" if one.direction == "incoming" else "Đi", one.number_symbol, one.issued_on,
                         " ".join(filter(None, (one.type_name, one.subject))), one.author_name, one.signer_name])  # fmt: skip
        points = visible_agencies(connection, ask.account.agencies)
        paper = Paper(
            "KẾT QUẢ TÌM KIẾM VĂN BẢN",
            ("STT", "Sổ", "Số, ký hiệu", "Ngày tháng", "Tên loại và trích yếu nội dung", "Tác giả", "Người ký"),
            rows, (5, 6, 14, 10, 40, 20, 14), name=points[0].name if len(points) == 1 else "",
            under=("; ".join(v for v in given.values() if v) or "Mọi văn bản",), after=(f"Tổng số: {len(rows)} văn bản.",),
            foot=foot(connection, points[0].id if points else "", ask.now),
        )  # fmt: skip
    headers = {"Content-Disposition": f'attachment; filename="tim-kiem.{form}"'}
    return Response(print_paper(paper, form), media_type=MEDIA[form], headers=headers)
