"""The API's door: bearer tokens of limited scope, idempotency keys, errors as JSON."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from congvan_core.errors import ConflictError, CongvanError, InputError
from congvan_core.ids import new_id
from congvan_gateway.console.desk import Desk, Upload, status_of
from congvan_gateway.console.schema import api_token, idempotency_key
from congvan_gateway.console.sessions import digest
from congvan_gateway.main import App

log = logging.getLogger("congvan.console")
_KEEP = timedelta(days=7)


@dataclass
class Call:
    """One request of a program. ``agencies`` None: all of the installation."""

    app: App
    request: Request
    token_id: str
    name: str
    scopes: tuple[str, ...]
    agencies: tuple[str, ...] | None
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def actor(self) -> str:
        return f"{self.name} (API)"

    @property
    def login(self) -> str:
        """How a limit of access names this program among the people who may open a document."""
        return f"api:{self.name}"

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of the query. Raises InputError."""
        text = self.request.query_params.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit()) or int(text[:12]) > most:
            raise InputError(f"{name} phải là số nguyên từ 0 đến {most}")
        return int(text)

    def query(self, name: str, limit: int = 200) -> str:
        return self.request.query_params.get(name, "").replace("\x00", "")[:limit]

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """A value of the query that must be one of a few, or absent. Raises InputError."""
        text = self.query(name)
        if text and text not in choices:
            raise InputError(f"{name} phải là một trong: {', '.join(choices)}")
        return text

    def text(self, name: str, limit: int = 2000, *, required: bool = False) -> str:
        """A string of the body. Raises InputError for another type, or where it is missing."""
        value = self.body.get(name)
        if value is None:
            value = ""
        if not isinstance(value, str) or len(value) > limit:
            raise InputError(f"{name} phải là chuỗi, dài nhất {limit} ký tự")
        if required and not value.strip():
            raise InputError(f"Thiếu {name}")
        return value.replace("\x00", "").encode("utf-8", "replace").decode().strip()

    def texts(self, name: str, most: int = 500) -> list[str]:
        value = self.body.get(name, [])
        if not isinstance(value, list) or len(value) > most or not all(isinstance(v, str) for v in value):
            raise InputError(f"{name} phải là danh sách chuỗi, nhiều nhất {most}")
        return [v.replace("\x00", "").encode("utf-8", "replace").decode().strip() for v in value]

    def day(self, name: str) -> date | None:
        """A day of the body. Raises InputError."""
        text = self.text(name, 10)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise InputError(f"{name} phải là ngày dạng 2026-11-22") from None

    def files(self, name: str, *, least: int = 1) -> list[Upload]:
        """Files of the body, base64 each. Raises InputError."""
        value = self.body.get(name, [] if least == 0 else None)
        if not isinstance(value, list) or not least <= len(value) <= 50:
            raise InputError(f"{name} phải là danh sách từ {least} đến 50 mục")
        return [_upload(item) for item in value]


def _upload(item: Any) -> Upload:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not isinstance(item.get("content"), str):
        raise InputError('Mỗi tệp là {"name": "…", "content": "base64"}')
    name = item["name"][:300].replace("\x00", "").encode("utf-8", "replace").decode()
    try:
        return Upload(name, base64.b64decode(item["content"], validate=True))
    except (binascii.Error, ValueError):
        raise InputError(f"Tệp {name[:80]}: content không phải base64") from None


Answer = tuple[int, Any]
Handler = Callable[[Call], Answer]


def problem(status: int, code: str, message: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers=headers)


