"""One draft: the exact pages, what was said and done, and the acts that its step leaves open to this person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row
from starlette.responses import Response

from congvan_core.documents.text import nfc
from congvan_core.dossiers.rights import require_open
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError, TemporaryError, UnreadableError
from congvan_core.storage.blobs import StoredBlob
from congvan_core.workflow import drafts
from congvan_core.workflow.draft_enclosures import add_enclosure, enclosures, remove_enclosure
from congvan_core.workflow.moves import DRAFT_MOVES, DraftState
from congvan_core.workflow.numbering_and_seal import accept_sealed, attach_scan
from congvan_core.workflow.organisation import Actor, acting
from congvan_core.workflow.schema import draft_version
from congvan_core.workflow.signing_round import accept_signed, sign_on_paper
from congvan_gateway.console import card
from congvan_gateway.console.desk import Ask, Upload, failure, status_of
from congvan_gateway.dispatch.from_drafts import issue
from congvan_gateway.drafting import acts
from congvan_gateway.drafting.keys import expiry_words, key_choices, opened
from congvan_gateway.drafting.people import actor_of
from congvan_gateway.drafting.preparing import MAX_DRAFT, page_total, take_file
from congvan_gateway.drafting.slip import slip_of
from congvan_gateway.drafting.word_file import word_file

_BRIDGE_PLACE = "connect-src 'self'"


def load(ask: Ask) -> tuple[Actor, Row[Any]]:
    """The draft and who this account is in its agency. Raises NotFoundError, RefusedError."""
    with ask.app.database.read() as connection:
        row = drafts.get(connection, ask.path("draft"))
        signers = drafts.signers(connection, row.id)
        if row.document_id is not None:  # issued: the draft says what the document says
            require_open(connection, "document", row.document_id, ask.account.login)
    try:
        me = actor_of(ask.app, ask.account, row.agency_id)
    except RefusedError:
        raise NotFoundError("Không có dự thảo này") from None
    acts.require_seen(me, row, signers)
    return me, row


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    me, row = load(ask)
    with ask.app.database.read() as connection:
        signers = [(one, acting(connection, one.person_id, ask.now)) for one in drafts.signers(connection, row.id)]
        values: dict[str, Any] = {
            "history": drafts.acts(connection, row.id),
            "versions": connection.execute(
                draft_version.select().where(draft_version.c.draft_id == row.id).order_by(draft_version.c.number.desc())
            ).all(),
            "enclosed": enclosures(connection, row.id),
            "drafter": acting_name(connection, row.drafter_id),
        }
    state = DraftState(row.state)
    turn = next((one for one, _ in signers if one.signed_at is None), None)
    can = _open_acts(me, row, state, turn is not None and turn.person_id == me.id)
    signing = bool(can & {"sign", "seal"})
    answer = ask.render(
        "draft.html", status=status, wrong=wrong, row=row, state=state, who=me, signers=signers, can=can,
        keys=key_choices(ask.app) if signing else [], bridge=ask.app.settings.signing.bridge if signing else None,
        pages=_pages(ask, row), send_by=acts.send_by(ask.app, row), late=acts.is_late(ask.app, row), form=ask.form, **values,
    )  # fmt: skip
    bridge = ask.app.settings.signing.bridge
    if signing and bridge:
        from congvan_gateway.console.guard import CONTENT_POLICY

        answer.headers["Content-Security-Policy"] = CONTENT_POLICY.replace(_BRIDGE_PLACE, f"{_BRIDGE_PLACE} {bridge}")
    return answer


def acting_name(connection: Any, person_id: str) -> str:
    from congvan_core.workflow.schema import person

    found = connection.execute(person.select().where(person.c.id == person_id)).one_or_none()
    return "" if found is None else str(found.full_name)


def _open_acts(me: Actor, row: Row[Any], state: DraftState, my_turn: bool) -> set[str]:
    """The acts that the step leaves open and this person may do; the act itself asks again."""
    drafter, clerk = row.drafter_id == me.id, "clerk" in me.roles
    leads = me.heads(row.unit_id)
    mine = {
        "change": drafter, "submit": drafter and row.version > 0, "withdraw": drafter, "cancel": drafter or clerk,
        "approve": leads, "sign": my_turn, "sign_on_paper": my_turn or clerk, "number": clerk, "seal": clerk,
        "issue": clerk,
        "refuse": leads if state is DraftState.UNIT_REVIEW else my_turn or "leader" in me.roles,
    }  # fmt: skip
    found = {act for act, moves in DRAFT_MOVES.items() if state in moves and mine.get(act, False)}
    if row.number is not None:
        found.discard("cancel")
    if state is DraftState.NUMBERED and clerk and row.on_paper and row.copy_form is None:
        found.add("scan")
    if row.copy_form and state is DraftState.PAPER_SIGNED:
        found.discard("sign_on_paper")
    return found


def _pages(ask: Ask, row: Row[Any]) -> int:
    if row.file_sha256 is None:
        return 0
    from congvan_core.errors import CongvanError

    try:
        return min(ask.app.sandbox.run(page_total, ask.app.blobs.read(row.file_sha256)), 40)
    except CongvanError:
        return 0


def picture(ask: Ask) -> Response:
    _, row = load(ask)
    _file_of(ask, row, ask.path("sha"))
    return card.picture_answer(ask, ask.path("sha"), int(ask.request.path_params["page"]))


def download(ask: Ask) -> Response:
    """A version's or enclosure's bytes, as a file to keep; the present file is the one to be signed with another tool."""
    _, row = load(ask)
    name = _file_of(ask, row, ask.path("sha"))
    data = ask.app.blobs.read(ask.path("sha"))
    return attachment(data, name, "application/octet-stream")


def attachment(data: bytes, name: str, media_type: str) -> Response:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)[:120] or "tep"
    return Response(
        data,
        media_type=media_type,
        headers={
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name[:200], safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


def _file_of(ask: Ask, row: Row[Any], sha: str) -> str:
    """The name of one of the draft's files. Raises NotFoundError for any other digest."""
    with ask.app.database.read() as connection:
        names = {
            one.sha256: one.name
            for one in connection.execute(draft_version.select().where(draft_version.c.draft_id == row.id))
        }
        for one in enclosures(connection, row.id):
            names[one.sha256] = names[one.sealed_sha256 or one.sha256] = one.name
    latest = next(iter(names.values()), "van-ban.pdf")
    if row.file_sha256:
        names.setdefault(row.file_sha256, latest)
    if sha not in names:
        raise NotFoundError("Dự thảo không có tệp này")
    return str(names[sha])


