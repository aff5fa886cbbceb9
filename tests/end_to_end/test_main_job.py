"""The main job through real Postfix on both sides: sent, verified, registered once, receipted, seen as received.

Quy chế Điều 17.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.samples import folder as samples_folder
from support_city import City, build_city
from support_pki import LivePki
from support_station import B_CODE, Station, issue_document, wait_until

pytestmark = [pytest.mark.real("postfix"), pytest.mark.xdist_group("end-to-end")]


@pytest.fixture(params=["sqlite", "postgresql"])
def city(request: pytest.FixtureRequest, tmp_path: Path, pki: LivePki) -> Iterator[City]:
    databases: tuple[str | None, str | None] = (None, None)
    cluster = None
    if request.param == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        databases = (cluster.empty_database(), cluster.empty_database())
    made = build_city(tmp_path, pki, databases)
    with made.postfix_a, made.postfix_b:
        try:
            yield made
        finally:
            made.stop()
    if cluster is not None:
        for url in databases:
            cluster.drop(url)


def follow(station: Station, document: str) -> dict[str, Any]:
    """The one recipient of a document as `track --json` shows it."""
    found = station.cli("track", document, "--json")
    (item,) = found["recipients"]
    return dict(item)


@pytest.mark.real("postgresql")
def test_signed_document_is_registered_and_its_receipt_comes_back(city: City, tmp_path: Path, pki: LivePki) -> None:
    document = issue_document(pki, tmp_path / "van-ban")
    city.a.start()
    city.b.start()
    sent = city.a.cli(
        "send",
        str(document),
        "--to",
        B_CODE,
        "--symbol",
        "12/QĐ-STNA",
        "--subject",
        "Phê duyệt Kế hoạch số hóa",
        "--json",
    )
    assert (sent["number"], sent["symbol"]) == ("12", "QĐ-STNA")
    item = wait_until(
        lambda: (found := follow(city.a, sent["document_id"]))["state"] == "received" and found, "the receipt"
    )
    assert item["confirmation"] == "proved"
    assert item["proof"]["kind"] == "receipt_03"
    assert item["proof"]["register_number"] == "1"
    assert item["sent_at"] and item["received_at"]
    assert city.b.cli("quarantine", "list", "--json") == []
    rows = city.b.cli("register", "list", "--book", "incoming", "--json")
    assert [(row["arrival_number"], row["number_symbol"]) for row in rows] == [("1", "12/QĐ-STNA")]
    for station in (city.a, city.b):
        station.cli("audit", "verify")

    # Sent again on purpose: the receiver answers with the original receipt and registers nothing.
    again = city.a.cli("resend", sent["document_id"], "--to", B_CODE, "--reason", "bên nhận đề nghị", "--json")
    assert again["recipients"][0]["sending"] == 2
    repeated = wait_until(
        lambda: (found := follow(city.a, sent["document_id"]))["state"] == "received" and found, "the original receipt"
    )
    assert repeated["sending"] == 2
    assert repeated["proof"]["register_number"] == "1"
    assert len(city.b.cli("register", "list", "--book", "incoming", "--json")) == 1
    for station in (city.a, city.b):
        station.stop()
        station.cli("audit", "verify")


@pytest.mark.real("postgresql")
def test_genuine_decision_waits_for_its_issuer_and_a_clerk(city: City) -> None:
    """The published decisions lack the issuing certificate: undecided, held with its name, released by a clerk."""
    genuine = samples_folder() / "decisions" / "1053-ttg.signed.pdf"
    city.a.start()
    city.b.start()
    arguments = (
        "--to",
        B_CODE,
        "--number",
        "1053",
        "--symbol",
        "QĐ-TTg",
        "--date",
        "2024-09-28",
        "--subject",
        "Quyết định",
    )
    refused = city.a.cli("send", str(genuine), *arguments, check=3)
    assert "CA phục vụ các cơ quan Nhà nước G2" in str(refused) or refused == ""
    sent = city.a.cli("send", str(genuine), *arguments, "--accept-undecided", "văn bản đã công bố", "--json")
    arrived = wait_until(
        lambda: (found := follow(city.a, sent["document_id"]))["state"] == "arrived" and found, "the notice 01"
    )
    assert arrived["confirmation"] == "proved"
    (held,) = city.b.cli("quarantine", "list", "--json")
    shown = city.b.cli("quarantine", "show", held["item"], "--json")
    missing = [f for f in shown["report"]["findings"] if f["code"] == "SIG-ISSUER-MISSING"]
    assert missing and "CA phục vụ các cơ quan Nhà nước G2" in str(missing[0])
    released = city.b.cli("quarantine", "release", held["item"], "--by", "Lê Thị Sổ", "--json")
    assert released["state"] == "registered"
    assert city.b.cli("quarantine", "release", held["item"], "--by", "Lê Thị Sổ", "--json") == released
    item = wait_until(
        lambda: (found := follow(city.a, sent["document_id"]))["state"] == "received" and found, "the receipt 03"
    )
    assert item["proof"]["register_number"] == released["register_number"] == "1"
