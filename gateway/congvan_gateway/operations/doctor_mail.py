"""The checks that ask others: names, certificates, the provider's servers, the mailboxes, a probe through all of them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from congvan_core.errors import CongvanError
from congvan_core.ids import VIETNAM
from congvan_gateway.intake import imap_account
from congvan_gateway.intake.imap_schema import imap_account as accounts
from congvan_gateway.main import App
from congvan_gateway.operations.doctor import Check, _until, fault, ok, warning
from congvan_gateway.settings import Imap
from congvan_mailbox.authentication.names import DnsFailure, Resolver
from congvan_mailbox.imap import Client, LogInRefused, connect
from congvan_mailbox.imap.answers import Folder
from congvan_mailbox.smtp.outcome import Accepted, OutgoingMail

_DNS_SECONDS = 5.0
_PROBE_SECONDS = 90.0


def dns_checks(app: App, resolver: Resolver) -> Iterator[Check]:
    """Each own domain: where mail for it goes, and what it publishes of its senders (RFC 7208, RFC 7489)."""
    from congvan_core.agencies.lookup import own_mailboxes

    with app.database.read() as connection:
        boxes = own_mailboxes(connection, app.clock().astimezone(VIETNAM).date())
    for domain in sorted({box.address.rpartition("@")[2] for box, _ in boxes}):
        try:
            if resolver.lookup(domain, "MX", _DNS_SECONDS) or resolver.lookup(domain, "A", _DNS_SECONDS):
                yield ok("dns", f"Tên miền {domain} nhận được thư")
            else:
                yield fault("dns", f"Tên miền {domain} không có bản ghi MX", "đơn vị quản lý tên miền thêm bản ghi MX")
            texts = resolver.lookup(domain, "TXT", _DNS_SECONDS)
            if not any(t.lower().startswith("v=spf1") for t in texts):
                yield warning("dns", f"Tên miền {domain} chưa công bố SPF", "đơn vị quản lý tên miền thêm bản ghi SPF")
            if not any(
                t.upper().startswith("V=DMARC1") for t in resolver.lookup(f"_dmarc.{domain}", "TXT", _DNS_SECONDS)
            ):
                yield warning(
                    "dns", f"Tên miền {domain} chưa công bố DMARC: người khác dễ giả mạo hộp thư này",
                    "đơn vị quản lý tên miền thêm bản ghi _dmarc",
                )  # fmt: skip
        except DnsFailure as error:
            yield warning("dns", error.message, "xem lại máy chủ tên miền của máy này")


def tls_checks(app: App) -> Iterator[Check]:
    """The door's own certificate."""
    from cryptography import x509

    given = app.settings.smtp.tls_certificate
    if not app.settings.smtp.enabled:
        return
    if not given:
        yield warning(
            "tls", "Cổng SMTP chưa có chứng thư TLS: thư đến không được mã hóa", "đặt smtp.tls_certificate và tls_key"
        )
        return
    try:
        certificate = x509.load_pem_x509_certificates(Path(app.settings.path(given)).read_bytes())[0]
    except (OSError, ValueError) as error:
        yield fault("tls", f"Không đọc được chứng thư TLS {given}: {error}", "sửa smtp.tls_certificate")
        return
    yield _until("tls", "Chứng thư TLS của cổng SMTP", certificate.not_valid_after_utc, app.clock())


async def delivery_check(app: App) -> Check:
    """Can the provider's server be entered as the settings say? No mail is sent."""
    from congvan_gateway.dispatch.couriers import smtp_courier
    from congvan_mailbox.smtp.client import SmtpClient, Stop
    from congvan_mailbox.smtp.client_options import ClientOptions

    delivery = app.settings.delivery
    if delivery.mode != "smarthost":
        return ok("delivery", "Gửi thẳng tới máy chủ của nơi nhận (MX)")
    where = f"{delivery.host}:{delivery.port}"
    try:
        courier = smtp_courier(app)
        options: ClientOptions = courier.hop("").options
        client = SmtpClient(delivery.host, delivery.host, delivery.port, options)
        async with asyncio.timeout(30):
            await client.open()
            size = client.extensions.get("SIZE", "")
            await client.quit()
    except Stop as stop:
        return fault(
            "delivery", f"Máy chủ gửi {where}: {stop.outcome.status or stop.outcome.text}", "xem lại mục [delivery]"
        )
    except TimeoutError:
        return fault(
            "delivery", f"Máy chủ gửi {where} không trả lời trong 30 giây", "xem lại delivery.host, delivery.port"
        )
    except CongvanError as error:
        return fault("delivery", error.message, "xem lại mục [delivery]")
    words = f"Máy chủ gửi {where} nhận phiên" + (" có TLS" if client.tls else " KHÔNG mã hóa")
    if size.isdigit() and int(size):
        words += f", thư tới {int(size) / 1e6:.0f} MB"
    return ok("delivery", words)


