"""The desk's own wiring: what every page needs, and the one door through which every request comes to its page."""

from __future__ import annotations

import base64
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from congvan_core.errors import (
    ConflictError,
    CongvanError,
    InputError,
    NotFoundError,
    RefusedError,
    TemporaryError,
)
from congvan_core.ids import VIETNAM
from congvan_gateway.console import sessions
from congvan_gateway.console.english import say
from congvan_gateway.console.guard import SAFE, from_elsewhere
from congvan_gateway.console.rights import Account, Right
from congvan_gateway.main import App

if TYPE_CHECKING:
    import jinja2

    from congvan_gateway.console.pictures import Pictures

log = logging.getLogger("congvan.console")

#: Files of one form, fields of one form.
MAX_FILES, MAX_FIELDS, MAX_FIELD = 30, 600, 200_000


@dataclass
class Desk:
    """One running console. ``secure``: reached over HTTPS, so that cookies say so."""

    app: App
    templates: jinja2.Environment
    pictures: Pictures
    secure: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form, read whole."""

    name: str
    data: bytes


class Form:
    """What a form brought: texts trimmed, files read."""

    def __init__(self, data: FormData | None = None, files: Mapping[str, list[Upload]] | None = None) -> None:
        self._data = data or FormData()
        self.files: Mapping[str, list[Upload]] = files or {}

    def text(self, name: str, limit: int = 2000) -> str:
        value = self._data.get(name)
        return value.replace("\x00", "").replace("\r\n", "\n").strip()[:limit] if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        return [v.strip() for v in self._data.getlist(name) if isinstance(v, str) and v.strip()]

    def has(self, name: str) -> bool:
        return bool(self.text(name))

    def number(self, name: str, default: int = 0) -> int:
        text = self.text(name, 20)
        return int(text) if text.isascii() and text.isdigit() else default


@dataclass
class Ask:
    """One request: who asks, in which language, with what form."""

    desk: Desk
    request: Request
    session: sessions.Session | None
    form: Form = field(default_factory=Form)

    @property
    def app(self) -> App:
        return self.desk.app

    @property
    def account(self) -> Account:
        assert self.session is not None
        return self.session.account

    @property
    def lang(self) -> str:
        return "en" if self.request.cookies.get("lang") == "en" else "vi"

    @property
    def now(self) -> datetime:
        return self.app.clock()

    @property
    def today(self) -> date:
        """The day in Vietnam."""
        return self.now.astimezone(VIETNAM).date()

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client else ""

    def waiting_count(self) -> int:
        """What the heading of every page says: how many mails wait for this person."""
        from congvan_gateway.console.figures import waiting_count

        with self.app.database.read() as connection:
            return waiting_count(connection, self.account.agencies)

    def query(self, name: str, limit: int = 200) -> str:
        return self.request.query_params.get(name, "").replace("\x00", "").strip()[:limit]

    def query_number(self, name: str, default: int, most: int) -> int:
        text = self.query(name, 12)
        return min(int(text), most) if text.isascii() and text.isdigit() else default

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def render(self, template: str, *, status: int = 200, **values: Any) -> Response:
        notice = _read_notice(self.request)
        if self.lang == "en":
            notice = (say(notice[0]), notice[1]) if notice else None
            values |= {key: say(values[key]) for key in ("wrong", "sentence") if isinstance(values.get(key), str)}
        page = self.desk.templates.get_template(template)
        text = page.render(
            ask=self,
            me=self.session.account if self.session else None,
            token=self.session.form_token if self.session else "",
            lang=self.lang,
            here=self.request.url.path,
            notice=notice,
            now=self.now,
            **values,
        )
        answer = HTMLResponse(text, status)
        if notice:
            answer.delete_cookie("notice")
        return answer

    def go(self, path: str, notice: str = "", *, undo: str = "") -> Response:
        """Answer a done act: on to another page of ours, with a sentence that is shown there once."""
        answer = RedirectResponse(quote(path, safe="/?=&%#-_.~"), 303)
        if notice:
            packed = base64.urlsafe_b64encode(json.dumps([notice[:600], undo]).encode()).decode()
            answer.set_cookie("notice", packed, max_age=60, httponly=True, samesite="strict", secure=self.desk.secure)
        return answer


def _read_notice(request: Request) -> tuple[str, str] | None:
    packed = request.cookies.get("notice")
    if not packed or len(packed) > 4000:
        return None
    try:
        text, undo = json.loads(base64.urlsafe_b64decode(packed))
    except (ValueError, TypeError):
        return None
    return str(text), str(undo) if str(undo).startswith("/") and not str(undo).startswith("//") else ""


Handler = Callable[[Ask], Response]


def door(
    desk: Desk, handlers: Mapping[str, Handler], right: Right | None, rights: Mapping[str, Right]
) -> Callable[[Request], Any]:
    """An endpoint: session, right, forged requests, form; then the page in a thread; errors as pages.

    ``right`` None is open to everybody; ``rights`` names a heavier right for a method (POST).
    """

    async def run(request: Request) -> Response:
        ask = Ask(desk, request, None)
        try:
            ask.session = await run_in_threadpool(
                sessions.find, desk.app.database, request.cookies.get(sessions.COOKIE), desk.app.clock()
            )
            refused = await _let_in(ask, rights.get(request.method, right))
            if refused is not None:
                return refused
            method = "GET" if request.method == "HEAD" else request.method
            return await run_in_threadpool(handlers[method], ask)
        except CongvanError as error:
            return failure(ask, error)
        except Exception as error:
            if type(error).__name__ == "_TooLargeError":
                raise
            number = secrets.token_hex(4)
            log.exception("console fault %s at %s", number, request.url.path)
            return ask.render(
                "failure.html", status=500, kind="fault", sentence="", number=number, what=type(error).__name__
            )

    return run


async def _let_in(ask: Ask, right: Right | None) -> Response | None:
    """What is answered instead of the page; None: go on, with the form read."""
    request = ask.request
    if right is not None and ask.session is None:
        if request.method not in SAFE:
            return ask.render("failure.html", status=401, kind="session", sentence="")
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/dang-nhap?tiep={quote(target, safe='')}", 303)
    if request.method not in SAFE:
        if from_elsewhere(request.headers):
            return ask.render("failure.html", status=403, kind="forged", sentence="")
        ask.form = await _read_form(request)
        token = ask.form.text("token", 100)
        if ask.session is not None and not secrets.compare_digest(token.encode(), ask.session.form_token.encode()):
            return ask.render("failure.html", status=403, kind="stale", sentence="")
    if ask.session is not None and right is not None:
        if ask.account.must_change and request.url.path not in ("/tai-khoan", "/dang-xuat"):
            return RedirectResponse("/tai-khoan", 303)
        if not ask.account.may(right):
            if request.url.path == "/" and ask.account.may(Right.FIGURES):
                return RedirectResponse("/thong-ke", 303)  # who supervises sees figures, and begins there
            return ask.render("failure.html", status=403, kind="right", sentence="")
    return None


async def _read_form(request: Request) -> Form:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise InputError("Yêu cầu không phải là một biểu mẫu")
    from starlette.exceptions import HTTPException

    try:
        data = await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD)
    except HTTPException as error:
        raise InputError(f"Không đọc được biểu mẫu (tối đa {MAX_FILES} tệp, {MAX_FIELDS} mục)") from error
    files: dict[str, list[Upload]] = {}
    try:
        for name, value in data.multi_items():
            if isinstance(value, UploadFile) and value.filename:
                files.setdefault(name, []).append(Upload(value.filename, await value.read()))
    finally:
        await data.close()
    return Form(data, files)


_STATUS: Sequence[tuple[type[CongvanError], int]] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (RefusedError, 422),
    (TemporaryError, 503),
    (InputError, 400),
)


def status_of(error: CongvanError) -> int:
    """The HTTP status of one of our errors."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def failure(ask: Ask, error: CongvanError) -> Response:
    """An error as a page that says what happened and what to do."""
    status = status_of(error)
    kind = {404: "missing", 409: "conflict", 422: "refused", 503: "later", 400: "input"}.get(status, "fault")
    return ask.render("failure.html", status=status, kind=kind, sentence=error.message)
