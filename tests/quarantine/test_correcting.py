"""A clerk's corrections: kept with who and when, judged again, registered as corrected, gone when the mail is sealed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from congvan_core.documents.model import FileRole
from congvan_core.documents.store import get_document
from congvan_core.errors import ConflictError, InputError
from congvan_core.storage.schema import event
from congvan_gateway.judgement import by_hand
from congvan_gateway.main import App
from congvan_gateway.quarantine import acts
from congvan_gateway.quarantine.correcting import correct, history
from support_held import BOTH, CLERK, arrive, row_of
from support_judgement import NAME, genuine, mail, metadata, package
from support_pki import LivePki


@BOTH
def test_a_corrected_number_is_registered_and_the_packets_stays_a_note(app: App, tmp_path: Path, pki: LivePki) -> None:
    raw = package(pki, [(NAME, genuine(pki), FileRole.MAIN)], meta=metadata(number="76"))
    item = arrive(app, tmp_path, raw)["message"]
    assert "INTEGRITY-NUMBER-DIFFERS" in row_of(app, item).codes
    done = correct(app, item, {"number": "67/STNA-VP", "subject": "rà soát  hộp thư"}, CLERK)
    assert done.state == "held"
    row = row_of(app, item)
    assert (row.number, row.symbol, row.subject) == ("67", "STNA-VP", "rà soát hộp thư")
    assert row.report["metadata"]["sources"]["number"] == "clerk"
    assert "INTEGRITY-NUMBER-DIFFERS" not in row.codes, "settled by a person"
    assert "INTEGRITY-NUMBER-DIFFERS" in {f["code"] for f in row.report["findings"]}, "but still told"
    with app.database.read() as connection:
        words = history(connection, item)
        (told,) = connection.execute(select(event).where(event.c.kind == "message.corrected")).all()
    assert [(w["field"], w["was"], w["value"], w["by"]) for w in words] == [
        ("number", "76", "67", CLERK.name),
        ("subject", "rà soát hộp thư công vụ", "rà soát hộp thư", CLERK.name),
    ]
    assert json.loads(told.data) == {"fields": ["number", "subject", "symbol"]}, "the journal cannot forget: no values"
    outcome = acts.release(app, item, CLERK)
    assert outcome.state == "registered"
    assert outcome.document_id is not None
    with app.database.read() as connection:
        document = get_document(connection, outcome.document_id)
    assert (document.number_symbol, document.subject) == ("67/STNA-VP", "rà soát hộp thư")


def test_what_a_person_corrected_is_not_registered_by_itself(app: App, tmp_path: Path, pki: LivePki) -> None:
    from congvan_core.ids import now
    from congvan_core.registers.instructions import give_instruction

    item = arrive(app, tmp_path, package(pki, [(NAME, genuine(pki), FileRole.MAIN)]))["message"]
    row = row_of(app, item)
    with app.database.write() as connection:
        give_instruction(connection, row.agency_id, given_by="Chủ tịch", at=now())
    assert correct(app, item, {"subject": "V/v khác"}, CLERK, version=row.version).state == "held"
    with pytest.raises(ConflictError):
        correct(app, item, {"subject": "V/v khác nữa"}, CLERK, version=row.version)


def test_the_author_is_one_of_the_directory(app: App, tmp_path: Path, pki: LivePki) -> None:
    item = arrive(app, tmp_path, mail((NAME, genuine(pki))))["message"]
    with pytest.raises(InputError):
        correct(app, item, {"author_code": "H99.99"}, CLERK)
    correct(app, item, {"author_code": "H24.90"}, CLERK)
    report = row_of(app, item).report
    assert report["metadata"]["from"] == {"code": "H24.90", "name": "Sở Thử Nghiệm A"}
    assert report["metadata"]["document_id"] == "H24.90,2026/08/05,67/STNA-VP"


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"number": "5/QĐ-UBND"}, {"number": "5", "symbol": "QĐ-UBND"}),
        ({"symbol": "12a/2026/QĐ-UBND", "number": "12a"}, {"number": "12a", "symbol": "2026/QĐ-UBND"}),
        ({"date": "5.8.2026"}, {"date": "2026-08-05"}),
        ({"type": "quyết  định"}, {"type": "Quyết định"}),
        ({"urgency": "HOẢ TỐC"}, {"urgency": "hỏa tốc"}),
        ({"due_date": ""}, {"due_date": ""}),
    ],
)
def test_values_are_read_as_people_write_them(changes: dict[str, str], stored: dict[str, str]) -> None:
    assert by_hand.checked(changes) == stored


@pytest.mark.parametrize(
    "changes",
    [{"state": "registered"}, {"number": "mười hai"}, {"number": "12/QĐ-UBND", "symbol": "13/QĐ-UBND"},
     {"date": "31/02/2026"}, {"date": "hôm qua"}, {"urgency": "gấp gấp"}, {"pages": "-1"}, {"subject": "a" * 1001}],
)  # fmt: skip
def test_values_that_cannot_be_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InputError):
        by_hand.checked(changes)
