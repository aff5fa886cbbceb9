"""What a review card says: findings in four groups, files, what each source says, keys, the one recommended act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from congvan_core.agencies.lookup import bodies_of, by_address, by_code, mailboxes_of
from congvan_core.documents import filename, number
from congvan_core.documents.finding_again import Candidate, find_candidates
from congvan_core.errors import CongvanError, UnreadableError
from congvan_core.findings import CATALOGUE, Finding, Severity
from congvan_core.ids import VIETNAM
from congvan_core.integrity.facts import from_file_name
from congvan_core.storage.schema import agency_key, contact_point
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.pictures import facts_in_words
from congvan_gateway.judgement.sandbox import SandboxError

#: Title, the families of codes in it, and the step of Điều 17 or 15 that it is.
GROUPS = (
    ("Nguồn gửi", ("ORIGIN-", "DUP-", "REPORT-")),
    ("Chữ ký số", ("SIG-",)),
    ("Tính toàn vẹn", ("INTEGRITY-",)),
    ("Nội dung, định dạng", ("FORMAT-", "MIME-", "CONTENT-", "FILE-", "FORM-", "SECRET-")),
)


def grouped_findings(report: dict[str, Any], lang: str) -> list[dict[str, Any]]:
    """The findings by group, heaviest first; a code that this version does not know keeps its stored sentence."""
    out: list[dict[str, Any]] = [{"title": title, "items": [], "worst": "good"} for title, _ in GROUPS]
    for item in report.get("findings", []):
        code = str(item.get("code", ""))
        place = next((i for i, (_, families) in enumerate(GROUPS) if code.startswith(families)), len(GROUPS) - 1)
        known = code in CATALOGUE
        finding = Finding.from_json(item) if known else None
        out[place]["items"].append(
            {
                "code": code,
                "severity": item.get("severity", "info"),
                "message": finding.message(lang) if finding else item.get("message", code),
                "advice": finding.advice(lang) if finding else item.get("advice", ""),
                "clause": item.get("clause"),
                "evidence": item.get("evidence") or {},
                "holds": code in report.get("because", []),
            }
        )
    order = [Severity.ERROR.value, Severity.WARNING.value, Severity.INFO.value]
    for group in out:
        group["items"].sort(key=lambda i: order.index(i["severity"]) if i["severity"] in order else 2)
        if group["items"]:
            group["worst"] = group["items"][0]["severity"]
    return out


def files(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The files a person looks at, each with its verdict; packet and signatures last."""
    verdicts = {v.get("sha256"): v for v in report.get("verification", [])}
    order = {"main": 0, "enclosure": 1, "final_draft": 2}
    out = []
    for file in sorted(report.get("attachments", []), key=lambda f: order.get(f.get("role", ""), 3)):
        verdict = verdicts.get(file.get("sha256"))
        inner = (verdict or {}).get("report") or {}
        out.append(
            {
                **file,
                "outcome": verdict.get("outcome") if verdict else None,
                "integrity": inner.get("integrity"),
                "trust": inner.get("trust"),
                "pages": min(int(inner.get("pages") or 1), 200),
                "signatures": inner.get("signatures", []),
                "drawable": file.get("format") in ("pdf", "png", "jpg", "jpeg", "tiff", "tif", "gif", "bmp", "webp"),
                **_comparison(inner),
            }
        )
    return out


def _comparison(inner: dict[str, Any]) -> dict[str, Any]:
    """Which revision is shown beside the last one, and on which pages (from 0); ``compare`` "" for none.

    ``ky``: as the last signature found it; ``dau``: as the first one did, before number and date were written.
    """
    found = inner.get("findings", [])
    changed = inner.get("integrity") in ("modified", "broken") or any(
        s.get("changed_after") == "forbidden" for s in inner.get("signatures", [])
    )
    pages: set[int] = set()
    for finding in found:
        evidence = finding.get("evidence") or {}
        told = evidence.get("pages", evidence.get("page"))
        if str(finding.get("code", "")).startswith(("INTEGRITY-", "SIG-NUMBER-AFTER-SIGNATURE")):
            pages |= {int(p) - 1 for p in (told if isinstance(told, list) else [told]) if isinstance(p, int) and p > 0}
    # Where the only signature covers every byte there is no other revision to look at: the bytes themselves differ.
    signatures = inner.get("signatures", [])
    if changed and (len(signatures) > 1 or not all(s.get("covers_whole_file") for s in signatures)):
        return {"compare": "ky", "compare_pages": sorted(pages)[:12] or [0]}
    if any(f.get("code") == "SIG-NUMBER-AFTER-SIGNATURE" for f in found):
        return {"compare": "dau", "compare_pages": sorted(pages)[:12] or [0]}
    return {"compare": "", "compare_pages": []}