async def link_checks(app: App, way: Any = None) -> list[Check]:
    """Does the public address of lent files lead to this station's own door? A file that nobody has is asked for.

    ``way`` is an httpx transport where the system's own is not meant.
    """
    import httpx

    from congvan_gateway.pieces.lending import NOT_HERE
    from congvan_gateway.pieces.vault import new_token

    links = app.settings.links
    url = (links.public_url or "").rstrip("/")
    if not links.enabled:
        return []
    if not url:
        mend = "đặt links.public_url, hoặc tắt links.enabled"
        return [
            warning(
                "links", "Cổng tải tệp mở nhưng chưa có địa chỉ công khai: tệp lớn không gửi bằng liên kết được", mend
            )
        ]
    if not url.startswith("https://"):
        return [fault("links", f"Địa chỉ tải tệp {url} không phải HTTPS", "đặt links.public_url là địa chỉ https://")]
    mend = f"dẫn {url}/tep/ về {links.host}:{links.port} ở máy chủ trung gian; kiểm tra chứng thư TLS và DNS"
    try:
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=15, transport=way) as client:
            answer = await client.get(f"{url}/tep/{new_token()}")
    except httpx.HTTPError as error:
        return [fault("links", f"Không tới được địa chỉ tải tệp {url}: {error or type(error).__name__}", mend)]
    if answer.status_code != 404 or answer.text != NOT_HERE:
        return [
            fault("links", f"Địa chỉ tải tệp {url} không dẫn tới cổng tải tệp (trả lời {answer.status_code})", mend)
        ]
    return [ok("links", f"Địa chỉ tải tệp {url} dẫn tới cổng tải tệp")]


def limit_checks(app: App) -> Iterator[Check]:
    """What the provider allows, as set or as it said itself, and when the waiting mails will have left."""
    from congvan_gateway.dispatch import pacing

    delivery, at = app.settings.delivery, app.clock()
    with app.database.read() as connection:
        allowed = pacing.limits(connection, delivery, at)
        ahead = pacing.forecast(connection, delivery, at)
    words = [
        f"{count} thư {span}" for count, span in ((allowed.per_hour, "mỗi giờ"), (allowed.per_day, "mỗi ngày")) if count
    ]
    if allowed.size:
        words.append(f"thư tới {allowed.size / 1e6:.0f} MB")
    if words:
        learned = f" (nhà cung cấp báo ngày {allowed.learned.astimezone(VIETNAM):%d/%m/%Y})" if allowed.learned else ""
        waits = f"; {ahead.words}" if ahead.waiting else ""
        yield ok("delivery", f"Giới hạn của cổng gửi: {', '.join(words)}{learned}{waits}")
    if allowed.closed_until is not None and allowed.closed_until > at:
        yield warning(
            "delivery", f"Nhà cung cấp tạm không nhận thêm thư: {allowed.words}",
            f"chờ tới {allowed.closed_until.astimezone(VIETNAM):%H:%M}; thư đang chờ sẽ tự gửi, văn bản khẩn trước",
        )  # fmt: skip


async def mailbox_checks(app: App, *, probe: bool) -> AsyncIterator[Check]:
    """Each mailbox: log-in, folders, keywords, whose mark is on it, how reading goes; with ``probe`` a mail through it."""
    for box in app.settings.imap:
        if not box.enabled:
            continue
        try:
            client = await connect(imap_account.open_account(app, box))
        except LogInRefused as error:
            yield fault("mailbox", error.message, "sửa imap.username, imap.password_file hoặc imap.token_file")
            continue
        except CongvanError as error:
            yield fault(
                "mailbox", error.message, "xem lại imap.host, imap.port, imap.tls, imap.tls_ca; thử từ mạng này"
            )
            continue
        try:
            async for check in _look(app, client, box):
                yield check
            if probe:
                yield await _probe(app, client, box)
            await client.leave()
        except CongvanError as error:
            yield fault("mailbox", f"Hộp thư {box.address}: {error.message}", "xem lại thư mục và quyền của hộp thư")
        finally:
            client.abort()


