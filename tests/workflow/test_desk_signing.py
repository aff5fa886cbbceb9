"""Signing where people sign: on their own machine over the bridge, with another tool, from a watched folder, on paper."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from test_desk_drafts import AGENCY_KEY, LEADER_KEY, begin, do, file, row, said, signed_up

from congvan_core.documents.store import files_of
from congvan_core.errors import ConfigurationError, ConflictError, NotFoundError, RefusedError, TemporaryError
from congvan_core.ids import VIETNAM, now
from congvan_core.signatures.sign_keys import SigningKey
from congvan_core.signatures.signing import sign_pdf
from congvan_core.signatures.tokens import open_token
from congvan_core.workflow.draft_enclosures import enclosures
from congvan_core.workflow.signing_round import form_values
from congvan_gateway.drafting import acts
from congvan_gateway.drafting.bridge import Request, serve_bridge
from congvan_gateway.drafting.watching import watch
from support_desk import token_of
from support_hsm import Hsm
from support_office import StaffedDesk, draft_pdf
from support_pdf import make_scan
from support_pki import LivePki
from support_verdicts import verdicts


@pytest.fixture
def waiting(office_desk: StaffedDesk) -> str:
    """A draft on the leader's desk."""
    with office_desk.enter("soan") as client:
        made = begin(office_desk, client, name="a.pdf", data=draft_pdf())
    signed_up(office_desk, made)
    return made


def pem(pki: LivePki, name: str) -> str:
    """The certificate and those above it, as the bridge gives them."""
    return "".join(c.public_bytes(serialization.Encoding.PEM).decode() for c in (pki.cert(name), *pki.chain(name)))


def two_steps(desk: StaffedDesk, pki: LivePki, login: str, draft_id: str, key: str) -> Any:
    """What the page's script does, with a key on the signer's machine."""
    with desk.enter(login) as client:
        own = {"token": token_of(client), "file": row(desk, draft_id).file_sha256}
        first = client.post(f"/du-thao/{draft_id}/ky-buoc-1", data={**own, "certificate": pem(pki, key)})
        if first.status_code != 200:
            return first
        asked = first.json()
        signature = pki.signing_key(key).sign(base64.b64decode(asked["to_sign"]))
        return client.post(
            f"/du-thao/{draft_id}/ky-buoc-2",
            data={**own, "id": asked["id"], "signature": base64.b64encode(signature).decode()},
        )


def test_person_and_agency_sign_on_their_own_machines(office_desk: StaffedDesk, waiting: str, pki: LivePki) -> None:
    other = two_steps(office_desk, pki, "anh", waiting, "leader-b")
    assert other.status_code == 422 and "khoản 3 Điều 7" in other.json()["message"]
    done = two_steps(office_desk, pki, "anh", waiting, "leader")
    assert done.status_code == 200 and done.json()["state"] == "signed", done.text
    assert do(office_desk, "thu", waiting, "number").status_code == 303
    done = two_steps(office_desk, pki, "thu", waiting, "agency-a")
    assert done.json()["state"] == "sealed", done.text
    assert verdicts(file(office_desk, waiting), pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]


def test_a_step_is_one_persons_and_one_documents(office_desk: StaffedDesk, waiting: str, pki: LivePki) -> None:
    app = office_desk.app
    leader, deputy = office_desk.actor("anh"), office_desk.actor("duc")
    asked = acts.start_elsewhere(app, waiting, leader, pki.cert("leader"))
    signature = pki.signing_key("leader").sign(asked.to_sign)
    with pytest.raises(NotFoundError):
        acts.finish_elsewhere(app, asked.id, deputy, signature)
    with pytest.raises(RefusedError):
        acts.finish_elsewhere(app, asked.id, leader, pki.signing_key("clerk").sign(asked.to_sign))
    assert do(office_desk, "anh", waiting, "sign", **LEADER_KEY).status_code == 303
    with pytest.raises(ConflictError):
        acts.finish_elsewhere(app, asked.id, leader, signature)


