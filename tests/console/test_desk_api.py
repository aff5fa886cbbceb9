"""The API: tokens of limited scope, acts done once, errors as JSON, and what its description promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from congvan_core.ids import new_id, now
from congvan_core.storage.schema import document
from congvan_gateway.console.schema import api_token
from congvan_gateway.console.sessions import digest
from support_desk import Desk


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

    token = make_token(desk, "read", "decide", "send", "audit")
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
    assert len(seen) == 26