def word(ask: Ask) -> Response:
    """The draft as a Word file with its fields filled in (``?mau=`` names a template of the agency)."""
    _, row = load(ask)
    name, data = word_file(ask.app, row, ask.query("mau", 100))
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return attachment(data, name, kind)


def slip(ask: Ask) -> Response:
    """Phiếu trình, to be printed."""
    _, row = load(ask)
    made = slip_of(ask.app, row)
    return Response(
        made, media_type="application/pdf", headers={"Content-Disposition": 'inline; filename="phieu-trinh.pdf"'}
    )


def act(ask: Ask) -> Response:
    wanted = ask.form.text("act", 20)
    done = _ACTS.get(wanted)
    if done is None:
        return failure(ask, InputError("Không rõ việc cần làm"))
    me, row = load(ask)
    try:
        if wanted in ("approve", "sign", "seal", "sign_on_paper") and ask.form.text("file", 64) != (
            row.file_sha256 or ""
        ):
            raise ConflictError("Văn bản đã thay đổi sau khi bạn mở trang; hãy xem lại rồi quyết định.")
        notice = done(ask, me, row)
    except (InputError, RefusedError, ConflictError, TemporaryError, UnreadableError) as error:
        return show(ask, wrong=error.message, status=status_of(error))
    if notice.startswith("/"):
        return ask.go(notice, "Đã phát hành văn bản")
    return ask.go(f"/du-thao/{row.id}", notice)


def _one(ask: Ask, name: str = "upload") -> Upload:
    found = ask.form.files.get(name, [])
    if len(found) != 1:
        raise InputError("Hãy chọn một tệp")
    if len(found[0].data) > MAX_DRAFT:
        raise InputError("Tệp lớn hơn 100 MB")
    return found[0]


def _version(ask: Ask, me: Actor, row: Row[Any]) -> str:
    if row.drafter_id != me.id:
        raise RefusedError("Chỉ người soạn thảo thay tệp dự thảo.")
    upload = _one(ask)
    name, stored = take_file(ask.app, upload.name, upload.data, on_paper=ask.form.has("paper"))
    with ask.app.database.write() as connection:
        number = drafts.add_version(
            connection, row.id, me, name, stored, at=ask.now, remark=ask.form.text("remark", 1000)
        )
    return f"Đã lưu bản dự thảo thứ {number}"