@pytest.fixture
def bridge(pki: LivePki) -> Iterator[tuple[str, list[Request]]]:
    """A bridge on loopback whose person agrees to everything but what is called "khong"."""
    asked: list[Request] = []

    def confirm(wanted: Request) -> bool:
        asked.append(wanted)
        return wanted.file_name != "khong"

    server = serve_bridge(pki.signing_key("leader"), ["https://vanban.example.vn"], confirm, port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join(5)


def call(base: str, verb: str, said: Any, **headers: str) -> tuple[int, Any]:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    wanted = {"Origin": "https://vanban.example.vn", "Content-Type": "application/json", **headers}
    asked = urllib.request.Request(f"{base}/{verb}", body, wanted, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_bridge_speaks_the_official_tools_verbs(bridge: tuple[str, list[Request]], pki: LivePki) -> None:
    base, asked = bridge
    status, holder = call(base, "certificate", {})
    assert status == 200 and holder["Status"] == 0 and "BEGIN CERTIFICATE" in holder["Certificate"]
    to_sign = b"signed attributes"
    said = {
        "FileName": "12-QD.pdf", "DocNumber": "12", "IssuedDate": "2026-11-22", "DocumentDigest": "ab" * 32,
        "ToSign": base64.b64encode(to_sign).decode(),
    }  # fmt: skip
    _, answer = call(base, "sign_approved", said)
    assert (answer["Status"], answer["FileName"], answer["DocumentNumber"], answer["DocumentDate"]) == (
        0, "12-QD.pdf", "12", "2026-11-22",
    )  # fmt: skip
    assert base64.b64decode(answer["Signature"]) == pki.signing_key("leader").sign(to_sign)
    assert (asked[0].verb, asked[0].origin, asked[0].document_digest) == (
        "sign_approved", "https://vanban.example.vn", "ab" * 32,
    )  # fmt: skip
    _, whole = call(base, "sign_files", {"Content": base64.b64encode(draft_pdf()).decode()})
    assert verdicts(base64.b64decode(whole["Content"]), pki) == [("NguoiKy", True, True)]


@pytest.mark.parametrize(
    ("verb", "said", "words"),
    [
        ("sign_approved", {"FileName": "khong", "ToSign": "QQ=="}, "không xác nhận"),
        ("sign_approved", {}, "đúng một trong hai"),
        ("sign_approved", {"ToSign": "không"}, "base64"),
        ("sign_files", {"Content": "QQ=="}, ""),
        ("format_disk", {"ToSign": "QQ=="}, "Không có lệnh"),
        ("sign_approved", {"ToSign": ["QQ=="]}, "base64"),
    ],
)
def test_what_the_bridge_refuses_is_told(
    bridge: tuple[str, list[Request]], verb: str, said: dict[str, Any], words: str
) -> None:
    _, answer = call(bridge[0], verb, said)
    assert answer["Status"] == 1 and words in answer["Message"] and answer["Message"]


def test_only_the_named_page_of_this_machine_is_answered(bridge: tuple[str, list[Request]]) -> None:
    base, asked = bridge
    for headers in ({"Origin": "https://evil.test"}, {"Origin": "null"}, {"Host": "vanban.example.vn"}):
        assert call(base, "certificate", {}, **headers)[0] == 403
    assert call(base, "certificate", b"[1]")[0] == 400
    assert call(base, "certificate", {}, **{"Content-Type": "text/plain"})[0] == 400
    assert asked == []
    for origin in ("http://vanban.example.vn", "https://a.vn/path", "*"):
        with pytest.raises(ConfigurationError):
            serve_bridge(None, [origin], lambda _: True, port=0)  # type: ignore[arg-type]


def old(path: Any, data: bytes) -> None:
    path.write_bytes(data)
    before = now().timestamp() - 60
    os.utime(path, (before, before))


def test_signed_files_from_a_watched_folder(office_desk: StaffedDesk, waiting: str, pki: LivePki) -> None:
    """The leader's and then the agency's, each made with another tool; a stranger's file is set aside with the reason."""
    desk, folder = office_desk, office_desk.folder / "da-ky"
    leader = sign_pdf(
        file(desk, waiting), pki.signing_key("leader"), page=0, rect=(350, 120, 480, 200), open_fields=("so", "ngay"),
        reserve_agency=True,
    )  # fmt: skip
    old(folder / "khac.pdf", sign_pdf(draft_pdf(subject="Văn bản khác"), pki.signing_key("leader")))
    old(folder / "ky.pdf", leader)
    assert watch(desk.app) == 2
    assert row(desk, waiting).state == "signed"
    assert (folder / "da-nhan" / "ky.pdf").is_file()
    assert "Không có văn bản nào đang chờ ký" in (folder / "khong-nhan" / "khac.txt").read_text(encoding="utf-8")
    assert do(desk, "thu", waiting, "number").status_code == 303
    old(folder / "co-quan.pdf", sign_pdf(file(desk, waiting), pki.signing_key("agency-a"), kind="agency"))
    assert watch(desk.app) == 1
    assert row(desk, waiting).state == "sealed"
    assert watch(desk.app) == 0
    assert verdicts(file(desk, waiting), pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]


def test_several_sign_in_order_and_the_authority_is_printed(office_desk: StaffedDesk, pki: LivePki) -> None:
    """KT. needs a giver; then it stands in the block, in the packet and in the order of signing."""
    from congvan_core.workflow.organisation import delegate

    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf(full_name="Lê Hữu Đức", position="PHÓ GIÁM ĐỐC"),
                     signer1=desk.actor("duc").id, form1="KT")  # fmt: skip
    refused = do(desk, "soan", made, "submit")
    assert refused.status_code == 400 and "ký thay cho ai" in said(refused)
    giver, taker = desk.actor("anh").id, desk.actor("duc").id
    with desk.app.database.write() as connection:
        delegate(
            connection, giver, taker, "KT", valid_from=now(), valid_to=None, actor="test",
            at=now(), basis="Quyết định 5/QĐ-STNA",
        )  # fmt: skip
    signed_up(desk, made)
    (block,) = acts.blocks(desk.app, row(desk, made))
    assert block.lines == ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "Lê Hữu Đức")
    wrong = do(desk, "duc", made, "sign", **LEADER_KEY)
    assert wrong.status_code == 422
    answer = do(desk, "duc", made, "sign", key="file:leader-b.p12", pin=LEADER_KEY["pin"])
    assert answer.status_code == 303, said(answer)


