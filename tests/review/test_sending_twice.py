"""One recipient is one line, whatever names it: code, body, address, in whatever letters.

Quy chế Điều 20.2.c.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from congvan_core.agencies.editing import add_body
from congvan_core.agencies.lookup import by_code
from congvan_core.errors import ConflictError, CongvanError
from congvan_core.ids import now
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.storage.schema import outbox, recipient
from support_judgement import signed
from support_station import A, B


def request(desk: Any, folder: Path, number: str, *to: str) -> SendRequest:
    from congvan_core.documents.sample_pdf import SampleSpec, make

    today = now().date()
    path = folder / f"{number}.pdf"
    path.write_bytes(
        signed(
            desk.pki,
            make(SampleSpec(author=B.name, symbol="TB-UBND", number=number, issued_on=today, subject="thử")).pdf,
        )
    )
    files, packet = read_files(path, [])
    return SendRequest(
        files=files, to=to, number=number, symbol="TB-UBND", issued_on=today, subject="thử", packet=packet,
        accept_undecided="thử",
    )  # fmt: skip


def test_one_mailbox_named_in_several_ways_is_one_recipient(desk: Any, tmp_path: Path) -> None:
    with desk.app.database.write() as connection:
        agency = by_code(connection, A.code, now().date())
        assert agency is not None
        add_body(connection, agency.contact_point.id, "H24.90.01", "Thanh tra Sở Thử Nghiệm A", actor="test", at=now())
    sent = send(desk.app, request(desk, tmp_path, "1", A.code, A.mail, A.mail.upper(), "H24.90.01", A.name))
    assert [r["address"] for r in sent.recipients] == [A.mail]


def test_a_number_is_taken_once_whoever_sends_at_the_same_time(desk: Any, tmp_path: Path) -> None:
    import threading

    outcomes: list[str] = []
    wanted = [request(desk, tmp_path, "5", A.code), request(desk, tmp_path, "5", A.code)]

    def run(one: SendRequest) -> None:
        try:
            send(desk.app, one)
            outcomes.append("sent")
        except ConflictError:
            outcomes.append("taken")
        except CongvanError as error:
            outcomes.append(error.message)

    threads = [threading.Thread(target=run, args=(one,)) for one in wanted]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["sent", "taken"]


def test_two_clerks_resend_at_once(desk: Any, tmp_path: Path) -> None:
    """Each resend is a sending of its own, or one clerk is told; never a fault of the program."""
    import threading

    sent = send(desk.app, request(desk, tmp_path, "6", A.code))
    with desk.app.database.write() as connection:
        connection.execute(update(outbox).where(outbox.c.document_id == sent.document_id).values(state="unknown"))
    faults: list[BaseException] = []

    def run() -> None:
        try:
            resend(desk.app, sent.document_id, to=[], reason="lỗi đường truyền", actor="a")
        except CongvanError:
            pass
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults
    with desk.app.database.read() as connection:
        sendings = sorted(
            connection.execute(select(recipient.c.sending).where(recipient.c.document_id == sent.document_id)).scalars()
        )
        open_mails = connection.execute(
            select(outbox.c.id).where(
                outbox.c.document_id == sent.document_id,
                outbox.c.state.in_(("to_seal", "queued", "unknown", "deferred")),
            )
        ).all()
    assert sendings == list(range(1, len(sendings) + 1)) and len(open_mails) == 1


@pytest.mark.parametrize("reference", ["", "không có"])
def test_an_unknown_document_is_said_so(desk: Any, reference: str) -> None:
    with pytest.raises(CongvanError):
        resend(desk.app, reference, to=[], reason="x", actor="a")
