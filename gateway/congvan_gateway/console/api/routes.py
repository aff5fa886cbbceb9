"""The addresses of the API, and the OpenAPI document that describes them (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from congvan_core import __version__
from congvan_core.registers.other_channels import CHANNELS
from congvan_core.workflow.moves import DraftState
from congvan_gateway.console.api import acts, arranging, asking, drafting, entering, following, keeping
from congvan_gateway.console.api.door import Handler, door
from congvan_gateway.console.desk import Desk

_TEXT: dict[str, Any] = {"type": "string"}
_PERSON = {"by": {"type": "string", "minLength": 1, "maxLength": 150}, "position": _TEXT, "telephone": _TEXT}


def _body(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


_FILE = _body(["name", "content"], name=_TEXT, content={"type": "string", "contentEncoding": "base64"})
_FILES = {"type": "array", "minItems": 1, "maxItems": 50, "items": _FILE}
_SEND = _body(
    ["files", "to"],
    files=_FILES,
    to={"type": "array", "minItems": 1, "maxItems": 500, "items": _TEXT},
    **{name: _TEXT for name in ("number", "symbol", "date", "subject", "type", "urgency", "due_date", "agency",
                                "accept_undecided", "for_information", "late_reason")},
)  # fmt: skip
_DECISIONS = {"enum": ["release", "information", "refuse", "discard"]}
_DECIDE = _body(["act", "by"], act=_DECISIONS, reason=_TEXT, **_PERSON)
_DECIDE_MANY = _body(["act", "by", "items"], act=_DECISIONS, reason=_TEXT, **_PERSON,
                     items={"type": "array", "minItems": 1, "maxItems": 100, "uniqueItems": True, "items": _TEXT})  # fmt: skip
_BY_HAND = _body(
    ["channel", "symbol", "date", "author", "subject"], channel={"enum": list(CHANNELS)},
    files={"type": "array", "maxItems": 50, "items": _FILE}, arrived={"type": "string", "format": "date-time"},
    date={"type": "string", "format": "date"},
    **{name: _TEXT for name in ("symbol", "number", "author", "subject", "type", "urgency", "remark", "agency")},
)  # fmt: skip
_ORDER = _body(
    ["kind", "reason", "files"], kind={"enum": ["recall", "replace", "update"]}, files=_FILES,
    reason={"type": "string", "minLength": 1, "maxLength": 500},
    **{name: _TEXT for name in ("symbol", "number", "date", "subject", "accept_undecided")},
)  # fmt: skip
_DRAFT = _body(
    ["by", "type", "symbol", "subject", "to", "signers"], by=_PERSON["by"],
    to={"type": "array", "minItems": 1, "maxItems": 500, "items": _TEXT},
    signers={"type": "array", "minItems": 1, "maxItems": 10, "items": _TEXT},
    files={"type": "array", "maxItems": 1, "items": _FILE},
    **{name: _TEXT for name in ("type", "symbol", "subject", "urgency", "unit", "body", "due_date")},
)  # fmt: skip
_DRAFT_ACT = _body(
    ["act", "by"], by=_PERSON["by"], text=_TEXT, accept_undecided=_TEXT, late_reason=_TEXT,
    act={"enum": ["version", "enclose", "submit", "withdraw", "comment", "cancel", "signed", "number", "issue"]},
    files={"type": "array", "maxItems": 1, "items": _FILE},
)  # fmt: skip
_DOSSIER = _body(
    ["title", "keeper"], title={"type": "string", "minLength": 1, "maxLength": 500},
    keeper={"type": "string", "minLength": 1, "maxLength": 200}, unit=_TEXT, agency=_TEXT,
    year={"type": "integer", "minimum": 1900, "maximum": 9999},
    retention_years={"type": ["integer", "null"], "minimum": 1, "maximum": 200},
)  # fmt: skip
_DOSSIER_ACT = _body(["act"], act={"enum": ["put", "take_out", "close"]}, document=_TEXT, reason=_TEXT)
_RESEND = _body(["reason"], reason={"type": "string", "minLength": 1, "maxLength": 500},
                to={"type": "array", "maxItems": 500, "items": _TEXT})  # fmt: skip
_REASON = _body(["reason"], reason={"type": "string", "minLength": 1, "maxLength": 500})
_TO = {"type": "array", "maxItems": 500, "items": _TEXT}
_PERIOD = [("from", {"type": "string", "format": "date"}), ("to", {"type": "string", "format": "date"})]
_PAGE = [
    ("q", _TEXT),
    ("year", {"type": "integer", "minimum": 0, "maximum": 9999}),
    ("limit", {"type": "integer", "minimum": 0, "maximum": 500}),
    ("offset", {"type": "integer", "minimum": 0, "maximum": 10_000_000}),
]

#: path, method, handler, scope, summary, query parameters, body.
_TABLE: list[tuple[str, str, Handler, str, str, list[tuple[str, dict[str, Any]]], dict[str, Any] | None]] = [
    ("/documents", "GET", acts.documents, "read", "Văn bản trong sổ, mới nhất trước",
     [("direction", {"enum": ["incoming", "outgoing"]}), *_PAGE], None),
    ("/documents", "POST", acts.send_document, "send", "Phát hành và gửi văn bản đã ký số", [], _SEND),
    ("/documents/{document}", "GET", acts.document, "read", "Một văn bản", [], None),
    ("/documents/{document}/files/{file}", "GET", acts.file, "read", "Một tệp, nguyên gốc", [], None),
    ("/documents/{document}/track", "GET", acts.track, "read", "Theo dõi từng nơi nhận", [], None),
    ("/documents/{document}/resend", "POST", acts.resend_document, "send", "Gửi lại", [], _RESEND),
    ("/quarantine", "GET", acts.quarantine, "read", "Văn bản chờ kiểm tra", [], None),
    ("/quarantine/{item}", "GET", acts.item, "read", "Một thư chờ kiểm tra", [], None),
    ("/quarantine/{item}/decision", "POST", acts.decide, "decide", "Tiếp nhận, để biết, từ chối, loại", [], _DECIDE),
    ("/registers", "GET", acts.register, "read", "Sổ theo NĐ 30/2020 Phụ lục IV",
     [("book", {"enum": ["incoming", "outgoing"]}), _PAGE[1]], None),
    ("/documents/{document}/take-back", "POST", following.taken_back, "send", "Lấy lại văn bản đã gửi", [],
     _body(["reason"], reason={"type": "string", "minLength": 1, "maxLength": 1000}, to=_TO)),
    ("/documents/{document}/call", "POST", following.called, "send", "Ghi nhận xác nhận qua điện thoại", [],
     _body(["said"], said={"type": "string", "minLength": 1, "maxLength": 500}, to=_TEXT, register_number=_TEXT)),
    ("/documents/{document}/fault", "POST", following.reported, "send", "Báo sự cố cho đơn vị vận hành", [],
     _body([], to=_TEXT, note=_TEXT)),
    ("/documents/{document}/fault/close", "POST", following.fault_closed, "send", "Đóng báo sự cố", [],
     _body(["note"], to=_TEXT, note={"type": "string", "minLength": 1, "maxLength": 1000})),
    ("/documents/{document}/number", "POST", following.numbered, "decide", "Ghi số đến do QLVBĐH cấp", [],
     _body(["number"], number={"type": "string", "minLength": 1, "maxLength": 20})),
    ("/documents/{document}/strike", "POST", following.struck, "decide", "Hủy số, số vẫn nằm trong sổ", [], _REASON),
    ("/documents/{document}/evidence", "GET", following.evidence, "read", "Hồ sơ chứng cứ (zip)", [("to", _TEXT)], None),
    ("/quarantine/{item}/correction", "POST", arranging.corrected, "decide", "Sửa thông tin văn bản trước khi vào sổ", [],
     _body(["fields", "by"], fields={"type": "object", "additionalProperties": _TEXT},
           part={"type": "integer", "minimum": 0, "maximum": 49}, **_PERSON)),
    ("/quarantine/{item}/split", "POST", arranging.divided, "decide", "Tách tệp của thư thành các văn bản", [],
     _body(["groups", "by"], groups={"type": "array", "items": {"type": "array", "items": _TEXT}}, **_PERSON)),
    ("/quarantine/{item}/join", "POST", arranging.joined, "decide", "Gộp thư khác vào thư này", [],
     _body(["by"], **{"with": {"type": "array", "maxItems": 20, "items": _TEXT}}, **_PERSON)),
    ("/quarantine/{item}/separate", "POST", arranging.separated, "decide", "Bỏ cách gộp, tách", [],
     _body(["by"], **_PERSON)),
    ("/quarantine/{item}/attach", "POST", arranging.attached, "decide", "Gắn vào văn bản đã có số đến", [],
     _body(["document", "by"], document={"type": "string", "minLength": 1}, reason=_TEXT, **_PERSON)),
    ("/quarantine/{item}/each", "POST", arranging.registered_each, "decide", "Vào sổ từng văn bản của thư", [],
     _body(["by"], reason=_TEXT, **_PERSON)),
    ("/quarantine/decisions", "POST", acts.decide_many, "decide", "Một quyết định cho nhiều thư", [], _DECIDE_MANY),
    ("/arrivals", "POST", entering.entered, "send", "Vào sổ văn bản nhận qua kênh khác", [], _BY_HAND),
    ("/documents/{document}/orders", "POST", entering.ordered, "send",
     "Thu hồi, thay thế, cập nhật bằng văn bản đã ký số", [], _ORDER),
    ("/drafts", "GET", drafting.listed, "draft", "Dự thảo",
     [("state", {"enum": [state.value for state in DraftState]}), _PAGE[2]], None),
    ("/drafts", "POST", drafting.made, "draft", "Lập dự thảo", [], _DRAFT),
    ("/drafts/{draft}", "GET", drafting.one, "draft", "Một dự thảo và ý kiến, quyết định", [], None),
    ("/drafts/{draft}/act", "POST", drafting.acted, "draft", "Một bước của dự thảo", [], _DRAFT_ACT),
    ("/dossiers", "GET", keeping.listed, "read", "Hồ sơ của một năm", [_PAGE[1]], None),
    ("/dossiers", "POST", keeping.made, "decide", "Thêm hồ sơ vào danh mục", [], _DOSSIER),
    ("/dossiers/{dossier}", "GET", keeping.one, "read", "Một hồ sơ và văn bản trong đó", [], None),
    ("/dossiers/{dossier}/act", "POST", keeping.acted, "decide", "Đưa văn bản vào, rút ra, kết thúc hồ sơ", [], _DOSSIER_ACT),
    ("/agencies", "GET", asking.agencies, "read", "Danh bạ", [_PAGE[0], _PAGE[2]], None),
    ("/route", "GET", asking.route, "read", "Nơi nhận đi đường nào, vì sao",
     [("to", _TEXT), ("urgency", _TEXT), ("size", {"type": "integer", "minimum": 0, "maximum": 10_000_000_000})], None),
    ("/audit/period", "GET", asking.period, "audit", "Kiểm tra theo kỳ", _PERIOD, None),
    ("/audit/journal", "GET", asking.journal, "audit", "Kiểm tra nhật ký", [], None),
]  # fmt: skip


#: What makes something new answers 201; what is not JSON says so.
_MADE = {(path, "POST") for path in ("/documents", "/documents/{document}/resend", "/documents/{document}/orders",
                                     "/arrivals", "/drafts", "/dossiers")}  # fmt: skip
_MEDIA = {
    "/documents/{document}/files/{file}": "application/octet-stream",
    "/documents/{document}/evidence": "application/zip",
}


def api_routes(desk: Desk) -> list[Route]:
    """The routes under /api/v1."""
    paths: dict[str, dict[str, tuple[Handler, str]]] = {}
    for path, method, handler, scope, *_ in _TABLE:
        paths.setdefault(path, {})[method] = (handler, scope)
    routes = [Route("/api/v1/openapi.json", _describe, methods=["GET"])]
    routes += [Route(f"/api/v1{path}", door(desk, found), methods=list(found)) for path, found in paths.items()]
    return routes


async def _describe(_request: Request) -> Response:
    return JSONResponse(description())


def description() -> dict[str, Any]:
    """The OpenAPI document."""
    error = {"description": "lỗi", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    paths: dict[str, Any] = {}
    for path, method, _, scope, summary, query, body in _TABLE:
        parameters: list[dict[str, Any]] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in ("document", "file", "item", "draft", "dossier")
            if f"{{{name}}}" in path
        ]
        needed = {"book"} | ({"from", "to"} if path == "/audit/period" else {"to"} if path == "/route" else set())
        parameters += [{"name": n, "in": "query", "required": n in needed, "schema": schema} for n, schema in query]
        operation: dict[str, Any] = {
            "summary": summary,
            "description": f"Phạm vi của mã truy cập: {scope}",
            "parameters": parameters,
            "responses": {
                "201" if (path, method) in _MADE else "200": {
                    "description": "được",
                    "content": {_MEDIA.get(path, "application/json"): {"schema": {}}},
                },
                **{str(code): error for code in (400, 401, 403, 404, 409, 422, 503)},
            },
        }
        if body is not None:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
            operation["parameters"].append(
                {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
            )
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Công Văn", "version": __version__, "description": "Gửi, nhận, theo dõi văn bản điện tử"},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": _body(["error"], error=_body(["code", "message"], code=_TEXT, message=_TEXT)),
            },
        },
    }