def test_another_name_on_the_page_is_not_signed(office_desk: StaffedDesk) -> None:
    desk = office_desk
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf(full_name="Vũ Đình Khác"))
    signed_up(desk, made)
    answer = do(desk, "anh", made, "sign", **LEADER_KEY)
    assert answer.status_code == 422 and "không in họ tên" in said(answer)


def test_signed_on_paper_is_scanned_sealed_and_issued_with_the_final_draft(
    office_desk: StaffedDesk, waiting: str, pki: LivePki
) -> None:
    from congvan_gateway.console.registry import files_of

    desk = office_desk
    assert do(desk, "anh", waiting, "sign_on_paper").status_code == 303
    assert do(desk, "thu", waiting, "number").status_code == 303
    early = do(desk, "thu", waiting, "seal", **AGENCY_KEY)
    assert early.status_code == 409 and "bản số hóa" in said(early)
    today = now().astimezone(VIETNAM).date()
    scan = make_scan(number="1", issued_on=today, symbol="QĐ-STNA")
    for act, more in (("scan", {"upload": scan}), ("seal", AGENCY_KEY), ("issue", {})):
        answer = do(desk, "thu", waiting, act, **more)  # type: ignore[arg-type]
        assert answer.status_code == 303, (act, said(answer))
    with desk.app.database.read() as connection:
        roles = [one.role for one in files_of(connection, row(desk, waiting).document_id)]
    assert roles == ["main", "final_draft"]


def test_month_and_year_printed_beforehand_must_be_todays(office_desk: StaffedDesk) -> None:
    from datetime import date

    from congvan_core.workflow.number_places import NumberingPlaces, require_printed_date

    with pytest.raises(RefusedError, match="chưa cấp số"):
        require_printed_date(NumberingPlaces({}, 2026, 12), date(2027, 1, 4))
    with pytest.raises(RefusedError, match="năm 2026"):
        require_printed_date(NumberingPlaces({}, 2026, None), date(2027, 1, 4))
    require_printed_date(NumberingPlaces({}, None, None), date(2027, 1, 4))
    require_printed_date(NumberingPlaces({}, 2027, 1), date(2027, 1, 4))


