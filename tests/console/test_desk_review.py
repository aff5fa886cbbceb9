"""The review card's acts one by one, as a browser's forms make them: corrected, parted, joined, put off, asked again."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import document, event
from congvan_gateway.console.desk_schema import second_look
from congvan_gateway.console.limits import escalate
from congvan_gateway.console.schema import account
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.storage.schema import message, outbox
from support_desk import Desk, file_name, plain_mail, signed, token_of, version_of


def _row(desk: Desk, item: str) -> Any:
    with desk.app.database.read() as connection:
        return connection.execute(select(message).where(message.c.id == item)).one()


def _post(client: httpx.Client, item: str, data: Mapping[str, Any]) -> httpx.Response:
    page = client.get(f"/cho-kiem-tra/{item}").text
    return client.post(f"/cho-kiem-tra/{item}", data={"token": token_of(client), "version": version_of(page), **data})


def _kinds(desk: Desk, item: str) -> list[str]:
    with desk.app.database.read() as connection:
        return list(
            connection.execute(
                select(event.c.kind).where(event.c.subject == f"message:{item}").order_by(event.c.id)
            ).scalars()
        )


def _take(desk: Desk, folder: Path, raw: bytes) -> str:
    path = folder / "thu.eml"
    path.write_bytes(raw)
    return str(take_in_file(desk.app, path, sender=None, recipients=["vanthu@thidiem.test"])["message"])


def _form(page: str) -> dict[str, str]:
    """The card's own values, as a browser would send them back."""
    found = dict(re.findall(r'<input id="f-(\w+)" name="\1"[^>]* value="([^"]*)"', page))
    found["subject"] = re.search(r'<textarea id="f-subject"[^>]*>([^<]*)<', page)[1]  # type: ignore[index]
    return {"card": "1", **found}


def test_the_form_is_filled_and_a_correction_goes_into_the_register(desk: Desk) -> None:
    item = desk.items["webmail"]
    with desk.enter("vanthu") as clerk:
        page = clerk.get(f"/cho-kiem-tra/{item}").text
        form = _form(page)
        assert form["number"] == "71/SMT-VP" and form["subject"] == "cử cán bộ dự họp" and form["date"]
        assert "Trang văn bản" in page and re.search(r"\d+ %", page)  # each source with its confidence
        saved = _post(clerk, item, {**form, "subject": "Cử cán bộ dự họp ngày 25", "act": "correct"})
        assert saved.status_code == 303 and _row(desk, item).state == "held"
        assert "message.corrected" in _kinds(desk, item)
        same = _post(clerk, item, {**_form(clerk.get(f"/cho-kiem-tra/{item}").text), "act": "correct"})
        assert same.status_code == 400 and "Chưa có thông tin nào được sửa" in same.text
        wrong = _post(clerk, item, {**form, "number": "bảy mốt", "act": "release"})
        assert wrong.status_code == 400 and "bảy mốt" in wrong.text  # what was typed stands there again
        assert _row(desk, item).state == "held"
        done = _post(clerk, item, {**form, "subject": "Cử cán bộ dự họp ngày 26", "act": "release"})
        assert done.status_code == 303
    with desk.app.database.read() as connection:
        assert connection.execute(select(document.c.subject)).scalar_one() == "Cử cán bộ dự họp ngày 26"


def test_what_is_advised_against_waits_for_a_second_person(desk: Desk) -> None:
    item = desk.items["broken"]
    with desk.enter("vanthu") as first, desk.enter("vanthu2") as second:
        empty = _post(first, item, {"act": "release"})
        assert empty.status_code == 400 and "phải nêu lý do" in empty.text
        asked = _post(first, item, {"act": "release", "reason": "đã đối chiếu bản giấy"})
        assert asked.status_code == 303 and _row(desk, item).state == "held"
        assert "Chờ người thứ hai" in first.get("/cho-kiem-tra").text
        alone = _post(first, item, {"act": "confirm"})
        assert alone.status_code == 422 and "không tự xác nhận" in alone.text
        again = _post(first, item, {"act": "release", "reason": "gấp"})
        assert again.status_code == 422 and _row(desk, item).state == "held"
        assert "đã đối chiếu bản giấy" in second.get(f"/cho-kiem-tra/{item}").text
        silent = _post(second, item, {"act": "decline"})
        assert silent.status_code == 400
        assert _post(second, item, {"act": "decline", "answer": "bản giấy ở đâu?"}).status_code == 303
        assert _row(desk, item).state == "held"
        _post(first, item, {"act": "release", "reason": "bản giấy ở phòng hành chính"})
        done = _post(second, item, {"act": "confirm"})
        assert done.status_code == 303, done.text[:300]
    row = _row(desk, item)
    assert row.state == "registered" and "Nguyễn Thị Văn Thư" in row.decided_by and "Lê Thị Thư Ký" in row.decided_by
    with desk.app.database.read() as connection:
        assert sorted(connection.execute(select(second_look.c.state)).scalars()) == ["confirmed", "declined"]
    assert {"message.second_asked", "message.second_declined", "message.second_confirmed"} <= set(_kinds(desk, item))


