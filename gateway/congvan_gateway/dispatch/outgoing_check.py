"""The integrity check before sending (điểm a khoản 2 Điều 20): what blocks, what is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from congvan_core.documents.formats import check as check_format
from congvan_core.documents.model import FileRole
from congvan_core.errors import RefusedError, TemporaryError
from congvan_core.findings import Finding
from congvan_core.secrecy.scan import scan
from congvan_gateway.dispatch.request import SendRequest
from congvan_gateway.judgement.checking import TrustSource, answers_beside, check_file
from congvan_gateway.main import App


@dataclass(slots=True)
class OutgoingCheck:
    """What was found; ``reports`` one per file in order (None for the unsigned draft)."""

    outcome: str = "unsigned"
    reports: list[dict[str, Any] | None] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    media_types: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)
    legal: dict[str, Any] = field(default_factory=dict)
    signer_name: str = ""
    signed_at: datetime | None = None
    pages: int | None = None


def check_outgoing(app: App, request: SendRequest, *, body_name: str) -> OutgoingCheck:
    """Raises RefusedError for what must not leave, TemporaryError for an undecided document without a reason."""
    out = OutgoingCheck()
    _stop_secrets(request)
    source = TrustSource(
        paths=(str(app.trust_folder),),
        online=app.settings.trust.online,
        hosts=tuple(app.settings.trust.hosts),
        answers=answers_beside(app.settings.path(app.settings.storage.blobs)),
    )
    for file in request.files:
        verdict = check_format(file.data, file.name)
        out.formats.append(verdict.format.name)
        out.media_types.append(verdict.format.media_type)
        _note(out, verdict.findings)
        if verdict.format.name in ("empty", "exe") or verdict.format.kind.value == "program":
            raise RefusedError(f"Tệp {file.name} không phải là tệp văn bản (khoản 2 Điều 8)")
        if file.role is FileRole.FINAL_DRAFT:
            out.reports.append(None)
            continue
        report = app.sandbox.run(check_file, file.data, file.name, source)
        out.reports.append(report)
        out.codes.extend(f["code"] for f in report["findings"])
    main = out.reports[0]
    assert main is not None
    _stop_secret_pages(app, request)
    out.outcome = main["outcome"]
    out.legal = main["legal_value"]
    out.pages = main.get("pages")
    _decide(request, out)
    _signing_facts(out, main)
    out.record = {"outcome": out.outcome, "codes": sorted(set(out.codes))}
    return out


def _note(out: OutgoingCheck, findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        out.codes.append(finding.code)
        if finding.severity.rank >= 1:
            out.warnings.append(finding.message())


def _stop_secrets(request: SendRequest) -> None:
    texts = {
        "subject": [request.subject or ""],
        "metadata": [request.packet.sphere, request.packet.content, request.type_name or ""],
        "file_name": [f.name for f in request.files],
    }
    _refuse_secret(scan(texts).sealed)


def _stop_secret_pages(app: App, request: SendRequest) -> None:
    from congvan_gateway.judgement.content import file_texts

    for file in request.files:
        texts = app.sandbox.run(file_texts, file.data, file.name, app.settings.verification.seconds - 5)
        _refuse_secret(scan(texts).sealed)


def _refuse_secret(sealed: bool) -> None:
    if sealed:
        # The message names no content: it may end in a log or on a shared screen.
        raise RefusedError(
            "Văn bản có thể mang dấu chỉ độ mật nên không được gửi qua thư điện tử (khoản 2 Điều 1, khoản 4 Điều 7). "
            "Đề nghị báo cáo ngay người đứng đầu cơ quan"
        )


def _decide(request: SendRequest, out: OutgoingCheck) -> None:
    for file, report in zip(request.files, out.reports, strict=True):
        if report is None or (report["outcome"] == "unsigned" and file.role is not FileRole.MAIN):
            continue
        errors = [f["message"] for f in report["findings"] if f["severity"] == "error"]
        why = errors[0] if errors else ""
        if report["outcome"] == "invalid":
            raise RefusedError(
                f"Không gửi {file.name}: {_reason(report)}. {why}".rstrip(". ") + " (điểm a khoản 2 Điều 20)"
            )
        if report["integrity"] == "unreadable":
            raise RefusedError(f"Không gửi {file.name}: tệp không đọc được. {why}".rstrip(". "))
        if report["outcome"] == "unsigned" and not request.for_information:
            raise RefusedError(
                f"Không gửi {file.name}: chưa có chữ ký số (khoản 1 Điều 11). Nếu gửi để biết, để tham khảo, hãy nêu lý do "
                "bằng --for-information"
            )
        if report["outcome"] == "indeterminate" and not request.accept_undecided:
            raise TemporaryError(
                f"Chưa kết luận được chữ ký số trên {file.name}: {_open_question(report)}. Bổ sung rồi gửi lại, hoặc nêu lý do "
                "bằng --accept-undecided"
            )


def _reason(report: dict[str, Any]) -> str:
    return {
        "modified": "văn bản đã bị thay đổi sau khi ký số",
        "broken": "chữ ký số không còn đúng với nội dung",
    }.get(
        report["integrity"],
        {
            "revoked": "chứng thư số đã bị thu hồi trước khi ký",
            "untrusted": "chữ ký số không đáng tin cậy",
        }.get(report["trust"], "chữ ký số không hợp lệ"),
    )


def _open_question(report: dict[str, Any]) -> str:
    order = {"error": 0, "warning": 1, "info": 2}
    # What would settle the signer comes before what is to be said of time stamps.
    found = sorted(report["findings"], key=lambda f: (f["code"] != "SIG-ISSUER-MISSING", order[f["severity"]]))
    return str(found[0]["message"]).rstrip(".") if found else "chưa đủ bằng chứng"


def _signing_facts(out: OutgoingCheck, main: dict[str, Any]) -> None:
    times = []
    for signature in main["signatures"]:
        stamp = signature.get("timestamp") or {}
        time = stamp.get("time") if stamp.get("trusted") else signature.get("claimed_time")
        if time:
            times.append(datetime.fromisoformat(time))
        if signature["kind"] == "person" and not out.signer_name:
            out.signer_name = signature["signer"].get("name") or ""
    # The first signature is the competent person's: Điều 6.1.a counts from it.
    out.signed_at = min(times) if times else None