def test_day_and_month_go_into_the_pages_own_blanks(office_desk: StaffedDesk, pki: LivePki) -> None:
    """A page that prints "ngày    tháng    năm": only the two numbers are written, and the signature permits it."""
    from congvan_core.signatures.sign_fields import NUMBERING_FIELDS, fill_number_and_date, lay_fields

    places = {
        "so": (148.0, 718.0, 181.0, 734.0),
        "ngay_so": (396.0, 718.0, 418.0, 734.0),
        "thang_so": (440.0, 718.0, 462.0, 734.0),
    }
    laid = lay_fields(draft_pdf(), places)
    signed = sign_pdf(laid, pki.signing_key("leader"), open_fields=NUMBERING_FIELDS, reserve_agency=True, page=0,
                      rect=(350, 120, 480, 200))  # fmt: skip
    filled = fill_number_and_date(signed, "7", now().astimezone(VIETNAM).date().replace(month=1, day=5))
    values = form_values(filled)
    assert (values["so"], values["ngay_so"], values["thang_so"]) == ("07", "05", "01")
    assert verdicts(sign_pdf(filled, pki.signing_key("agency-a"), kind="agency"), pki) == [
        ("NguoiKy", True, True), ("CoQuan", True, True),
    ]  # fmt: skip


ENCLOSED = (("phu-luc-1.pdf", "Biểu số 01"), ("bieu.xlsx", ""), ("phu-luc-2.pdf", "Biểu số 02"))


@pytest.fixture
def enclosed(office_desk: StaffedDesk) -> str:
    """A numbered draft with two appendices in PDF files of their own and a table."""
    with office_desk.enter("soan") as client:
        made = begin(office_desk, client, name="a.pdf", data=draft_pdf())
        for name, words in ENCLOSED:
            data = draft_pdf(subject=words) if name.endswith(".pdf") else b"PK bang"
            files = {"upload": (name, data, "application/octet-stream")}
            answer = client.post(f"/du-thao/{made}", data={"token": token_of(client), "act": "enclose"}, files=files)
            assert answer.status_code == 303, answer.text[:300]
    signed_up(office_desk, made)
    assert do(office_desk, "anh", made, "sign", **LEADER_KEY).status_code == 303
    assert do(office_desk, "thu", made, "number").status_code == 303
    return made


def appendices(desk: StaffedDesk, draft_id: str) -> list[tuple[str, bytes, bytes]]:
    """(name, file, sealed file) of each enclosure; empty where it is not sealed."""
    with desk.app.database.read() as connection:
        rows = enclosures(connection, draft_id)
    read = desk.app.blobs.read
    return [(one.name, read(one.sha256), read(one.sealed_sha256) if one.sealed_sha256 else b"") for one in rows]


def every_appendix_is_sealed(desk: StaffedDesk, draft_id: str, pki: LivePki) -> None:
    """NĐ 30/2020 Phụ lục I, ô số 8: one intact signature of the agency on each appendix in a PDF file of its own."""
    for name, data, sealed in appendices(desk, draft_id):
        if name.endswith(".pdf"):
            assert sealed.startswith(data) and [v[1:] for v in verdicts(sealed, pki)] == [(True, True)], name
        else:
            assert sealed == b"", "a table travels as it is"


def test_appendices_are_sealed_on_the_clerks_own_machine(office_desk: StaffedDesk, enclosed: str, pki: LivePki) -> None:
    """Two steps for each appendix, then two for the document; nothing is issued with an appendix unsealed."""
    for expected in ("phu-luc-1.pdf", "phu-luc-2.pdf"):
        done = two_steps(office_desk, pki, "thu", enclosed, "agency-a")
        assert done.status_code == 200 and done.json()["more"] is True, (expected, done.text)
    done = two_steps(office_desk, pki, "thu", enclosed, "agency-a")
    assert (done.json()["state"], done.json()["more"]) == ("sealed", False)
    every_appendix_is_sealed(office_desk, enclosed, pki)
    assert [v[0] for v in verdicts(file(office_desk, enclosed), pki)] == ["NguoiKy", "CoQuan"]