def door(desk: Desk, handlers: dict[str, tuple[Handler, str]]) -> Callable[[Request], Any]:
    """An endpoint; ``handlers`` by method with the scope they ask for."""

    async def run(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        handler, scope = handlers[method]
        try:
            call = await run_in_threadpool(_let_in, desk.app, request)
            if call is None:
                return problem(401, "unauthorized", "Thiếu mã truy cập, hoặc mã đã hết hạn hay bị thu hồi")
            if scope not in call.scopes:
                return problem(403, "forbidden", f"Mã truy cập không có phạm vi '{scope}'")
            if method == "POST":
                raw = await request.body()
                call.body = _json(request, raw)
                return await run_in_threadpool(_once, call, handler, raw)
            status, value = await run_in_threadpool(handler, call)
            return value if isinstance(value, Response) else JSONResponse(value, status)
        except CongvanError as error:
            return problem(status_of(error), code_of(error), error.message)
        except Exception as error:
            if type(error).__name__ == "_TooLargeError":
                raise
            number = secrets.token_hex(4)
            log.exception("api fault %s at %s", number, request.url.path)
            return problem(500, "fault", f"Chương trình gặp lỗi; mã sự cố {number}")

    return run


def code_of(error: CongvanError) -> str:
    """The English word for an error, for programs."""
    return _CODES.get(status_of(error), "error")


_CODES = {400: "bad_request", 404: "not_found", 409: "conflict", 422: "refused", 503: "try_later"}


def _let_in(app: App, request: Request) -> Call | None:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not value or len(value) > 200:
        return None
    at = app.clock()
    with app.database.read() as connection:
        row = connection.execute(select(api_token).where(api_token.c.digest == digest(value.strip()))).one_or_none()
    if row is None or row.revoked_at is not None or (row.ends_at is not None and row.ends_at < at):
        return None
    if row.used_at is None or at - row.used_at > timedelta(minutes=5):
        with app.database.write() as connection:
            connection.execute(update(api_token).where(api_token.c.id == row.id).values(used_at=at))
    agencies = None if row.agencies is None else tuple(row.agencies)
    return Call(app, request, row.id, row.name, tuple(row.scopes), agencies)


def _json(request: Request, raw: bytes) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise InputError("Nội dung phải là application/json")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise InputError("Nội dung không phải là JSON hợp lệ") from None
    if not isinstance(value, dict):
        raise InputError("Nội dung phải là một đối tượng JSON")
    return value


def _once(call: Call, handler: Handler, raw: bytes) -> Response:
    """With an Idempotency-Key the act is done once; a repeated request gets the first answer again."""
    key = call.request.headers.get("idempotency-key", "")
    if not key:
        status, value = handler(call)
        return JSONResponse(value, status)
    if len(key) > 200 or not key.isprintable():
        raise InputError("Idempotency-Key dài nhất 200 ký tự in được")
    request = hashlib.sha256(f"{call.request.method} {call.request.url.path}\n".encode() + raw).hexdigest()
    row_id, at = new_id(), call.app.clock()
    try:
        with call.app.database.write() as connection:
            connection.execute(delete(idempotency_key).where(idempotency_key.c.at < at - _KEEP))
            connection.execute(
                insert(idempotency_key).values(id=row_id, token_id=call.token_id, key=key, request=request, at=at)
            )
    except IntegrityError:
        return _again(call, key, request)
    try:
        status, value = handler(call)
    except CongvanError as error:
        if status_of(error) == 503:
            _forget(call.app, row_id)  # nothing was done: the same key may be tried again
            raise
        code = status_of(error)
        status, value = code, {"error": {"code": _CODES.get(code, "error"), "message": error.message}}
    except BaseException:
        _forget(call.app, row_id)
        raise
    with call.app.database.write() as connection:
        connection.execute(
            update(idempotency_key).where(idempotency_key.c.id == row_id).values(status=status, answer=value)
        )
    return JSONResponse(value, status)


def _again(call: Call, key: str, request: str) -> Response:
    with call.app.database.read() as connection:
        row = connection.execute(
            select(idempotency_key).where(idempotency_key.c.token_id == call.token_id, idempotency_key.c.key == key)
        ).one_or_none()
    if row is None or row.status is None:
        raise ConflictError("Yêu cầu với Idempotency-Key này đang được xử lý; hãy thử lại sau")
    if row.request != request:
        raise ConflictError("Idempotency-Key này đã dùng cho một yêu cầu khác")
    return JSONResponse(row.answer, row.status, headers={"Idempotency-Replayed": "true"})


def _forget(app: App, row_id: str) -> None:
    with app.database.write() as connection:
        connection.execute(delete(idempotency_key).where(idempotency_key.c.id == row_id))