def _answers(desk: Desk, item: str) -> list[str]:
    statement = select(outbox.c.state).where(outbox.c.message_row_id == item, outbox.c.kind == "receipt_02")
    with desk.app.database.read() as connection:
        return list(connection.execute(statement.order_by(outbox.c.id)).scalars())


def test_a_refusal_is_taken_back_until_somebody_was_told(desk: Desk) -> None:
    item, refusal = desk.items["good-67"], {"act": "refuse", "reason": "gửi nhầm nơi nhận"}
    with desk.enter("vanthu") as clerk:
        assert _post(clerk, item, refusal).status_code == 303
        assert _answers(desk, item) == ["to_seal"] and _row(desk, item).state == "refused"
        assert "mo-lai" in clerk.get(f"/cho-kiem-tra/{item}").text
        back = clerk.post(f"/cho-kiem-tra/{item}/mo-lai", data={"token": token_of(clerk)})
        assert back.status_code == 303, back.text[:300]
        assert _answers(desk, item) == ["cancelled"] and _row(desk, item).state == "held"
        assert _post(clerk, item, refusal).status_code == 303
        assert _answers(desk, item) == ["cancelled", "to_seal"]
        with desk.app.database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.state == "to_seal").values(state="accepted", attempts=1))
        assert "Đưa trở lại danh sách" not in clerk.get(f"/cho-kiem-tra/{item}").text
        late = clerk.post(f"/cho-kiem-tra/{item}/mo-lai", data={"token": token_of(clerk)})
        assert late.status_code == 422 and "đã gửi đi" in late.text
    assert _row(desk, item).state == "refused"
    assert _kinds(desk, item).count("message.reopened") == 1


def test_many_discards_are_taken_back_at_once_and_only_ones_own(desk: Desk) -> None:
    mine, hers = [desk.items["stranger"], desk.items["unsigned"]], desk.items["webmail"]
    with desk.enter("vanthu") as clerk, desk.enter("vanthu2") as other:
        assert _post(other, hers, {"act": "discard", "reason": "thư rác"}).status_code == 303
        token = token_of(clerk)
        gone = clerk.post("/cho-kiem-tra", data={"token": token, "item": mine, "act": "discard", "reason": "thư rác"})
        assert gone.status_code == 303 and [_row(desk, one).state for one in mine] == ["ignored", "ignored"]
        found = re.search(r'action="(/cho-kiem-tra/lay-lai[^"]+)"', clerk.get("/cho-kiem-tra").text)
        assert found is not None
        assert clerk.post(found[1].replace("&amp;", "&"), data={"token": token}).status_code == 303
        assert clerk.post("/cho-kiem-tra/lay-lai?luc=x", data={"token": token}).status_code == 400
    assert [_row(desk, one).state for one in (*mine, hers)] == ["held", "held", "ignored"]


