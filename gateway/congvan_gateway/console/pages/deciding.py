"""A person's acts on one mail of the review card; each is done whole or not at all, and says what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, update
from starlette.responses import Response

from congvan_core.agencies.keys import confirm_key, enroll_key, limit_key
from congvan_core.errors import ConflictError, CongvanError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.writing import append
from congvan_gateway.console import card, looking, proposals
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.review import load, show
from congvan_gateway.console.pages.sending import day_of
from congvan_gateway.console.pages.waiting import act_on_one
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.quarantine import acts, second_person
from congvan_gateway.quarantine.attaching import attach
from congvan_gateway.quarantine.correcting import correct
from congvan_gateway.quarantine.grouping import join, separate, split
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.splitting import release_each
from congvan_gateway.receipts.asking_again import ask_again
from congvan_gateway.storage.schema import message

#: A mail may not be put off further than this at once.
MOST_DAYS = 10
_DONE = {
    "registered": "Đã tiếp nhận và vào sổ",
    "duplicate": "Văn bản đã có trong sổ; lần gửi này được ghi nhận, không vào sổ lần thứ hai",
    "refused": "Đã từ chối tiếp nhận; thông báo được gửi khi nguồn gửi đã xác thực",
    "ignored": "Đã loại khỏi danh sách (thư vẫn được lưu)",
    "sealed": "Thư có thể mang dấu chỉ độ mật và đã được niêm phong",
}


def decide(ask: Ask) -> Response:
    """POST of the card. What the person typed stands there again where the act was not possible."""
    row = load(ask, ask.path("item"))
    try:
        version = ask.form.number("version", -1)
        if version != row.version:
            who = row.decided_by or "hệ thống"
            raise ConflictError(
                f"Thư này đã thay đổi sau khi bạn mở trang ({who} vừa xử lý hoặc kiểm tra lại); hãy xem lại"
            )
        act = _ACTS.get(ask.form.text("act", 20))
        if act is None:
            raise InputError("Không rõ việc cần làm")
        return act(ask, row)
    except (InputError, RefusedError, SandboxError) as error:
        return show(ask, wrong=error.message, status=status_of(error))


def person_of(ask: Ask) -> Person:
    return Person(ask.account.name, ask.account.position, ask.account.telephone)


def _onward(ask: Ask, row: Row[Any], done: acts.Outcome) -> Response:
    """What came of it, and on to the next mail."""
    looking.gone(ask.app.database, row.id)
    if done.state == "sealed":
        ask.desk.pictures.forget()
    number = f", số đến {done.register_number}" if done.register_number else ""
    undo = f"/cho-kiem-tra/{row.id}/mo-lai" if done.state in ("ignored", "refused") else ""
    following = ask.form.text("following", 40)
    target = f"/cho-kiem-tra/{following}" if following.isalnum() else "/cho-kiem-tra"
    if done.state in ("held", "conflict", "stored"):
        target = f"/cho-kiem-tra/{row.id}"
    return ask.go(target, _DONE.get(done.state, "Đã ghi nhận") + number, undo=undo)


def _release(ask: Ask, row: Row[Any]) -> Response:
    act, reason = ask.form.text("act", 20), ask.form.text("reason", 1000)
    changed = proposals.changes(ask, row, ask.form)
    with ask.app.database.read() as connection:
        waits = second_person.needed(connection, ask.app, row, act)
        if second_person.pending(connection, row.id) is not None and act == "release":
            raise RefusedError("Thư này đang chờ người thứ hai xác nhận")
    if changed:
        correct(ask.app, row.id, changed, person_of(ask))
    if waits:
        return _asked(ask, row, act, reason)
    try:
        return _onward(ask, row, act_on_one(ask, row.id, act, reason))
    except second_person.SecondPersonError:  # only this look recommends refusal
        return _asked(ask, row, act, reason)


def _asked(ask: Ask, row: Row[Any], act: str, reason: str) -> Response:
    second_person.ask(ask.app, row, act, reason, ask.account)
    return ask.go("/cho-kiem-tra", "Đã ghi đề nghị; thư vào sổ khi người thứ hai xác nhận")


def _refuse(ask: Ask, row: Row[Any]) -> Response:
    reason = ask.form.text("reason", 1000) or ask.form.text("sentence", 1000)
    return _onward(ask, row, act_on_one(ask, row.id, "refuse", reason))


def _discard(ask: Ask, row: Row[Any]) -> Response:
    return _onward(ask, row, act_on_one(ask, row.id, "discard", ask.form.text("reason", 1000)))


def _confirm(ask: Ask, row: Row[Any]) -> Response:
    """The second person agrees: released in both names."""
    asked = second_person.agree(ask.app, row, ask.account)
    person = Person(
        f"{asked.asked_name}; {ask.account.name}",
        ask.account.position,
        ask.account.telephone,
        agreed_by=ask.account.name,
    )
    reason = f"{asked.reason} (người xác nhận: {ask.account.name})"
    try:
        if asked.act == "each":
            release_each(ask.app, row.id, person, reason=reason)
            done = acts.outcome_of(ask.app, row.id)
        else:
            done = acts.release(ask.app, row.id, person, reason=reason)
    except BaseException:
        second_person.reopen(ask.app, asked)
        raise
    return _onward(ask, row, done)


def _decline(ask: Ask, row: Row[Any]) -> Response:
    second_person.decline(ask.app, row, ask.account, ask.form.text("answer", 500))
    return ask.go(f"/cho-kiem-tra/{row.id}", "Đã ghi không đồng ý; thư vẫn chờ kiểm tra")


def _correct(ask: Ask, row: Row[Any]) -> Response:
    changed = proposals.changes(ask, row, ask.form)
    if not changed:
        raise InputError("Chưa có thông tin nào được sửa")
    correct(ask.app, row.id, changed, person_of(ask))
    return ask.go(f"/cho-kiem-tra/{row.id}", "Đã lưu thông tin và kiểm tra lại; thư chưa vào sổ")


def _each(ask: Ask, row: Row[Any]) -> Response:
    reason = ask.form.text("reason", 1000)
    with ask.app.database.read() as connection:
        waits = second_person.needed(connection, ask.app, row, "each")
    if waits:
        return _asked(ask, row, "each", reason)
    done = release_each(ask.app, row.id, person_of(ask), reason=reason or None)
    looking.gone(ask.app.database, row.id)
    numbers = [n.register_number for n in done if n.register_number]
    told = f", số đến {', '.join(numbers)}" if numbers else ""
    return ask.go("/cho-kiem-tra", f"Đã vào sổ {len(done)} văn bản của thư{told}")


def _split(ask: Ask, row: Row[Any]) -> Response:
    groups: dict[int, list[str]] = {}
    for file in card.files(row.report or {}):
        place = ask.form.number(f"g-{file['sha256']}")
        if place:
            groups.setdefault(place, []).append(str(file["sha256"]))
    if not groups:
        raise InputError("Chưa chọn tệp nào thuộc văn bản nào")
    split(ask.app, row.id, [groups[place] for place in sorted(groups)], person_of(ask))
    return ask.go(f"/cho-kiem-tra/{row.id}", f"Đã chia thư thành {len(groups)} văn bản; xem lại rồi vào sổ")


def _join(ask: Ask, row: Row[Any]) -> Response:
    others = [load(ask, one).id for one in ask.form.texts("with")[:20]]
    if not others:
        raise InputError("Hãy đánh dấu thư cần gộp")
    join(ask.app, [row.id, *others], person_of(ask))
    return ask.go(f"/cho-kiem-tra/{row.id}", f"Đã gộp {len(others)} thư vào thư này")


def _separate(ask: Ask, row: Row[Any]) -> Response:
    separate(ask.app, row.id, person_of(ask))
    return ask.go(f"/cho-kiem-tra/{row.id}", "Đã bỏ cách gộp, chia; thư như lúc mới đến")


def _attach(ask: Ask, row: Row[Any]) -> Response:
    from congvan_gateway.console.registry import document_row

    with ask.app.database.read() as connection:
        there = document_row(connection, ask.account.agencies, ask.form.text("document", 64), ask.account.login)
    reason = "văn thư đã đối chiếu hai bản trên trang kiểm tra"
    return _onward(ask, row, attach(ask.app, row.id, person_of(ask), there.id, reason=reason))


def _again(ask: Ask, row: Row[Any]) -> Response:
    with ask.app.database.write() as connection:
        connection.execute(
            update(message).where(message.c.id == row.id, message.c.state == "held").values(next_try_at=ask.now)
        )
    return ask.go(f"/cho-kiem-tra/{row.id}", "Thư sẽ được kiểm tra lại trong giây lát")


def _resend(ask: Ask, row: Row[Any]) -> Response:
    reason = ask.form.text("reason", 500) or ask.form.text("sentence", 500)
    to = ask_again(ask.app, row.id, person_of(ask), reason=reason)
    return ask.go(f"/cho-kiem-tra/{row.id}", f"Đã lập thư đề nghị gửi lại, gửi {to}; thư này vẫn chờ kiểm tra")


def _extend(ask: Ask, row: Row[Any]) -> Response:
    """The limit moves, with a name and a reason; the sender was told that the mail is being looked at."""
    until, reason = _evening(ask, "until"), ask.form.text("reason", 500)
    if until is None or not reason:
        raise InputError("Gia hạn phải có ngày và lý do")
    if not ask.now < until <= ask.now + timedelta(days=MOST_DAYS):
        raise InputError(f"Chỉ gia hạn được từ hôm nay đến {MOST_DAYS} ngày tới")
    with ask.app.database.write() as connection:
        moved = connection.execute(
            update(message)
            .where(message.c.id == row.id, message.c.version == row.version)
            .values(held_until=until, version=message.c.version + 1)
        ).rowcount
        if not moved:
            raise ConflictError("Thư này vừa được người khác xử lý")
        append(connection, agency_id=row.agency_id or "", actor=ask.account.signature, kind="message.extended",
               subject=f"message:{row.id}", data={"until": iso_vn(until), "reason": reason}, at=ask.now)  # fmt: skip
    return ask.go("/cho-kiem-tra", f"Đã gia hạn kiểm tra đến hết ngày {until.astimezone(VIETNAM):%d/%m/%Y}")


def _evening(ask: Ask, name: str) -> datetime | None:
    day = day_of(ask.form.text(name, 10), "Ngày")
    return datetime.combine(day, time(23, 59), VIETNAM) if day else None


def _trust(ask: Ask, row: Row[Any]) -> Response:
    """Confirm a key after its fingerprint was compared (directory or another channel), then judge the mail again."""
    fingerprint, until = ask.form.text("fingerprint", 64).lower(), _evening(ask, "until")
    if not ask.form.has("compared"):
        raise InputError(
            "Hãy đánh dấu rằng đã đối chiếu dấu vân tay với cơ quan gửi qua kênh khác (điện thoại, văn bản)"
        )
    with ask.app.database.read() as connection:
        known = {k["fingerprint"]: k for k in card.unknown_keys(connection, row)}
    key = known.get(fingerprint)
    if key is None:
        raise NotFoundError("Thư này không có khóa đó, hoặc khóa đã được xác nhận")
    certificate = None if key["id"] else _certificate(ask, row, fingerprint)
    with ask.app.database.write() as connection:
        if certificate is None:
            made = confirm_key(connection, key["id"], actor=ask.account.signature, at=ask.now)
        else:
            made = enroll_key(connection, key["contact_point_id"], certificate, actor=ask.account.signature, at=ask.now,
                              purpose="document")  # fmt: skip
        if until is not None:
            limit_key(connection, made.id, until=until, actor=ask.account.signature, at=ask.now)
        connection.execute(
            update(message).where(message.c.id == row.id, message.c.state == "held").values(next_try_at=ask.now)
        )
    told = f" đến hết ngày {until.astimezone(VIETNAM):%d/%m/%Y}" if until else ""
    return ask.go(
        f"/cho-kiem-tra/{row.id}", f"Đã tin cậy chứng thư này cho cơ quan gửi{told}; thư đang được kiểm tra lại"
    )


def _certificate(ask: Ask, row: Row[Any], fingerprint: str) -> bytes:
    for file in (row.report or {}).get("attachments", []):
        if file.get("format") != "pdf":
            continue
        try:
            certificates = ask.desk.pictures.certificates(file["sha256"])
        except CongvanError:
            continue
        for certificate in certificates:
            if hashlib.sha256(certificate).hexdigest() == fingerprint:
                return certificate
    raise NotFoundError("Không tìm thấy chứng thư này trong tệp")


_ACTS: Mapping[str, Callable[[Ask, Row[Any]], Response]] = {
    "release": _release, "information": _release, "refuse": _refuse, "discard": _discard, "confirm": _confirm,
    "decline": _decline, "correct": _correct, "each": _each, "split": _split, "join": _join, "separate": _separate, "attach": _attach,
    "again": _again, "resend": _resend, "extend": _extend, "trust": _trust,
}  # fmt: skip
