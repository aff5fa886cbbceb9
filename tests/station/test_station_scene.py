"""Everything goes wrong at once: every document of every recipient ends received, refused or failed with a reason, once."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from test_station_exchange import A_MAIL, C_CODE, C_MAIL, Town, incoming, town  # noqa: F401  the same town

from congvan_gateway.operations.founding import found_agency
from support.link import Link
from support_pki import LivePki
from support_station import B_CODE, B_MAIL, issue_document, wait_until

pytestmark = [pytest.mark.soak, pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("station")]

D_CODE, D_MAIL = "H24.93", "vanthu@d.example.vn"


def send(there: Town, path: Path, number: str) -> dict[str, Any]:
    found: dict[str, Any] = there.a.cli(
        "send", str(path), "--to", B_CODE, "--to", C_CODE, "--to", D_CODE, "--symbol", f"{number}/QĐ-STNA",
        "--subject", "Kế hoạch số hóa", "--json",
    )  # fmt: skip
    return found


def states(there: Town, document: str) -> dict[str, dict[str, Any]]:
    return {r["code"]: r for r in there.a.cli("track", document, "--json")["recipients"]}


def confirm(there: Town, message_id: str) -> None:
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = f"Van thu <{C_MAIL}>", A_MAIL, "Re: van ban"
    reply["In-Reply-To"], reply["Message-ID"] = message_id, f"<tra-loi-{message_id.strip('<>')}>"
    reply.set_content("Đã nhận, số đến 15")
    there.from_c(reply)


def test_every_document_of_every_recipient_ends_once(town: Town, tmp_path: Path, pki: LivePki) -> None:  # noqa: F811
    with town.a.app() as app:
        found_agency(app, code=D_CODE, name="Sở Không Hộp Thư", address=D_MAIL, own=False, gateway=False, actor="test")
    town.postfix.answer(D_MAIL, "550 5.1.1 no such user")
    with Link(town.hub_port) as hub:
        town.postfix.route("b.example.vn", f"smtp:[127.0.0.1]:{hub.port}")

        def killed_provider() -> None:
            town.postfix.kill()
            town.postfix.resume()

        def killed_station() -> None:
            town.link.cut()
            town.a.kill()
            town.link.restore()
            town.a.start()

        def killed_hub() -> None:
            town.b.kill()
            town.b.start()

        troubles: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
            (lambda: hub.lose_reply_after(), lambda: None),
            (lambda: town.postfix.answer(B_MAIL, "450 4.2.0 later"), lambda: town.postfix.answer(B_MAIL, None)),
            (lambda: hub.cut(), lambda: hub.restore()),
            (lambda: town.link.drop(), killed_station),
            (lambda: None, killed_provider),
            (lambda: None, killed_hub),
        ]
        town.a.start()
        town.b.start()
        sent: list[dict[str, Any]] = []
        for number, (before, after) in enumerate(troubles, 1):
            path = issue_document(pki, tmp_path / f"van-ban-{number}", number=str(number), symbol="QĐ-STNA")
            before()
            sent.append(send(town, path, str(number)))
            after()
        for one in sent:
            wait_until(
                lambda one=one: len(town.inbox(C_MAIL)) >= len(sent)
                and states(town, one["document_id"])[B_CODE]["state"] == "received",
                "the hub's receipts and the plain mails", seconds=180,
            )  # fmt: skip
            plain = next(r for r in one["recipients"] if r["code"] == C_CODE)
            confirm(town, plain["message_id"])
        for one in sent:
            done = wait_until(
                lambda one=one: (s := states(town, one["document_id"]))[C_CODE]["state"] == "received"
                and s[D_CODE]["state"] == "failed"
                and s,
                "the reply and the failure", seconds=120,
            )  # fmt: skip
            assert done[B_CODE]["confirmation"] == "proved" and done[C_CODE]["confirmation"] == "confirmed"
        assert hub.lost_replies == 1
    assert sorted(incoming(town.b)) == sorted(f"{n}/QĐ-STNA" for n in range(1, len(troubles) + 1))
    assert len(town.inbox(C_MAIL)) == len(troubles)  # nothing came twice to a person
    for side in (town.a, town.b):
        side.cli("audit", "verify")