async def _look(app: App, client: Client, box: Imap) -> AsyncIterator[Check]:
    from sqlalchemy import select

    folders = await client.folders()
    opened = await client.select(box.folder)  # read-write: EXAMINE tells of no keywords that may be kept
    idle = "báo thư mới ngay (IDLE)" if client.has("IDLE") else f"đọc lại mỗi {box.poll_seconds:g} giây"
    yield ok("mailbox", f"Đăng nhập được {box.address}: {opened.exists} thư trong {box.folder}, {idle}")
    if box.tls == "none":
        yield warning("mailbox", f"Hộp thư {box.address} đọc không mã hóa", 'đặt imap.tls = "implicit" hoặc "starttls"')
    if not opened.keeps_keywords:
        yield warning(
            "mailbox", "Máy chủ không giữ nhãn của chương trình: không phát hiện được bản cài đặt thứ hai",
            "bảo đảm chỉ một bản cài đặt đọc hộp thư này",
        )  # fmt: skip
    name = imap_account.open_account(app, box).name
    with app.database.read() as connection:
        row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
    for mark in imap_account.foreign_marks(opened.keywords, row.marker if row else ""):
        marked = await client.search(f"KEYWORD {mark}")
        if marked:
            yield fault(
                "mailbox", f"Một bản cài đặt khác đã đọc hộp thư này: {len(marked)} thư mang dấu {mark}",
                f"dừng bản kia, rồi: congvan doctor --adopt-mailbox {box.address}",
            )  # fmt: skip
    if row is not None and row.last_error:
        yield warning("mailbox", f"Lần đọc gần nhất của {box.address} lỗi: {row.last_error}", "xem dòng lỗi này")
    sent = _sent_folder(folders)
    if box.sent_folder and sent and box.sent_folder != sent and box.sent_folder not in [f.name for f in folders]:
        yield warning("mailbox", f"Thư mục thư đã gửi của hộp thư là {sent}", f'đặt imap.sent_folder = "{sent}"')


def _sent_folder(folders: Sequence[Folder]) -> str | None:
    return next((f.name for f in folders if "\\sent" in f.attributes), None)


async def _probe(app: App, client: Client, box: Imap) -> Check:
    """A mail from the mailbox to itself by the real way out and the real way in; removed when it is seen."""
    from congvan_gateway.dispatch.couriers import smtp_courier

    identifier = f"{secrets.token_hex(16)}@{box.address.rpartition('@')[2]}"
    mail = (
        f"From: <{box.address}>\r\nTo: <{box.address}>\r\nSubject: Thu duong truyen cua Cong Van\r\n"
        f"Date: {format_datetime(app.clock().astimezone(UTC))}\r\nMessage-ID: <{identifier}>\r\n"
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        "Thu tu dong, co the xoa.\r\n"
    )
    courier = smtp_courier(app)
    try:
        outcome = await courier.deliver(OutgoingMail(box.address, box.address, mail.encode("ascii")))
    finally:
        await courier.close()
    if not isinstance(outcome, Accepted):
        return fault(
            "probe", f"Không gửi được thư thử của {box.address}: {outcome.status or outcome.text}", "xem mục delivery"
        )
    begun = asyncio.get_running_loop().time()
    await client.select(box.folder)
    while (waited := asyncio.get_running_loop().time() - begun) < _PROBE_SECONDS:
        found = await client.search(f'HEADER MESSAGE-ID "{identifier}"')
        if found:
            with contextlib.suppress(CongvanError):
                await client.remove(found)
            return ok("probe", f"Thư thử từ {box.address} tới chính nó đi hết {waited:.0f} giây")
        await client.wait(2.0)
    return fault(
        "probe", f"Thư thử đã gửi nhưng chưa về hộp thư {box.address} sau {_PROBE_SECONDS:.0f} giây",
        "xem thư mục thư rác và hàng chờ của nhà cung cấp",
    )  # fmt: skip