def test_commands_and_programs_wait_for_the_second_person_too(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It is the act that asks for somebody else, not the page."""
    from congvan_gateway.cli import main
    from congvan_gateway.quarantine import acts
    from congvan_gateway.quarantine.person import Person
    from congvan_gateway.quarantine.second_person import SecondPersonError

    item, config = desk.items["broken"], str(desk.app.settings.base / "congvan.toml")
    with pytest.raises(SecondPersonError):
        acts.release(desk.app, item, Person("Nguyễn Thị Văn Thư"), reason="đã đối chiếu bản giấy")
    asked = ["quarantine", "release", item, "--reason", "đã đối chiếu bản giấy", "--json", "--config", config]
    assert main([*asked, "--by", "Người Lạ"]) == 1
    assert main([*asked, "--by", "vanthu"]) == 3
    assert json.loads(capsys.readouterr().out)["waits_for"] == "second_person"
    assert _row(desk, item).state == "held"
    with desk.enter("vanthu") as first, desk.enter("vanthu2") as second:
        assert _post(first, item, {"act": "confirm"}).status_code == 422
        assert _post(second, item, {"act": "confirm"}).status_code == 303
    assert _row(desk, item).state == "registered"


def test_where_one_person_works_alone_nobody_is_waited_for(desk: Desk) -> None:
    item = desk.items["broken"]
    with desk.app.database.write() as connection:
        connection.execute(update(account).where(account.c.login != "vanthu").values(active=False))
    with desk.enter("vanthu") as clerk:
        assert _post(clerk, item, {"act": "release", "reason": "đã đối chiếu bản giấy"}).status_code == 303
    assert _row(desk, item).state == "registered"


def test_a_limit_is_shown_moved_and_told_once(desk: Desk) -> None:
    item = desk.items["good-67"]
    past = desk.app.clock() - timedelta(days=5)
    with desk.app.database.write() as connection:
        connection.execute(update(message).where(message.c.id == item).values(received_at=past))
    assert escalate(desk.app) == 1 and escalate(desk.app) == 0
    with desk.enter("vanthu") as clerk:
        late = clerk.get("/cho-kiem-tra", params={"loc": "late"}).text
        assert "67/SMT-VP" in late and "68/SMT-VP" not in late and "quá " in late
        tomorrow = (desk.app.clock() + timedelta(days=1)).astimezone(VIETNAM).date()
        for wrong in ({"until": tomorrow.isoformat()}, {"reason": "chờ xác minh"}, {"until": "ngày mai", "reason": "x"},
                      {"until": (tomorrow + timedelta(days=60)).isoformat(), "reason": "x"}):  # fmt: skip
            assert _post(clerk, item, {"act": "extend", **wrong}).status_code == 400
        assert _post(
            clerk, item, {"act": "extend", "until": tomorrow.isoformat(), "reason": "chờ xác minh"}
        ).is_redirect
        assert "67/SMT-VP" not in clerk.get("/cho-kiem-tra", params={"loc": "late"}).text
    assert escalate(desk.app) == 0
    assert {"message.overdue", "message.extended"} <= set(_kinds(desk, item))


def test_the_sender_is_asked_only_where_the_origin_is_proved(desk: Desk) -> None:
    with desk.enter("vanthu") as clerk:
        proved, claimed = desk.items["good-67"], desk.items["webmail"]
        for _ in range(2):
            assert _post(clerk, proved, {"act": "resend", "reason": "thiếu phụ lục 2"}).status_code == 303
        third = _post(clerk, proved, {"act": "resend", "reason": "thiếu phụ lục 2"})
        assert third.status_code == 422 and "gọi điện" in third.text
        refused = _post(clerk, claimed, {"act": "resend", "reason": "thiếu phụ lục"})
        assert refused.status_code == 422 and "chưa được xác thực" in refused.text
    with desk.app.database.read() as connection:
        letters = connection.execute(select(outbox).where(outbox.c.dedupe.like("notice:again:%"))).all()
    assert len(letters) == 2 and {row.rcpt_to for row in letters} == {"vanthu@somauthu.test"}
    assert "thiếu phụ lục 2" in str(letters[0].content) and _row(desk, proved).state == "held"


def test_others_who_have_the_mail_open_are_named(desk: Desk) -> None:
    item = desk.items["good-68"]
    with desk.enter("vanthu") as first, desk.enter("vanthu2") as second:
        assert "đang mở thư này" not in first.get(f"/cho-kiem-tra/{item}").text
        assert "Nguyễn Thị Văn Thư cũng đang mở thư này" in second.get(f"/cho-kiem-tra/{item}").text
        assert "Nguyễn Thị Văn Thư đang mở" in second.get("/cho-kiem-tra").text


def test_one_decision_for_the_group_that_was_shown(desk: Desk) -> None:
    with desk.enter("vanthu") as clerk:
        page = clerk.get("/cho-kiem-tra").text
        groups = [ids for ids in re.findall(r'name="group" value="([^"]+)"', page) if desk.items["good-67"] in ids]
        assert len(groups) == 1 and groups[0].count(",") == 2
        done = clerk.post("/cho-kiem-tra", data={"token": token_of(clerk), "group": groups[0]})
        assert done.status_code == 303
        assert "Đã tiếp nhận 3 thư, số đến 1 đến 3" in clerk.get("/cho-kiem-tra").text
        nothing = clerk.post("/cho-kiem-tra", data={"token": token_of(clerk), "act": "release"})
        assert nothing.status_code == 400 and "Chưa chọn thư nào" in nothing.text


def test_files_are_parted_and_put_together_again(desk: Desk, morning: Any, tmp_path: Path) -> None:
    import email

    raw = (morning.folder / "webmail.eml").read_bytes()
    first = next(p for p in email.message_from_bytes(raw).walk() if p.get_filename()).get_payload(decode=True)
    from congvan_gateway.demonstration import agencies as cast

    pki = cast.make_pki(tmp_path / "pki")
    other = signed(pki, "81", "V/v kiểm kê", agency=False)
    item = _take(desk, tmp_path, plain_mail("71/SMT-VP và phụ lục", "Kèm hai tệp.", [
        (file_name("71", "V/v cu can bo du hop"), first), ("phu luc kiem ke.pdf", other)]))  # fmt: skip
    with desk.enter("vanthu") as clerk:
        page = clerk.get(f"/cho-kiem-tra/{item}").text
        names = re.findall(r'name="(g-[0-9a-f]{64})"', page)
        assert len(names) == 2
        assert _post(clerk, item, {"act": "split", names[0]: "1", names[1]: "2"}).status_code == 303
        page = clerk.get(f"/cho-kiem-tra/{item}").text
        assert "Vào sổ từng văn bản (2 số đến)" in page and "Bỏ cách gộp, chia đã lưu" in page
        assert _post(clerk, item, {"act": "separate"}).status_code == 303
        assert "Bỏ cách gộp" not in clerk.get(f"/cho-kiem-tra/{item}").text
        # The same mail's sender sent another one: joined, it leaves the list with this one.
        assert _post(clerk, item, {"act": "join", "with": [desk.items["webmail"]]}).status_code == 303
        assert _row(desk, desk.items["webmail"]).state == "joined"
        assert _post(clerk, item, {"act": "join"}).status_code == 400
    assert {"message.split", "message.separated"} <= set(_kinds(desk, item))


def test_a_copy_is_written_to_the_number_there_is(desk: Desk, morning: Any, tmp_path: Path) -> None:
    with desk.enter("vanthu") as clerk:
        assert _post(clerk, desk.items["webmail"], {"act": "release"}).status_code == 303
        item = _take(
            desk,
            tmp_path,
            (morning.folder / "webmail.eml").read_bytes().replace(b"Message-ID: <", b"Message-ID: <lan2."),
        )
        page = clerk.get(f"/cho-kiem-tra/{item}").text
        found = re.search(r'name="document" value="(\w+)"', page)
        assert found is not None and "Ghi vào số đến 1" in page
        assert _post(clerk, item, {"act": "attach", "document": "0" * 32}).status_code == 404
        assert _post(clerk, item, {"act": "attach", "document": found[1]}).status_code == 303
    assert (_row(desk, item).state, _row(desk, item).document_id) == ("duplicate", found[1])


def test_an_act_that_is_none_does_nothing(desk: Desk) -> None:
    with desk.enter("vanthu") as clerk:
        for act in ("", "nothing", "release; DROP", "x" * 100):
            answer = _post(clerk, desk.items["good-67"], {"act": act})
            assert answer.status_code == 400 and "Không rõ việc cần làm" in answer.text
    assert _row(desk, desk.items["good-67"]).state == "held"


def test_a_document_with_scripts_is_shown_as_a_picture_only(desk: Desk, tmp_path: Path) -> None:
    """JavaScript and a launch action in the PDF: named in the report, drawn as a picture, never handed to the browser."""
    from pyhanko.pdf_utils.generic import DictionaryObject, pdf_name, pdf_string
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    from congvan_gateway.demonstration import agencies as cast

    pdf = signed(cast.make_pki(tmp_path / "pki"), "90", "V/v thử", agency=False)
    writer, out = IncrementalPdfFileWriter(io.BytesIO(pdf)), io.BytesIO()
    launch = DictionaryObject({pdf_name("/S"): pdf_name("/Launch"), pdf_name("/F"): pdf_string("cmd.exe")})
    script = {
        pdf_name("/S"): pdf_name("/JavaScript"),
        pdf_name("/JS"): pdf_string("app.launchURL('http://evil.test/');"),
    }
    writer.root[pdf_name("/OpenAction")] = DictionaryObject(script)
    writer.root[pdf_name("/AA")] = DictionaryObject({pdf_name("/WC"): launch})
    writer.update_root()
    writer.write(out)
    item = _take(
        desk, tmp_path, plain_mail("90/SMT-VP: V/v thử", "Mở tệp.", [("90-SMT-VP_23112026_Thu.pdf", out.getvalue())])
    )
    assert _row(desk, item).state == "held"
    with desk.enter("vanthu") as clerk:
        page = clerk.get(f"/cho-kiem-tra/{item}").text
        assert "CONTENT-" in page and "<embed" not in page and "<object" not in page and "<iframe" not in page
        picture = re.search(rf"/cho-kiem-tra/{item}/trang/[0-9a-f]{{64}}/0", page)
        assert picture is not None
        answer = clerk.get(f"{picture[0]}?w=900")
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
        assert (
            answer.content.startswith(b"\x89PNG") and "default-src 'none'" in answer.headers["content-security-policy"]
        )
        assert clerk.get(f"{picture[0][:-1]}999").status_code == 404
