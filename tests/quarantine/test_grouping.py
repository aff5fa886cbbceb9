"""Join and split before a number is given: which files are one document, which mails belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from congvan_core.documents.store import arrivals_of, files_of, get_document
from congvan_core.errors import ConflictError, InputError
from congvan_gateway.main import App
from congvan_gateway.quarantine import acts
from congvan_gateway.quarantine.correcting import correct
from congvan_gateway.quarantine.grouping import join, separate, split
from congvan_gateway.quarantine.queue import waiting
from congvan_gateway.quarantine.splitting import release_each
from support_held import BOTH, CLERK, arrive, row_of
from support_judgement import NAME, genuine, mail, page, signed
from support_pki import LivePki

SECOND = "68-STNA-VP_05082026_Tap-huan.pdf"
LIST = "danh sach.pdf"


def digests(app: App, item: str) -> dict[str, str]:
    return {a["filename"]: a["sha256"] for a in row_of(app, item).report["attachments"]}


def second(pki: LivePki) -> bytes:
    return signed(pki, page(number="68", subject="tập huấn chữ ký số"))


@BOTH
def test_two_documents_of_one_mail_are_parted_as_the_clerk_says(app: App, tmp_path: Path, pki: LivePki) -> None:
    files = ((NAME, genuine(pki)), (SECOND, second(pki)), (LIST, page(number=None, issued_on=None)))
    item = arrive(app, tmp_path, mail(*files))["message"]
    assert "CONTENT-SEVERAL-DOCUMENTS" in row_of(app, item).codes
    of = digests(app, item)
    assert split(app, item, [[of[NAME]], [of[SECOND], of[LIST]]], CLERK).state == "held"
    assert "CONTENT-SEVERAL-DOCUMENTS" not in row_of(app, item).codes
    correct(app, item, {"subject": "V/v tập huấn (sửa)"}, CLERK, part=1)
    with pytest.raises(InputError):
        correct(app, item, {"subject": "x"}, CLERK, part=2)
    first, other = release_each(app, item, CLERK)
    assert {first.register_number, other.register_number} == {"1", "2"}
    with app.database.read() as connection:
        assert first.document_id is not None
        assert other.document_id is not None
        one, two = get_document(connection, first.document_id), get_document(connection, other.document_id)
        assert (one.number_symbol, two.number_symbol) == ("67/STNA-VP", "68/STNA-VP")
        assert two.subject == "V/v tập huấn (sửa)"
        assert {f.name for f in files_of(connection, two.id)} == {SECOND, LIST}
        assert {f.name for f in files_of(connection, one.id)} == {NAME}
    assert release_each(app, item, CLERK)[0].state == "registered"


def test_all_files_of_a_mail_are_one_document_when_the_clerk_says_so(app: App, tmp_path: Path, pki: LivePki) -> None:
    item = arrive(app, tmp_path, mail((SECOND, second(pki)), (NAME, genuine(pki))))["message"]
    of = digests(app, item)
    split(app, item, [[of[NAME], of[SECOND]]], CLERK)
    roles = {a["filename"]: a["role"] for a in row_of(app, item).report["attachments"]}
    assert roles == {NAME: "main", SECOND: "enclosure"}
    assert row_of(app, item).number == "67"
    done = acts.release(app, item, CLERK)
    assert done.register_number == "1"
    with app.database.read() as connection:
        assert done.document_id is not None
        assert [f.name for f in files_of(connection, done.document_id)] == [NAME, SECOND]


@BOTH
def test_a_second_mail_with_the_annex_joins_the_first(app: App, tmp_path: Path, pki: LivePki) -> None:
    head = arrive(app, tmp_path, mail((NAME, genuine(pki))))["message"]
    annex = arrive(app, tmp_path, mail(("phu luc.pdf", page(number=None, issued_on=None)), subject="Phụ lục"))[
        "message"
    ]
    stranger = arrive(app, tmp_path, mail(("x.pdf", page()), sender="la@c.example.vn"), sender="la@c.example.vn")
    with pytest.raises(InputError):
        join(app, [head, stranger["message"]], CLERK)
    assert row_of(app, annex).state == "held"
    assert join(app, [head, annex], CLERK).state == "held"
    assert row_of(app, annex).state == "joined"
    with app.database.read() as connection:
        assert annex not in {row.id for row in waiting(connection)}
    assert "phu luc.pdf" in digests(app, head)
    assert "CONTENT-JOINED-MAIL" in {f["code"] for f in row_of(app, head).report["findings"]}
    with pytest.raises(ConflictError):
        acts.release(app, annex, CLERK)
    done = acts.release(app, head, CLERK)
    assert done.register_number == "1"
    assert row_of(app, annex).state == "registered"
    assert row_of(app, annex).document_id == done.document_id
    with app.database.read() as connection:
        assert done.document_id is not None
        assert [f.name for f in files_of(connection, done.document_id)] == [NAME, "phu luc.pdf"]
        assert {a["message_id"] for a in arrivals_of(connection, done.document_id)} == {head, annex}


@BOTH
def test_what_was_joined_can_be_parted_again(app: App, tmp_path: Path, pki: LivePki) -> None:
    from congvan_gateway.judgement.judging import Judge

    head = arrive(app, tmp_path, mail((NAME, genuine(pki))))["message"]
    annex = arrive(app, tmp_path, mail(("phu luc.pdf", page(number=None, issued_on=None)), subject="Phụ lục"))[
        "message"
    ]
    join(app, [head, annex], CLERK)
    separate(app, head, CLERK)
    assert "phu luc.pdf" not in digests(app, head)
    assert row_of(app, annex).state == "stored"
    assert Judge(app).step_one(annex) == 1
    assert row_of(app, annex).state == "held"
    join(app, [head, annex], CLERK)
    acts.discard(app, head, CLERK, reason="gửi nhầm")
    assert row_of(app, annex).state == "ignored"


def test_files_are_this_mails_and_belong_to_one_document(app: App, tmp_path: Path, pki: LivePki) -> None:
    item = arrive(app, tmp_path, mail((NAME, genuine(pki))))["message"]
    mine = digests(app, item)[NAME]
    for groups in ([], [[mine], [mine]], [["0" * 64]]):
        with pytest.raises(InputError):
            split(app, item, groups, CLERK)