def test_appendices_signed_with_another_tool_come_before_the_document(
    office_desk: StaffedDesk, enclosed: str, pki: LivePki
) -> None:
    """Upload and watched folder: the document waits until every appendix has come back as the very same file."""
    desk, key = office_desk, pki.signing_key("agency-a")
    first, _table, second = appendices(desk, enclosed)
    before = row(desk, enclosed)

    def upload(data: bytes) -> Any:
        with desk.enter("thu") as client:
            own = {"token": token_of(client), "act": "seal", "file": row(desk, enclosed).file_sha256}
            return client.post(f"/du-thao/{enclosed}", data=own, files={"upload": ("ky.pdf", data, "application/pdf")})

    document = sign_pdf(file(desk, enclosed), key, kind="agency")
    early = upload(document)
    assert early.status_code == 422 and "phu-luc-1.pdf" in early.text and row(desk, enclosed) == before
    foreign = upload(sign_pdf(first[1], pki.signing_key("leader"), kind="agency"))
    assert foreign.status_code == 422 and appendices(desk, enclosed)[0][2] == b""
    assert upload(sign_pdf(second[1], key, kind="agency")).status_code == 303
    old(desk.folder / "da-ky" / "phu-luc.pdf", sign_pdf(first[1], key, kind="agency"))
    assert watch(desk.app) == 1 and (desk.folder / "da-ky" / "da-nhan" / "phu-luc.pdf").is_file()
    every_appendix_is_sealed(desk, enclosed, pki)
    assert row(desk, enclosed).state == "numbered"
    assert upload(document).status_code == 303 and row(desk, enclosed).state == "sealed"


def test_a_key_at_the_station_seals_them_all_at_once(office_desk: StaffedDesk, enclosed: str, pki: LivePki) -> None:
    """With one PIN entry; and the files that are issued are the sealed ones."""
    key = {"key": "file:agency-a.p12", "pin": LEADER_KEY["pin"], "file": row(office_desk, enclosed).file_sha256}
    assert do(office_desk, "thu", enclosed, "seal", **key).status_code == 303
    every_appendix_is_sealed(office_desk, enclosed, pki)
    sealed = [one[2] for one in appendices(office_desk, enclosed) if one[2]]
    assert do(office_desk, "thu", enclosed, "issue", accept_undecided="thử").status_code == 303
    with office_desk.app.database.read() as connection:
        document_id = row(office_desk, enclosed).document_id
        sent = [one.sha256 for one in files_of(connection, document_id)]
    assert {hashlib.sha256(one).hexdigest() for one in sealed} <= set(sent)


class PulledOutAfter:
    """A token that is pulled out once it has signed so many times."""

    def __init__(self, hsm: Hsm, key: SigningKey, times: int, gone: ExitStack) -> None:
        self.certificate, self.chain = key.certificate, key.chain
        self._hsm, self._key, self._left, self._gone = hsm, key, times, gone

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        if self._left == 0:
            self._gone.enter_context(self._hsm.pulled_out())
        self._left -= 1
        return self._key.sign(data, digest)


@pytest.mark.real("softhsm")
def test_a_real_token_pulled_out_between_two_signatures(
    office_desk: StaffedDesk, enclosed: str, pki: LivePki, hsm: Hsm
) -> None:
    """The first appendix is sealed, the second not, the number stays with its document; plugged in again it goes on there."""
    desk, clerk = office_desk, office_desk.actor("thu")
    before = row(desk, enclosed)
    with (
        ExitStack() as gone,
        open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as token,
        pytest.raises(TemporaryError, match="token"),
    ):
        acts.seal_draft(desk.app, enclosed, clerk, PulledOutAfter(hsm, token, 1, gone))
    assert row(desk, enclosed) == before and before.state == "numbered"
    first, _table, second = appendices(desk, enclosed)
    assert first[2] and not second[2]
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as token:
        acts.seal_draft(desk.app, enclosed, clerk, token)
    assert (row(desk, enclosed).state, row(desk, enclosed).number) == ("sealed", before.number)
    assert appendices(desk, enclosed)[0][2] == first[2], "what was sealed is not sealed twice"
    every_appendix_is_sealed(desk, enclosed, pki)
