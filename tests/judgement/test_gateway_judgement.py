"""Judgement inside the gateway: origin against the directory, the undecided tried again, the table rehearsed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from congvan_core.documents.model import FileRole
from congvan_core.errors import ConfigurationError, InputError, NotFoundError
from congvan_core.findings import CATALOGUE
from congvan_gateway.cli import main as congvan
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.judgement import authenticity
from congvan_gateway.judgement.checking import answers_beside
from congvan_gateway.judgement.judging import Judge
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.policy import Policy
from congvan_gateway.judgement.rehearsal import rehearse
from congvan_gateway.main import App
from congvan_gateway.operations import trusting
from congvan_gateway.storage.schema import message
from support_judgement import NAME, genuine, mail, package, page
from support_pki import LivePki
from support_station import A, B, Station, make_station

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mail_authentication"))


@pytest.fixture
def station(tmp_path: Path, pki: LivePki) -> Station:
    return make_station(tmp_path, B, A, pki, relay_port=9)


@pytest.fixture
def app(station: Station) -> Iterator[App]:
    with station.app() as opened:
        yield opened


def arrive(app: App, folder: Path, raw: bytes, sender: str = "vanthu@a.example.vn") -> dict[str, Any]:
    path = folder / "thu.eml"
    path.write_bytes(raw)
    return take_in_file(app, path, sender=sender, recipients=["vanthu@b.example.vn"])


def row_of(app: App, item: str) -> Any:
    with app.database.read() as connection:
        return connection.execute(select(message).where(message.c.id == item)).one()


def codes(result: dict[str, Any]) -> set[str]:
    return {f["code"] for f in result["findings"]}


def test_undecided_settles_by_itself_when_the_revocation_service_answers(
    app: App, tmp_path: Path, pki: LivePki
) -> None:
    raw = package(pki, [(NAME, genuine(pki), FileRole.MAIN)])
    pki.down = True
    try:
        result = arrive(app, tmp_path, raw)
    finally:
        pki.down = False
    assert result["state"] == "held"
    assert "SIG-REVOCATION-UNKNOWN" in codes(result)
    row = row_of(app, result["message"])
    assert row.next_try_at is not None
    with app.database.write() as connection:
        connection.execute(update(message).values(next_try_at=row.next_try_at - timedelta(days=1)))
    # Half an hour later the silence of the host is long forgotten (``congvan_core.signatures.answers``).
    shutil.rmtree(answers_beside(app.settings.path(app.settings.storage.blobs)) or "")
    assert Judge(app).step() == 1
    assert row_of(app, row.id).state == "registered"


def test_a_certificate_added_makes_the_undecided_due_at_once(app: App, tmp_path: Path, pki: LivePki) -> None:
    (app.trust_folder / "root.pem").unlink()  # the signatures bring the authority below it themselves
    result = arrive(app, tmp_path, package(pki, [(NAME, genuine(pki), FileRole.MAIN)]))
    assert result["state"] == "held"
    assert "SIG-ISSUER-MISSING" in codes(result)
    given = tmp_path / "root.pem"
    given.write_bytes(pki.pem("root"))
    with pytest.raises(InputError):
        trusting.add(app, given, actor="quản trị", expected="00" * 32)
    (item,) = trusting.add(app, given, actor="quản trị")
    assert item.kind == "anchor"
    assert Judge(app).step() == 1
    assert row_of(app, result["message"]).state == "registered"
    trusting.remove(app, item.sha256[:20], actor="quản trị")
    assert item.sha256 not in {i.sha256 for i in trusting.items(app.trust_folder)}
    with pytest.raises(NotFoundError):
        trusting.remove(app, item.sha256, actor="quản trị")
    with pytest.raises(InputError):
        trusting.add(app, tmp_path / "thu.eml", actor="quản trị")


def test_trust_and_policy_by_the_command_line(station: Station, pki: LivePki, tmp_path: Path, capsys: Any) -> None:
    given = tmp_path / "goc-khac.pem"
    given.write_bytes(pki.pem("other-root"))
    config = ["--config", str(station.config), "--json"]
    assert congvan(["trust", "add", str(given), *config]) == 0
    added = json.loads(capsys.readouterr().out)
    assert added[0]["kind"] == "anchor"
    assert congvan(["trust", "list", *config]) == 0
    assert added[0]["sha256"] in {i["sha256"] for i in json.loads(capsys.readouterr().out)}
    assert congvan(["trust", "remove", added[0]["sha256"], *config]) == 0
    capsys.readouterr()
    assert congvan(["policy", "set", "SIG-NONE=note", *config]) == 0
    capsys.readouterr()
    assert congvan(["policy", "show", *config]) == 0
    assert json.loads(capsys.readouterr().out)["actions"]["SIG-NONE"] == "note"
    assert congvan(["policy", "try", "SIG-NONE=default", *config]) == 0
    assert json.loads(capsys.readouterr().out)["decided"] == 0
    assert congvan(["policy", "set", "SIG-LALA=note", *config]) == 2


def test_a_table_is_tried_on_past_mail(app: App, tmp_path: Path) -> None:
    result = arrive(app, tmp_path, mail((NAME, page())))
    assert result["state"] == "held"
    with app.database.read() as connection:
        assert rehearse(connection, Policy()) == (1, [])
        stricter = Policy.from_json({"SIG-NONE": "refuse"})
        count, changes = rehearse(connection, stricter)
    assert count == 1
    (change,) = changes
    assert (change.before, change.after, change.because) == ("quarantine", "refuse", ("SIG-NONE",))
    assert stricter.version != Policy().version


def test_a_changed_table_counts_in_every_process_at_once(app: App, station: Station, tmp_path: Path) -> None:
    from congvan_gateway.storage.policies import save_policy

    assert arrive(app, tmp_path, mail((NAME, page())))["recommended"] == "quarantine"
    with station.app() as desk:
        save_policy(desk.database, {"SIG-NONE": "refuse"}, actor="quản trị", at=desk.clock())
    other = arrive(app, tmp_path, mail((NAME, page()), subject="thư khác"))
    assert other["recommended"] == "refuse"
    assert row_of(app, other["message"]).report["policy_version"] == Policy.from_json({"SIG-NONE": "refuse"}).version


def test_no_table_opens_a_seal() -> None:
    for code in (c for c in CATALOGUE if c.startswith("SECRET-") and CATALOGUE[c].severity.value == "error"):
        with pytest.raises(ConfigurationError):
            Policy.from_json({code: "note"})


def test_strangers_that_look_like_an_agency_are_named(app: App, tmp_path: Path, pki: LivePki) -> None:
    raw = mail((NAME, genuine(pki)), sender="Sở Thử Nghiệm A <vanthu@a-example-vn.com>")
    result = arrive(app, tmp_path, raw, sender="vanthu@a-example-vn.com")
    assert result["state"] == "held"
    assert {"ORIGIN-UNKNOWN-SENDER", "ORIGIN-LOOKALIKE-DOMAIN", "ORIGIN-NAME-BORROWED"} <= codes(result)


def test_unauthenticated_mail_of_a_known_address_waits(app: App, tmp_path: Path, pki: LivePki) -> None:
    result = arrive(app, tmp_path, mail((NAME, genuine(pki))))
    assert result["state"] == "held"
    assert "ORIGIN-NOT-AUTHENTICATED" in codes(result)


def test_our_own_evaluation_proves_an_aligned_sender() -> None:
    from support_authentication import MAIL, Zone

    seen = Inspection()
    zone = Zone({("so.haiphong.gov.vn", "TXT"): ["v=spf1 ip4:192.0.2.7 -all"],
                 ("_dmarc.so.haiphong.gov.vn", "TXT"): ["v=DMARC1; p=reject"]})  # fmt: skip
    authenticity.evaluate(seen, MAIL, client_ip="192.0.2.7", helo="mx", mail_from="x@so.haiphong.gov.vn", dns=zone)
    assert seen.authentication["trusted"]
    assert seen.authentication["aligned"]
    forged = Inspection()
    authenticity.evaluate(forged, MAIL, client_ip="198.51.100.1", helo="mx", mail_from="x@so.haiphong.gov.vn", dns=zone)
    assert not forged.authentication["aligned"]
    assert {f.code for f in forged.findings} >= {"ORIGIN-SPF-FAIL", "ORIGIN-DMARC-FAIL"}