def _comment(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        drafts.comment(connection, row.id, me, ask.form.text("text", 2000), at=ask.now)
    return "Đã ghi ý kiến"


def _enclose(ask: Ask, me: Actor, row: Row[Any]) -> str:
    if row.drafter_id != me.id:
        raise RefusedError("Chỉ người soạn thảo thay phụ lục.")
    upload = _one(ask)
    blob = ask.app.blobs.put_bytes(upload.data)
    with ask.app.database.write() as connection:
        add_enclosure(connection, row.id, me, nfc(upload.name)[:200], StoredBlob(blob.sha256, blob.size), at=ask.now)
    return "Đã thêm phụ lục"


def _unclose(ask: Ask, me: Actor, row: Row[Any]) -> str:
    if row.drafter_id != me.id:
        raise RefusedError("Chỉ người soạn thảo thay phụ lục.")
    with ask.app.database.write() as connection:
        remove_enclosure(connection, row.id, ask.form.text("enclosure", 32), me, at=ask.now)
    return "Đã bỏ phụ lục"


def _submit(ask: Ask, me: Actor, row: Row[Any]) -> str:
    if row.drafter_id != me.id:
        raise RefusedError("Chỉ người soạn thảo trình dự thảo.")
    acts.blocks(ask.app, row)  # a form of signing that nobody gave is told before it goes up
    with ask.app.database.write() as connection:
        drafts.submit(connection, row.id, me, at=ask.now)
        if ask.form.has("text"):
            drafts.comment(connection, row.id, me, ask.form.text("text", 2000), at=ask.now)
    return "Đã trình lãnh đạo đơn vị"


def _withdraw(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        drafts.withdraw(connection, row.id, me, at=ask.now)
    return "Đã rút dự thảo về"


def _approve(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        drafts.approve(connection, row.id, me, at=ask.now, text=ask.form.text("text", 2000))
    return "Đã duyệt, trình người có thẩm quyền ký"


def _refuse(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        drafts.refuse(connection, row.id, me, ask.form.text("text", 2000), at=ask.now)
    return "Đã trả lại người soạn thảo kèm lý do"


def _sign(ask: Ask, me: Actor, row: Row[Any]) -> str:
    if ask.form.files.get("upload"):
        accept_signed(ask.app.database, ask.app.blobs, row.id, me, _one(ask).data, at=ask.now)
        return "Đã nhận bản ký số, đúng văn bản đã duyệt"
    with opened(ask.app, ask.form.text("key", 300), ask.form.text("pin", 200)) as key:
        acts.sign_draft(ask.app, row.id, me, key)
        return f"Đã ký duyệt. {expiry_words(key, ask.app)}".strip()


def _paper(ask: Ask, me: Actor, row: Row[Any]) -> str:
    sign_on_paper(ask.app.database, row.id, me, at=ask.now)
    return "Đã ghi nhận văn bản ký trên giấy; văn thư cấp số rồi số hóa"


def _number(ask: Ask, me: Actor, row: Row[Any]) -> str:
    number = acts.number_draft(ask.app, row.id, me)
    return f"Đã cấp số {number}/{row.symbol}"


def _scan(ask: Ask, me: Actor, row: Row[Any]) -> str:
    attach_scan(ask.app.database, ask.app.blobs, row.id, me, _one(ask).data, at=ask.now)
    return "Đã gắn bản số hóa"


def _seal(ask: Ask, me: Actor, row: Row[Any]) -> str:
    if ask.form.files.get("upload"):
        state = accept_sealed(ask.app.database, ask.app.blobs, row.id, me, _one(ask).data, at=ask.now)
        if state is DraftState.NUMBERED:
            return "Đã nhận phụ lục có chữ ký số của cơ quan; tiếp tục với phụ lục sau hoặc văn bản"
        return "Đã nhận bản có chữ ký số của cơ quan"
    with opened(ask.app, ask.form.text("key", 300), ask.form.text("pin", 200)) as key:
        acts.seal_draft(ask.app, row.id, me, key)
        return f"Đã ký số của cơ quan. {expiry_words(key, ask.app)}".strip()


def _issue(ask: Ask, me: Actor, row: Row[Any]) -> str:
    sent = issue(
        ask.app, row.id, me, accept_undecided=ask.form.text("accept_undecided", 500) or None,
        late_reason=ask.form.text("late_reason", 500) or None,
    )  # fmt: skip
    with ask.app.database.read() as connection:
        known = drafts.get(connection, row.id).document_id
    return f"/van-ban/{sent.document_id if sent else known}"


def _cancel(ask: Ask, me: Actor, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        drafts.cancel(connection, row.id, me, ask.form.text("text", 2000), at=ask.now)
    return "Đã hủy dự thảo"


_ACTS: dict[str, Callable[[Ask, Actor, Row[Any]], str]] = {
    "version": _version, "comment": _comment, "enclose": _enclose, "unclose": _unclose, "submit": _submit,
    "withdraw": _withdraw, "approve": _approve, "refuse": _refuse, "sign": _sign, "sign_on_paper": _paper,
    "number": _number, "scan": _scan, "seal": _seal, "issue": _issue, "cancel": _cancel,
}  # fmt: skip