def sources(report: dict[str, Any], main: dict[str, Any] | None, page: dict[str, str]) -> dict[str, dict[str, str]]:
    """What the packet, the file name, the page and the signature each say: {fact: {source: value}}."""
    said: dict[str, dict[str, str]] = {}
    meta = report.get("metadata") or {}
    if report.get("kind") == "package":
        bare, symbol = meta.get("number") or "", meta.get("symbol") or ""
        when = meta.get("date") or ""
        said["packet"] = {
            "number": str(number.read_parts(bare, symbol) or "/".join(p for p in (bare, symbol) if p)),
            "date": "/".join(reversed(when.split("-"))) if when else "",
            "type": meta.get("type") or "",
            "subject": meta.get("subject") or "",
            "author": (meta.get("from") or {}).get("name") or "",
            "signer": (meta.get("signer") or {}).get("full_name") or "",
        }
    parsed = filename.parse(main["filename"]) if main else None
    if parsed is not None:
        said["file_name"] = facts_in_words(from_file_name(parsed))
    if page:
        said["page"] = page
    signed = next((f for f in files(report) if f.get("role") == "main" and f["signatures"]), None)
    if signed is not None:
        people = [s["signer"].get("name") or "" for s in signed["signatures"] if s.get("kind") == "person"]
        agencies = [s["signer"].get("name") or "" for s in signed["signatures"] if s.get("kind") == "organization"]
        said["signature"] = {"author": ", ".join(agencies), "signer": ", ".join(people)}
    facts = ("number", "date", "type", "subject", "author", "signer")
    table = {fact: {s: values[fact] for s, values in said.items() if values.get(fact)} for fact in facts}
    return {fact: values for fact, values in table.items() if values}


def directory_entry(connection: Connection, row: Row[Any], at: datetime) -> dict[str, Any] | None:
    """The directory's entry for the sending mailbox, else for the code that the packet names."""
    on = at.astimezone(VIETNAM).date()
    point, how = None, ""
    try:
        found = by_address(connection, row.from_address, on) if row.from_address else None
        if found is not None:
            point, how = found[1], "theo hộp thư gửi"
        elif row.from_code:
            agency = by_code(connection, row.from_code, on)
            point, how = (agency.contact_point, "theo mã định danh") if agency else (None, "")
    except CongvanError:
        return None
    if point is None:
        return None
    names = list(dict.fromkeys([*(b.name for b in bodies_of(connection, point.id, on)), point.name]))
    return {"point": point, "how": how, "mailboxes": mailboxes_of(connection, point.id, on), "names": names}


