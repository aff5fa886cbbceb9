"""Who is told at once that a mail was sealed: the head and the named persons, by a letter that names no content."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from cryptography import x509
from sqlalchemy import Connection, Row, select

from congvan_core.agencies.lookup import contact_point_by_id, main_mailbox
from congvan_core.ids import VIETNAM, new_id
from congvan_core.journal.writing import append
from congvan_gateway.console.accounts import account_of
from congvan_gateway.console.schema import account
from congvan_gateway.main import App
from congvan_gateway.notices.schema import notice_subscription
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.message import Address
from congvan_mailbox.package import spoken
from congvan_mailbox.receipts.letters import LetterContent
from congvan_mailbox.receipts.wording import Letter

_MOST = 20


def tell_of_seal(connection: Connection, app: App, row: Row[Any]) -> int:
    """Queue one letter each to the persons of ``keys.sealed_to`` (the address in their certificates) and to every
    leader of the agency; who subscribed to notices of seals gets those. How many letters there are.

    The desk shows the sealed mail in any case; without a gateway key no letter leaves.
    """
    if row.agency_id is None or not app.has_key:
        return 0
    at = app.clock()
    agency = contact_point_by_id(connection, row.agency_id)
    box = main_mailbox(connection, agency.id, at.astimezone(VIETNAM).date())
    people = _people(connection, app, agency.id)
    if box is None:
        return 0
    for name, address in people[:_MOST]:
        letter = _letter(name, agency.name, row, app)
        content = LetterContent(
            letter, Address(agency.name, box.address), Address(name, address),
            at.astimezone(VIETNAM).replace(microsecond=0),
        )  # fmt: skip
        connection.execute(
            outbox.insert().values(
                id=new_id(), agency_id=agency.id, kind="notice", dedupe=f"sealed:{row.id}:{address}"[:200],
                mail_from=box.address, rcpt_to=address, state="to_seal", content=content.to_json(), urgency=2,
                message_id=f"{secrets.token_hex(16)}@{box.address.rpartition('@')[2]}",
                give_up_at=at + timedelta(hours=24), created_at=at,
            )
        )  # fmt: skip
    if people:
        append(connection, agency_id=agency.id, actor="congvan", kind="notice.seal", subject=f"message:{row.id}",
               data={"to": [address for _, address in people[:_MOST]]}, at=at)  # fmt: skip
    return min(len(people), _MOST)


def _people(connection: Connection, app: App, agency_id: str) -> list[tuple[str, str]]:
    """(name, address), each address once; those with a subscription of their own are left to it."""
    found: dict[str, str] = {}
    for path in app.settings.keys.sealed_to:
        for name, address in _named(app, path):
            found.setdefault(address.lower(), name)
    subscribed = {
        row.account_id
        for row in connection.execute(select(notice_subscription).where(notice_subscription.c.active))
        if "sealed" in (row.kinds or ())
    }
    for person in connection.execute(select(account).where(account.c.active, account.c.mail.is_not(None))):
        who = account_of(person)
        leads = "leader" in (person.roles or ()) and (who.agencies is None or agency_id in who.agencies)
        if leads and person.id not in subscribed:
            found.setdefault(person.mail.lower(), person.name)
    return [(name, address) for address, name in found.items()]


def _named(app: App, path: str) -> list[tuple[str, str]]:
    """The name and the addresses in a named person's certificate."""
    try:
        certificate = x509.load_pem_x509_certificate(app.settings.path(path).read_bytes())
        names = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
        said = str(names[0].value) if names else "Người được giao"
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [(said, address) for address in found.get_values_for_type(x509.RFC822Name)[:3]]
    except (OSError, ValueError, x509.ExtensionNotFound):
        return []  # congvan doctor says so


def _letter(name: str, agency: str, row: Row[Any], app: App) -> Letter:
    base = app.settings.console.public_url
    where = f"{base.rstrip('/')}/cho-kiem-tra/{row.id}" if base else f"Văn bản chờ kiểm tra, mã thư {row.id}"
    return Letter(
        "[KHẨN] Công Văn: có thư đã niêm phong",
        (
            (f"Kính gửi: {name}.",),
            (
                f"Một thư đến hộp thư công vụ của {agency} lúc {spoken.moment(row.arrived_at)} có thể mang dấu chỉ độ "
                "mật nên đã được niêm phong: không xem trước, không chuyển tiếp, không lưu thêm bản nào.",
            ),
            (
                "Văn bản có nội dung bí mật nhà nước không được gửi, nhận qua thư điện tử (khoản 2 Điều 1, khoản 4 Điều "
                "7 Quy chế). Đề nghị chỉ đạo xử lý; việc mở niêm phong hoặc tiêu hủy do hai người được giao thực hiện, "
                "có biên bản.",
            ),
            (f"Nơi xử lý: {where}. Thư này không nêu nội dung; đề nghị không trả lời thư này.",),
        ),
    )
