"""Gửi văn bản đã ký số: files and recipients in, what the file and its name say, the checks, and only then the sending."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from starlette.responses import Response

from congvan_core.agencies.lookup import listing
from congvan_core.agencies.recipients import RecipientAgency, resolve_recipient
from congvan_core.documents import filename, urgency
from congvan_core.documents.model import DocumentMetadata, FileRole, Urgency
from congvan_core.documents.text import nfc
from congvan_core.errors import CongvanError, InputError, RefusedError, TemporaryError
from congvan_core.ids import VIETNAM
from congvan_gateway.console import drafts
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.dispatch.forecasting import Forecast, forecast
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.outgoing_check import OutgoingCheck, check_outgoing
from congvan_gateway.dispatch.recipient_groups import expand, groups
from congvan_gateway.dispatch.request import OutgoingFile, SendRequest, complete
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_mailbox.package.edxml_read import read_packet

_OPTIONS = {
    "--number": "số", "--symbol": "ký hiệu", "--date": "ngày ban hành", "--subject": "trích yếu",
    "--accept-undecided": "lý do gửi khi chưa kết luận", "--for-information": "lý do gửi để biết",
    "--to MÃ hoặc ĐỊA-CHỈ": "nơi nhận", "--late-reason": "lý do gửi muộn",
    "--agency": "cơ quan gửi", "--body": "tác giả",
}  # fmt: skip


#: Recipients of one sending.
MOST_RECIPIENTS = 2000


@dataclass
class Seen:
    """What the check found; ``stop`` is why the document may not leave, ``ask_for`` the reason that would let it."""

    request: SendRequest | None = None
    checked: OutgoingCheck | None = None
    recipients: list[RecipientAgency] = field(default_factory=list)
    forecast: Forecast | None = None
    stop: str = ""
    ask_for: str = ""


def show(ask: Ask, *, seen: Seen | None = None, sealed: str = "", files: tuple[OutgoingFile, ...] = (), wrong: str = "",
         status: int = 200) -> Response:  # fmt: skip
    on = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.read() as connection:
        agencies = [a for a in listing(connection, on) if not a.contact_point.own]
        own = visible_agencies(connection, ask.account.agencies)
        offered = groups(connection, on)
    asked, chosen = set(ask.form.texts("to")), set(ask.form.texts("group"))
    return ask.render("sending.html", status=status, agencies=agencies[:1500], own=own, asked=asked, seen=seen,
                      groups=offered, chosen=chosen, sealed=sealed, files=files, wrong=wrong, form=ask.form)  # fmt: skip


def act(ask: Ask) -> Response:
    sealed: str = ""
    files: tuple[OutgoingFile, ...] = ()
    try:
        kept = _files(ask)
        sealed = drafts.seal(ask.app, ask.account.id, kept)
        files = tuple(f for f in kept if f.role is not FileRole.METADATA)
        request = _request(ask, files, next((f.data for f in kept if f.role is FileRole.METADATA), None))
        request = _from_page(ask, request)
        if ask.form.text("act", 10) == "send":
            return _send(ask, request)
        return show(ask, seen=_look(ask, request), sealed=sealed, files=files)
    except (InputError, RefusedError, TemporaryError, SandboxError) as error:
        return show(ask, sealed=sealed, files=files, wrong=in_words(error), status=status_of(error))


def in_words(error: CongvanError) -> str:
    """The command line's sentence with the form's names for its options."""
    text = error.message
    for option, name in _OPTIONS.items():
        text = text.replace(option, name)
    return text


def _files(ask: Ask) -> tuple[OutgoingFile, ...]:
    """The files of this form, or those of the form before; the packet among them."""
    fresh, others = ask.form.files.get("main", []), ask.form.files.get("others", [])
    if fresh:
        return drafts.take(ask.app, fresh, others)
    if ask.form.text("sealed", 100_000):
        return drafts.unseal(ask.app, ask.account.id, ask.form.text("sealed", 100_000))
    raise InputError("Hãy chọn tệp văn bản chính đã ký số")


def _request(ask: Ask, files: tuple[OutgoingFile, ...], packet: bytes | None) -> SendRequest:
    form = ask.form
    lines = [line.strip() for line in form.text("more", 20_000).splitlines()]
    with ask.app.database.read() as connection:
        grouped = expand(connection, form.texts("group")[:20], ask.now.astimezone(VIETNAM).date())
    to = tuple(dict.fromkeys([*grouped, *form.texts("to"), *filter(None, lines)]))
    if not to:
        raise InputError("Hãy chọn ít nhất một nơi nhận")
    if len(to) > MOST_RECIPIENTS:
        raise InputError(f"Mỗi lần gửi tới nhiều nhất {MOST_RECIPIENTS} nơi nhận; hãy chia thành nhiều lần")
    request = SendRequest(
        files=files,
        to=to,
        number=form.text("number", 20) or None,
        symbol=nfc(form.text("symbol", 60)) or None,
        issued_on=day_of(form.text("date", 10), "Ngày ban hành"),
        subject=nfc(form.text("subject", 1000)) or None,
        type_name=nfc(form.text("type", 100)) or None,
        urgency=urgency.parse(form.text("urgency", 20)) if form.has("urgency") else None,
        due_on=day_of(form.text("due", 10), "Hạn trả lời"),
        agency=_agency(ask),
        accept_undecided=form.text("accept_undecided", 500) or None,
        for_information=form.text("for_information", 500) or None,
        late_reason=form.text("late_reason", 500) or None,
        actor=ask.account.signature,
    )
    if packet is None:
        return request
    return replace(request, packet=read_packet(packet).metadata or DocumentMetadata())


def _from_page(ask: Ask, request: SendRequest) -> SendRequest:
    """What neither the form nor a packet says is read from the first page: with its accents, which a name has not.

    Number and date come from the file's name where it follows khoản 3 Điều 8.
    """
    named = filename.parse(request.files[0].name) is not None
    missing = not (request.subject and request.type_name) or (not named and not (request.symbol and request.issued_on))
    if request.packet.symbol or not missing:
        return request
    try:
        said = ask.desk.pictures.says(hashlib.sha256(request.files[0].data).hexdigest())
    except (CongvanError, ValueError, KeyError):
        return request  # no text to read: the clerk is asked for what is missing
    symbol, issued_on = request.symbol, request.issued_on
    if not named:
        symbol = symbol or said.get("number")
        if issued_on is None and said.get("date"):
            issued_on = datetime.strptime(said["date"], "%d/%m/%Y").date()
    return replace(
        request, symbol=symbol, issued_on=issued_on, subject=request.subject or said.get("subject"),
        type_name=request.type_name or said.get("type"),
    )  # fmt: skip


def _agency(ask: Ask) -> str | None:
    """The sending agency, always one of this person's."""
    with ask.app.database.read() as connection:
        own = visible_agencies(connection, ask.account.agencies)
    if not own:
        raise RefusedError("Tài khoản của bạn chưa được giao cho cơ quan nào")
    wanted = ask.form.text("agency", 35)
    if wanted and wanted not in {p.code for p in own}:
        raise RefusedError("Bạn không làm việc cho cơ quan này")
    return wanted or (own[0].code if len(own) == 1 else None)


