"""The API: tokens of limited scope, acts done once, errors as JSON, and what its description promises."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from congvan_core.ids import new_id, now
from congvan_core.storage.schema import document
from congvan_gateway.console.schema import api_token
from congvan_gateway.console.sessions import digest
from congvan_gateway.demonstration import agencies as cast
from support_desk import Desk, signed


def make_token(desk: Desk, *scopes: str, agencies: list[str] | None = None, days: int = 1) -> str:
    value = f"cv_{new_id()}"
    with desk.app.database.write() as connection:
        connection.execute(
            insert(api_token).values(id=new_id(), name="QLVB", digest=digest(value), scopes=list(scopes), agencies=agencies,
                                     created_by="test", created_at=now(), ends_at=now() + timedelta(days=days))
        )  # fmt: skip
    return value


def program(desk: Desk, *scopes: str, **more: Any) -> httpx.Client:
    token = make_token(desk, *scopes, **more)
    return httpx.Client(base_url=f"{desk.base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=120)


def test_tokens_are_asked_for_and_limited(desk: Desk) -> None:
    assert httpx.get(f"{desk.base}/api/v1/documents").status_code == 401
    with program(desk, "read", days=-1) as ended:
        assert ended.get("/documents").status_code == 401
    with program(desk, "read") as reader:
        assert reader.get("/documents").json() == []
        listed = reader.get("/quarantine").json()
        assert len(listed) == 9 and not [i for i in listed if i["state"] == "sealed" and i["subject"]]
        answer = reader.post(f"/quarantine/{desk.items['good-67']}/decision", json={"act": "release", "by": "An"})
        assert answer.status_code == 403 and answer.json()["error"]["code"] == "forbidden"
    with program(desk, "read", agencies=["0" * 32]) as other:
        assert other.get("/quarantine").json() == []
        assert other.get(f"/quarantine/{desk.items['good-67']}").status_code == 404


def test_an_act_with_a_key_is_done_once(desk: Desk) -> None:
    with program(desk, "read", "decide") as clerk:
        path, key = f"/quarantine/{desk.items['good-67']}/decision", {"Idempotency-Key": "k1"}
        first = clerk.post(path, json={"act": "release", "by": "Nguyễn An"}, headers=key)
        again = clerk.post(path, json={"act": "release", "by": "Nguyễn An"}, headers=key)
        assert first.status_code == again.status_code == 200 and first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true" and first.json()["register_number"] == "1"
        other = clerk.post(path, json={"act": "discard", "by": "Nguyễn An", "reason": "x"}, headers=key)
        assert other.status_code == 409
        found = clerk.get("/documents", params={"q": "ra soat"}).json()
        assert [d["register_number"] for d in found] == ["1"]
        whole = clerk.get(f"/documents/{found[0]['document_id']}").json()
        data = clerk.get(f"/documents/{whole['document_id']}/files/{whole['files'][0]['id']}").content
        assert len(data) == whole["files"][0]["size"]
        lines = clerk.get("/registers", params={"book": "incoming"}).json()
        assert lines[0]["arrival_number"] == "1"
    with desk.app.database.read() as connection:
        assert len(connection.execute(select(document.c.id)).all()) == 1


def test_a_program_arranges_registers_strikes_and_proves(desk: Desk) -> None:
    with program(desk, "read", "decide", "send", "audit") as clerk:
        item = f"/quarantine/{desk.items['good-67']}"
        for path, body in ((f"{item}/correction", {"fields": {"nonsense": "x"}}), (f"{item}/correction", {"fields": 1}),
                           (f"{item}/split", {"groups": [["00"]]}), (f"{item}/split", {"groups": "x"}),
                           (f"{item}/each", {})):  # fmt: skip
            assert clerk.post(path, json={"by": "An", **body}).status_code in (400, 422), (path, body)
        assert (
            clerk.post(f"{item}/correction", json={"fields": {"subject": "V/v đã sửa"}}).status_code == 400
        )  # by whom?
        done = clerk.post(f"{item}/correction", json={"by": "An", "fields": {"subject": "V/v rà soát hộp thư (sửa)"}})
        assert done.status_code == 200, done.text
        released = clerk.post(f"{item}/decision", json={"act": "release", "by": "An"})
        assert released.json()["register_number"] == "1", released.text
        (found,) = clerk.get("/documents").json()
        assert found["subject"].endswith("(sửa)")
        document = f"/documents/{found['document_id']}"
        proof = clerk.get(f"{document}/evidence")
        assert proof.status_code == 200 and proof.content[:2] == b"PK"
        assert clerk.post(f"{document}/number", json={"number": "9"}).status_code == 409
        assert (
            clerk.post(f"{document}/take-back", json={"reason": "x"}).status_code == 404
        )  # it is not ours to take back
        assert clerk.post(f"{document}/strike", json={"reason": "cấp nhầm"}).json()["state"] == "struck"
        assert clerk.post(f"{document}/strike", json={"reason": "cấp nhầm"}).status_code == 422
        today = now().date().isoformat()
        told = clerk.get("/audit/period", params={"from": today[:8] + "01", "to": f"{int(today[:4]) + 1}-01-01"})
        assert told.json()["counts"]["struck"] == 1, told.text
        assert all(j["intact"] for j in clerk.get("/audit/journal").json())
        assert clerk.get("/audit/period", params={"from": "x", "to": today}).status_code == 400
        assert clerk.get("/agencies", params={"q": "so mau"}).json()[0]["mailboxes"]
        assert clerk.get("/route", params={"to": "H24.90"}).json()["transports"] == ["smtp"]
        broken = clerk.post(
            f"/quarantine/{desk.items['broken']}/decision", json={"act": "release", "by": "An", "reason": "x"}
        )
        assert broken.status_code == 422 and "hai người" in broken.json()["error"]["message"]
    with program(desk, "read") as reader:
        assert reader.get("/audit/journal").status_code == 403


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_one_decision_for_many_mails(desk: Desk) -> None:
    items = [desk.items[name] for name in ("good-67", "broken", "good-68")]
    with program(desk, "decide") as clerk:
        body = {"act": "release", "by": "An", "items": [*items, "0" * 32]}
        done = clerk.post("/quarantine/decisions", json=body, headers={"Idempotency-Key": "nhom-1"}).json()
        assert [d.get("register_number") for d in done] == ["1", None, "2", None]
        assert done[1]["error"]["code"] == "refused" and done[3]["error"]["code"] == "not_found"
        assert clerk.post("/quarantine/decisions", json={**body, "items": []}).status_code == 400
        assert clerk.post("/quarantine/decisions", json={**body, "items": [items[0]] * 2}).status_code == 400


def test_an_arrival_on_paper_is_entered_once_by_its_key(desk: Desk) -> None:
    body = {"channel": "paper", "symbol": "12/QĐ-UBND", "date": "2026-11-20", "author": "UBND xã Mẫu",
            "subject": "Về việc thử", "files": [{"name": "quét.txt", "content": _base64(b"x")}]}  # fmt: skip
    with program(desk, "send", "read", "decide") as clerk:
        first = clerk.post("/arrivals", json=body, headers={"Idempotency-Key": "giay-1"})
        again = clerk.post("/arrivals", json=body, headers={"Idempotency-Key": "giay-1"})
        assert first.status_code == again.status_code == 201, first.text
        assert first.json()["register_number"] == "1" == again.json()["register_number"]
        (found,) = clerk.get("/documents").json()
        assert found["author"] == "UBND xã Mẫu" and found["date"] == "2026-11-20"
        for wrong in (
            {"channel": "khinh khí cầu"},
            {"date": "hôm qua"},
            {"files": "x"},
            {"arrived": "x"},
            {"author": ""},
        ):
            assert clerk.post("/arrivals", json={**body, **wrong}).status_code == 400, wrong
        listed = clerk.post(
            "/dossiers", json={"title": "Việc thử", "unit": "VP", "keeper": "Nguyễn An", "retention_years": 10}
        )
        assert listed.status_code == 201, listed.text
        dossier = f"/dossiers/{listed.json()['dossier']}"
        put = {"act": "put", "document": found["document_id"]}
        assert clerk.post(f"{dossier}/act", json=put).status_code == 200
        assert [d["document_id"] for d in clerk.get(dossier).json()["documents"]] == [found["document_id"]]
        assert [d["title"] for d in clerk.get("/dossiers").json()] == ["Việc thử"]
        assert clerk.post(f"{dossier}/act", json={"act": "close"}).json()["state"] == "closed"
    with program(desk, "read", "decide", agencies=["0" * 32]) as other:
        assert other.get(dossier).status_code == 404
        assert other.post(f"{dossier}/act", json={"act": "close"}).status_code == 404


def test_a_draft_is_made_and_submitted_in_a_persons_name(desk: Desk) -> None:
    body = {"by": "vanthu", "type": "Công văn", "symbol": "UBND-VP", "subject": "Về việc thử", "to": [cast.SENDER.code],
            "signers": ["lanhdao"]}  # fmt: skip
    with program(desk, "draft") as system:
        made = system.post("/drafts", json=body)
        assert made.status_code == 201 and made.json()["state"] == "draft", made.text
        draft = f"/drafts/{made.json()['draft']}"
        assert system.post(f"{draft}/act", json={"by": "vanthu", "act": "submit"}).status_code in (400, 409, 422)
        said = system.post(f"{draft}/act", json={"by": "vanthu", "act": "comment", "text": "đã soát"}).json()
        assert said["acts"][-1]["text"] == "đã soát"
        assert system.post(f"{draft}/act", json={"by": "lanhdao", "act": "approve"}).status_code == 400
        assert system.post("/drafts", json={**body, "by": "không ai"}).status_code == 404
        assert [d["draft"] for d in system.get("/drafts", params={"state": "draft"}).json()] == [made.json()["draft"]]
    with program(desk, "draft", agencies=["0" * 32]) as other:
        assert other.get(draft).status_code == 404 and other.get("/drafts").json() == []
        assert other.post("/drafts", json=body).status_code == 404
    with program(desk, "read") as reader:
        assert reader.get("/drafts").status_code == 403


def test_a_document_is_recalled_by_a_signed_one(desk: Desk, morning: Any) -> None:
    pki = cast.make_pki(desk.app.settings.base.parent / "pki")
    files = [{"name": "71-SMT-VP_23112026_Hop.pdf", "content": _base64(signed(pki, "71", "V/v họp"))}]
    with program(desk, "send", "read") as system:
        sent = system.post("/documents", json={"files": files, "to": [cast.SENDER.code], "symbol": "71/SMT-VP"})
        assert sent.status_code == 201, sent.text
        document = f"/documents/{sent.json()['document_id']}"
        order = {"kind": "recall", "reason": "sai nội dung", "symbol": "72/SMT-VP",
                 "files": [{"name": "72-SMT-VP_23112026_Thu-hoi.pdf", "content": _base64(signed(pki, "72", "V/v thu hồi"))}]}  # fmt: skip
        assert system.post(f"{document}/orders", json={**order, "kind": "x"}).status_code == 400
        done = system.post(f"{document}/orders", json=order)
        assert done.status_code == 201, done.text
        assert system.get(document).json()["state"] == "recalling"


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"files": [], "to": ["H24.90"]}, 400), ({"files": [{"name": "a.pdf", "content": "!"}], "to": ["H24.90"]}, 400),
     ({"files": [{"name": "a.pdf", "content": "QQ=="}], "to": []}, 400), ({"files": 1, "to": "x"}, 400)],
)  # fmt: skip
def test_bad_bodies_are_named(desk: Desk, body: dict[str, Any], status: int) -> None:
    with program(desk, "send") as sender:
        answer = sender.post("/documents", json=body)
        assert answer.status_code == status and answer.json()["error"]["message"]


def test_the_description_is_kept(desk: Desk) -> None:
    """schemathesis over every operation: no 5xx, answers as described, wrong tokens refused."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings

    token = make_token(desk, "read", "decide", "send", "draft", "audit")
    schema = schemathesis.openapi.from_url(f"{desk.base}/api/v1/openapi.json", wait_for_schema=10)
    seen: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=6, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        def probe(case: Any) -> None:
            answer = case.call(base_url=f"{desk.base}/api/v1", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code < 500 or answer.status_code == 503, (case.method, case.path, answer.text[:300])

        probe()
        seen.append(operation.label)
    assert len(seen) == 38
