"""Quản trị: the trust store looked at, added to with a compared fingerprint, taken from; what waits for a missing issuer."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from starlette.responses import Response

from congvan_core.errors import CongvanError, InputError
from congvan_gateway.console.desk import Ask, Upload, status_of
from congvan_gateway.operations import trusting
from congvan_gateway.quarantine.queue import WAITING
from congvan_gateway.storage.schema import message

_MOST = 1_000_000
_MISSING = "SIG-ISSUER-MISSING"


def trust(ask: Ask, *, wrong: str = "", preview: Any = None, status: int = 200) -> Response:
    """What stands in the folder, with fingerprints to compare; which issuers documents wait for."""
    try:
        found = trusting.items(ask.app.trust_folder)
    except CongvanError as error:
        found, wrong = [], wrong or error.message
    with ask.app.database.read() as connection:
        missing = _missing(connection)
    return ask.render(
        "admin_trust.html", status=status, wrong=wrong, found=found, preview=preview, missing=missing, form=ask.form,
        folder=str(ask.app.trust_folder), online=ask.app.settings.trust.online,
    )  # fmt: skip


def _missing(connection: Connection, limit: int = 2000) -> list[tuple[str, int]]:
    """Issuer that is not at hand -> mails that wait for it, the most first."""
    rows = connection.execute(
        select(message.c.report)
        .where(message.c.state.in_(WAITING), message.c.state != "sealed", message.c.report.is_not(None))
        .order_by(message.c.received_at.desc())
        .limit(limit)
    ).scalars()
    counts: Counter[str] = Counter()
    for report in rows:
        issuers = {
            str((f.get("evidence") or {}).get("missing_issuer") or "?")[:300]
            for f in report.get("findings", ()) if f.get("code") == _MISSING
        }  # fmt: skip
        counts.update(issuers)
    return counts.most_common(50)


def change_trust(ask: Ask) -> Response:
    try:
        return _change(ask)
    except CongvanError as error:
        return trust(ask, wrong=error.message, status=status_of(error))


def _change(ask: Ask) -> Response:
    act = ask.form.text("act", 10)
    if act == "remove":
        if not ask.form.has("reason"):
            raise InputError("Phải nêu lý do gỡ chứng thư")
        gone = trusting.remove(ask.app, ask.form.text("sha256", 64), actor=f"{ask.account.signature}")
        return ask.go("/quan-tri/tin-cay", f"Đã gỡ {gone[0].name}; văn bản chờ kiểm tra được xét lại")
    if act not in ("look", "add"):
        raise InputError("Không rõ việc cần làm")
    uploads: list[Upload] = list(ask.form.files.get("file", []))
    if len(uploads) != 1 or len(uploads[0].data) > _MOST:
        raise InputError("Chọn một tệp chứng thư, P7B hoặc CRL (không quá 1 MB)")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "given.pem"
        path.write_bytes(uploads[0].data)
        there = trusting.items(Path(name))
        if not there:
            raise InputError("Tệp không có chứng thư số hoặc danh sách thu hồi nào (PEM, DER, CRL, P7B)")
        if act == "look":
            return trust(ask, preview=there)
        expected = ask.form.text("expected", 200)
        if any(item.kind == "anchor" for item in there) and not expected:
            raise InputError("Chứng thư gốc: phải nhập dấu vân tay lấy từ nguồn chính thức để đối chiếu")
        done = trusting.add(ask.app, path, actor=ask.account.signature, expected=expected or None)
    names = ", ".join(item.name for item in done[:3])
    return ask.go("/quan-tri/tin-cay", f"Đã thêm {names}; văn bản chưa kết luận được xét lại ngay")
