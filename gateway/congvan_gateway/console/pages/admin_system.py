"""Quản trị: trust store, queues, settings, policy with its dry run, journal with its verification."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select, update
from starlette.responses import Response

from congvan_core.errors import ConfigurationError, InputError, NotFoundError
from congvan_core.findings import CATALOGUE, Finding
from congvan_core.journal.verifying import verify_all
from congvan_core.journal.writing import append
from congvan_core.storage.schema import contact_point, event
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import Right, rows_of
from congvan_gateway.judgement.policy import Policy, decide
from congvan_gateway.operations.head_proof import check_proof
from congvan_gateway.settings import Settings, masked
from congvan_gateway.storage.policies import save_policy
from congvan_gateway.storage.schema import message, outbox

ACTIONS = {"note": "Ghi nhận", "ignore": "Loại", "hold": "Giữ lại", "refuse": "Đề nghị từ chối", "seal": "Niêm phong"}
_DRY = 500


def first(ask: Ask) -> Response:
    """The first page of the administration that this person may open."""
    return ask.go("/quan-tri/danh-ba" if ask.account.may(Right.ADMINISTER) else
                  "/quan-tri/nhat-ky" if ask.account.may(Right.JOURNAL) else "/quan-tri/hang-doi")  # fmt: skip


def trust(ask: Ask) -> Response:
    """What stands in the trust folder, with fingerprints to compare."""
    from cryptography.hazmat.primitives import hashes

    found: list[dict[str, Any]] = []
    folder = ask.app.trust_folder
    for path in sorted(folder.rglob("*"))[:500] if folder.is_dir() else []:
        if not path.is_file() or path.stat().st_size > 5_000_000:
            continue
        for certificate in _certificates(path):
            own = certificate.issuer == certificate.subject
            found.append({
                "file": path.relative_to(folder).as_posix(), "subject": certificate.subject.rfc4514_string(),
                "issuer": certificate.issuer.rfc4514_string(), "anchor": own, "until": certificate.not_valid_after_utc,
                "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
                "ended": certificate.not_valid_after_utc < ask.now,
            })  # fmt: skip
    return ask.render("admin_trust.html", found=found, folder=str(folder), online=ask.app.settings.trust.online)


def _certificates(path: Path) -> list[Any]:
    from cryptography import x509

    data = path.read_bytes()
    try:
        if b"-----BEGIN CERTIFICATE" in data:
            return list(x509.load_pem_x509_certificates(data))
        return [x509.load_der_x509_certificate(data)]
    except ValueError:
        return []


def queues(ask: Ask) -> Response:
    state = ask.query("loc", 12)
    open_states = ("to_seal", "queued", "sending", "deferred", "unknown", "failed")
    with ask.app.database.read() as connection:
        rows = connection.execute(
            select(outbox)
            .where(outbox.c.state.in_((state,) if state in open_states else open_states),
                   rows_of(ask.account.agencies, outbox.c.agency_id))
            .order_by(outbox.c.urgency.desc(), outbox.c.next_attempt_at, outbox.c.id)
            .limit(300)
        ).all()  # fmt: skip
        stuck = connection.execute(
            select(message.c.id, message.c.received_at, message.c.last_error, message.c.tries, message.c.state)
            .where(message.c.state.in_(("stored", "judging")), rows_of(ask.account.agencies, message.c.agency_id))
            .order_by(message.c.received_at)
            .limit(100)
        ).all()
    return ask.render("admin_queues.html", rows=rows, stuck=stuck, state=state, states=open_states)


def change_queue(ask: Ask) -> Response:
    """Try a mail again now; what failed for good takes its place again."""
    item = ask.form.text("item", 32)
    with ask.app.database.write() as connection:
        row = connection.execute(
            select(outbox)
            .where(outbox.c.id == item, rows_of(ask.account.agencies, outbox.c.agency_id))
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFoundError("Không có thư này trong hàng đợi")
        if row.state not in ("queued", "deferred", "unknown"):
            raise InputError("Chỉ gửi lại ngay được thư đang chờ; văn bản đã thất bại thì gửi lại từ trang văn bản")
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(next_attempt_at=ask.now))
        append(connection, agency_id=row.agency_id, actor=ask.account.signature, kind="outbox.retried",
               subject=f"outbox:{row.id}", data={"to": row.rcpt_to}, at=ask.now)  # fmt: skip
    return ask.go("/quan-tri/hang-doi", "Thư được gửi lại ngay")


def settings(ask: Ask) -> Response:
    """The effective values with what each means; they are changed in congvan.toml."""
    values = masked(ask.app.settings)
    sections = []
    for name, info in Settings.model_fields.items():
        kind = info.annotation
        if name == "base" or not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            continue
        fields = []
        for key, item in kind.model_fields.items():
            default = item.get_default(call_default_factory=True)
            value = values.get(name, {}).get(key)
            fields.append((key, item.description or "", value, value != default))
        sections.append((name, fields))
    return ask.render("admin_settings.html", sections=sections, base=str(ask.app.settings.base))


def policy(ask: Ask, *, actions: dict[str, str] | None = None, dry: Any = None) -> Response:
    table = Policy.from_json(actions).table() if actions is not None else ask.app.policy.table()
    rows = [(code, CATALOGUE[code], Finding(code).message(ask.lang), action) for code, action in table.items()]
    words = ask.query("tim").upper()
    return ask.render("admin_policy.html", rows=[r for r in rows if words in r[0]], actions=ACTIONS, dry=dry,
                      version=ask.app.policy.version, words_asked=ask.query("tim"))  # fmt: skip


def change_policy(ask: Ask) -> Response:
    """Judge past mail by the new table first; put it in force when told to."""
    default = Policy().table()
    given = {code: ask.form.text(code, 10) or ask.app.policy.table()[code] for code in default}
    changed = {code: action for code, action in given.items() if action != default[code]}
    try:
        wanted = Policy.from_json(changed)
    except ConfigurationError as error:
        raise InputError(error.message) from error
    if ask.form.text("act", 10) == "save":
        ask.app.policy = save_policy(ask.app.database, changed, actor=ask.account.signature, at=ask.now)
        return ask.go(
            "/quan-tri/chinh-sach",
            "Bảng chính sách mới có hiệu lực với thư đến sau (các tiến trình khác: khi khởi động lại)",
        )
    with ask.app.database.read() as connection:
        past = connection.execute(
            select(message.c.kind, message.c.report, message.c.recommended)
            .where(message.c.report.is_not(None), message.c.state != "sealed")
            .order_by(message.c.received_at.desc())
            .limit(_DRY)
        ).all()
    moves: Counter[tuple[str, str]] = Counter()
    for row in past:
        known = [Finding.from_json(f) for f in row.report.get("findings", []) if f.get("code") in CATALOGUE]
        before = decide(ask.app.policy, known, kind=row.kind or "plain").recommended
        moves[(before, decide(wanted, known, kind=row.kind or "plain").recommended)] += 1
    return policy(ask, actions=changed, dry={"mails": len(past), "moves": sorted(moves.items())})


def journal(ask: Ask, *, results: Any = None) -> Response:
    mine = ask.account.agencies
    kind, actor, offset = ask.query("viec", 60), ask.query("nguoi", 200), ask.query_number("tu", 0, 10_000_000)
    statement = select(event)
    if mine is not None:
        statement = statement.where(rows_of(mine, event.c.agency_id))
    if kind:
        statement = statement.where(event.c.kind.startswith(kind, autoescape=True))
    if actor:
        statement = statement.where(event.c.actor.contains(actor, autoescape=True))
    with ask.app.database.read() as connection:
        rows = connection.execute(statement.order_by(event.c.id.desc()).limit(201).offset(offset)).all()
        names = {row.id: row.name for row in connection.execute(select(contact_point.c.id, contact_point.c.name))}
    shown = [(row, json.loads(row.data)) for row in rows[:200]]
    return ask.render("admin_journal.html", rows=shown, more=len(rows) > 200, offset=offset, kind=kind, actor=actor,
                      results=results, names=names)  # fmt: skip


def verify_journal(ask: Ask) -> Response:
    with ask.app.database.read() as connection:
        results = [
            r for r in verify_all(connection, now=ask.now, check_proof=check_proof)
            if ask.account.agencies is None or r.agency_id in ask.account.agencies
        ]  # fmt: skip
    return journal(ask, results=results)