def unknown_keys(connection: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """Keys of this mail that one confirmation would settle. ``id`` "": a document certificate not yet enrolled."""
    out: list[dict[str, Any]] = []
    report = row.report or {}
    fingerprint = report.get("mail_key")
    if fingerprint:
        rows = connection.execute(
            select(agency_key, contact_point.c.name)
            .join(contact_point, contact_point.c.id == agency_key.c.contact_point_id)
            .where(agency_key.c.fingerprint == fingerprint, agency_key.c.state == "claimed")
        )
        out.extend(
            {"id": k.id, "fingerprint": k.fingerprint, "subject": k.subject or "", "agency": k.name,
             "contact_point_id": k.contact_point_id, "purpose": "khóa ký thư của cổng văn bản", "until": k.valid_to}
            for k in rows
        )  # fmt: skip
    for item in report.get("findings", []):
        evidence = item.get("evidence") or {}
        if item.get("code") != "ORIGIN-CERTIFICATE-NEW" or not evidence.get("fingerprint"):
            continue
        code = (report.get("metadata") or {}).get("from", {}).get("code") or row.from_code
        point = (
            connection.execute(select(contact_point).where(contact_point.c.name == evidence.get("agency"))).first()
            or connection.execute(select(contact_point).where(contact_point.c.code == code)).first()
        )
        known = point is not None and connection.execute(
            select(agency_key.c.id).where(
                agency_key.c.fingerprint == evidence["fingerprint"], agency_key.c.contact_point_id == point.id,
                agency_key.c.state == "confirmed",
            )
        ).first()  # fmt: skip
        if point is not None and not known:
            out.append(
                {"id": "", "fingerprint": evidence["fingerprint"], "subject": evidence.get("signer", ""),
                 "agency": point.name, "contact_point_id": point.id, "purpose": "chứng thư ký văn bản của cơ quan",
                 "until": None}
            )  # fmt: skip
    return out


def possible_twins(connection: Connection, row: Row[Any]) -> list[Candidate]:
    """Registered documents that this one may repeat, to be looked at side by side."""
    if row.state == "sealed" or row.agency_id is None:
        return []
    report = row.report or {}
    meta = report.get("metadata") or {}
    main = next((f for f in report.get("attachments", []) if f.get("role") == "main"), None)
    issued = meta.get("date")
    return find_candidates(
        connection,
        row.agency_id,
        identifier=meta.get("document_id"),
        author_code=(meta.get("from") or {}).get("code"),
        number=row.number,
        symbol=row.symbol,
        issued_on=datetime.fromisoformat(issued).date() if issued else None,
        main_sha256=main["sha256"] if main else None,
        limit=5,
    )


def advice(row: Row[Any], keys: list[dict[str, Any]]) -> tuple[str, str]:
    """The one recommended act and why: (act, sentence)."""
    report, codes = row.report or {}, set(row.codes or [])
    if row.state == "sealed":
        return "", "Báo cáo ngay người đứng đầu cơ quan; không mở, không chuyển tiếp (khoản 4 Điều 7)."
    if row.kind not in ("package", "document"):
        return "discard", "Thư này không có văn bản để vào sổ."
    if row.recommended == "refuse":
        return "refuse", "Văn bản không đủ điều kiện tiếp nhận; việc từ chối do văn thư quyết định (khoản 5 Điều 4)."
    if row.state == "conflict":
        return "", "Có văn bản trùng dấu hiệu trong sổ; đối chiếu hai bản trước khi quyết định."
    if keys:
        return "trust", "Đối chiếu dấu vân tay với cơ quan gửi, xác nhận một lần, rồi tiếp nhận."
    outcomes = [v.get("outcome") for v in report.get("verification", [])][:1]
    if outcomes == ["unsigned"]:
        return "information", "Tệp văn bản chưa ký số: vào sổ để biết, để tham khảo (khoản 2 Điều 10)."
    if outcomes == ["indeterminate"]:
        return "again", "Chưa kết luận được chữ ký số; không phải dấu hiệu giả mạo. Hệ thống tự kiểm tra lại."
    if codes & {"ORIGIN-NOT-AUTHENTICATED", "ORIGIN-UNKNOWN-SENDER", "ORIGIN-PERSONAL-MAILBOX"}:
        return (
            "release",
            "Xác minh nơi gửi qua kênh khác, rồi tiếp nhận; thông báo chỉ gửi khi nguồn gửi được xác thực.",
        )
    return "release", "Mọi bước kiểm tra đã qua; xem trang đầu rồi tiếp nhận."


def refusals(row: Row[Any]) -> list[str]:
    """Ready sentences for a refusal, the fitting one first."""
    families = ("SIG-", "INTEGRITY-", "CONTENT-", "FORMAT-", "ORIGIN-")
    found = [f for f in (row.report or {}).get("findings", []) if f.get("severity") == "error"]
    found = [f for family in families for f in found if str(f.get("code", "")).startswith(family)]
    ready = []
    for item in found:
        reason = str(item.get("message", "")).rstrip(".")
        clause = f" ({item['clause']})" if item.get("clause") else ""
        ready.append(f"{reason[:1].lower()}{reason[1:]}{clause}")
    ready += [
        "văn bản không thuộc thẩm quyền giải quyết của cơ quan; xin trả lại để quý cơ quan gửi đúng địa chỉ "
        "(điểm b khoản 1 Điều 6)",
        "nội dung tệp đã thay đổi sau khi được ký số (điểm đ khoản 2 Điều 15)",
        "số, ký hiệu trong dữ liệu gửi kèm và trên trang không thống nhất; đề nghị đính chính (điểm a khoản 2 Điều 15)",
        "tệp văn bản không mở được; đề nghị gửi lại (khoản 2 Điều 8)",
    ]
    return list(dict.fromkeys(ready))[:8]


def picture_answer(ask: Ask, sha256: str, page: int) -> Response:
    """A page as PNG; what cannot be drawn is told in a picture's place by its status."""
    width = ask.query_number("w", 900, 1400)
    revision = ask.query("ban") if ask.query("ban") in ("ky", "dau") else ""
    try:
        data, count = ask.desk.pictures.page(sha256, page, width, revision=revision)
    except (UnreadableError, SandboxError) as error:
        return Response(error.message, 415, media_type="text/plain; charset=utf-8")
    # The address names the bytes by their digest; a mail that is sealed meanwhile is not shown for long.
    headers = {"Cache-Control": "private, max-age=900, immutable", "X-Pages": str(count)}
    return Response(data, media_type="image/png", headers=headers)