def day_of(text: str, name: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} '{text}' không phải là ngày") from None


def _look(ask: Ask, request: SendRequest) -> Seen:
    """The same checks as sending makes, without sending."""
    seen = Seen()
    seen.request = request = complete(request)
    on = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.read() as connection:
        seen.recipients = [resolve_recipient(connection, to, on) for to in request.to]
        own = visible_agencies(connection, ask.account.agencies)
    agency = next((p for p in own if p.code == request.agency), own[0])
    try:
        seen.checked = check_outgoing(ask.app, request, body_name=agency.name)
    except TemporaryError as error:
        seen.stop, seen.ask_for = in_words(error), "accept_undecided"
    except RefusedError as error:
        seen.stop = in_words(error)
        seen.ask_for = "for_information" if "--for-information" in error.message else ""
    with ask.app.database.read() as connection:
        seen.forecast = forecast(
            connection, ask.app, agency_id=agency.id, files=[len(f.data) for f in request.files],
            recipients=seen.recipients, urgency=request.urgency or Urgency.NORMAL,
            signed_at=seen.checked.signed_at if seen.checked else None,
        )  # fmt: skip
    return seen


def _send(ask: Ask, request: SendRequest) -> Response:
    sent = send(ask.app, request)
    notice = f"Đã phát hành {sent.number}/{sent.symbol}; {len(sent.recipients)} nơi nhận đang chờ gửi"
    if sent.warnings:
        notice += ". Lưu ý: " + "; ".join(w.replace("--late-reason", "mục lý do gửi muộn") for w in sent.warnings)
    return ask.go(f"/van-ban/{sent.document_id}", notice)
