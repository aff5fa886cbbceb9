"""Is this installation fit to work, and where not, how is it mended? The checks that need nobody else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from congvan_core.errors import CongvanError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.storage.database import database_time
from congvan_gateway.main import App

_LOW_DISK, _NO_DISK = 5 << 30, 1 << 30
#: Before the end of a certificate people are told so early (days).
_WARN_DAYS = (60, 30, 7)


@dataclass(frozen=True, slots=True)
class Check:
    """One answer: ``state`` is ok | warning | fault; ``mend`` says what to do where it is not ok."""

    area: str
    state: str
    text: str
    mend: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"area": self.area, "state": self.state, "text": self.text, "mend": self.mend or None}


def ok(area: str, text: str) -> Check:
    return Check(area, "ok", text)


def warning(area: str, text: str, mend: str) -> Check:
    return Check(area, "warning", text, mend)


def fault(area: str, text: str, mend: str) -> Check:
    return Check(area, "fault", text, mend)


def local_checks(app: App) -> Iterator[Check]:
    """Configuration, database, disk, clock, keys, trust, directory: in this order, none hiding the next."""
    for area, check in _LOCAL:
        try:
            yield from check(app)
        except CongvanError as error:
            yield fault(area, error.message, "xem lại mục này trong congvan.toml")
        except Exception as error:
            yield fault(area, f"{type(error).__name__}: {error}", "gửi dòng này cho đơn vị vận hành")


def _database(app: App) -> Iterator[Check]:
    from congvan_gateway.storage.migrate import current, newest

    with app.database.write() as connection:
        connection.execute(text("SELECT 1"))
    at, expected = current(app.database), newest()
    if at != expected:
        yield fault("database", f"Cơ sở dữ liệu ở phiên bản {at}, chương trình cần {expected}", "khởi động lại congvan")
        return
    kind = "PostgreSQL" if app.database.is_postgresql else "SQLite"
    yield ok("database", f"Cơ sở dữ liệu {kind} ghi được, phiên bản {at}")


def _disk(app: App) -> Iterator[Check]:
    for name, folder in (("kho tệp", app.settings.storage.blobs), ("thư đến", app.settings.storage.spool)):
        path = app.settings.path(folder)
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".doctor"
        try:
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            yield fault("disk", f"Không ghi được vào {path}: {error.strerror}", "sửa quyền hoặc ổ đĩa của thư mục này")
            continue
        free = shutil.disk_usage(path).free
        words = f"Thư mục {name} {path}: còn {free / (1 << 30):.1f} GiB"
        if free < _NO_DISK:
            yield fault("disk", words, "giải phóng chỗ trống ngay: thư mới sẽ bị tạm từ chối khi hết chỗ")
        elif free < _LOW_DISK:
            yield warning("disk", words, "giải phóng chỗ trống hoặc chuyển kho tệp sang ổ lớn hơn")
        else:
            yield ok("disk", words)


def _clock(app: App) -> Iterator[Check]:
    """Khoản 1 Điều 14: the system's clock is what counts; numbering stops where it stands behind the last entry."""
    from congvan_core.storage.schema import entry

    at = app.clock()
    with app.database.read() as connection:
        database = database_time(connection)
        last = connection.execute(select(func.max(entry.c.registered_at))).scalar_one_or_none()
    apart = abs((database - at).total_seconds())
    if apart > 5:
        yield fault(
            "clock", f"Đồng hồ lệch {apart:.0f} giây so với máy cơ sở dữ liệu", "bật đồng bộ giờ (chrony) ở cả hai máy"
        )
    if isinstance(last, datetime) and last - at > timedelta(minutes=5):
        yield fault(
            "clock", f"Đồng hồ đứng trước lần vào sổ cuối ({iso_vn(last)})", "chỉnh lại giờ; việc cấp số đang dừng"
        )
    elif apart <= 5:
        yield ok("clock", f"Giờ hệ thống {iso_vn(at)}")


def _keys(app: App) -> Iterator[Check]:
    from cryptography.hazmat.primitives.serialization import Encoding

    from congvan_core.agencies.keys import all_keys, certificate_fingerprint
    from congvan_core.agencies.lookup import own_agencies

    if not app.has_key:
        yield fault(
            "keys", "Chưa có khóa cổng văn bản: văn bản và thông báo không ký được, không gửi đi được",
            "tạo thư mục dữ liệu bằng congvan init với --agency, hoặc đặt keys.gateway",
        )  # fmt: skip
        return
    certificate = app.key.certificate
    yield _until("keys", "Chứng thư của khóa cổng văn bản", certificate.not_valid_after_utc, app.clock())
    fingerprint = certificate_fingerprint(certificate.public_bytes(Encoding.DER))
    with app.database.read() as connection:
        for agency in own_agencies(connection):
            held = [
                k for k in all_keys(connection, agency.id) if k.fingerprint == fingerprint and k.state == "confirmed"
            ]
            if held:
                yield ok("keys", f"Khóa cổng văn bản được phép nói thay {agency.name}")
            else:
                yield fault(
                    "keys", f"Danh bạ không ghi khóa này cho {agency.name}: bên nhận sẽ không tin thông báo",
                    f"congvan agency add {agency.raw_code} --key keys/gateway.pem, và gửi chứng thư cho các cơ quan bạn",
                )  # fmt: skip


def _sealing(app: App) -> Iterator[Check]:
    """Who opens what was sealed (khoản 4 Điều 7): two named persons, or at least a key with a place of its own."""
    from cryptography import x509

    named = app.settings.keys.sealed_to
    mend = "đặt keys.sealed_to = [chứng thư PEM của hai người được giao mở niêm phong], có địa chỉ thư trong chứng thư"
    if not named:
        where = "khóa cổng văn bản" if app.has_key else "một khóa đặt cạnh kho, ai có đĩa đều mở được"
        yield warning("sealing", f"Chưa nêu hai người được giao mở niêm phong: thư mật được mã hóa bằng {where}", mend)
        return
    if len(named) != 2:
        yield fault("sealing", f"keys.sealed_to nêu {len(named)} chứng thư, phải đúng hai", mend)
        return
    for path in named:
        certificate = x509.load_pem_x509_certificate(app.settings.path(path).read_bytes())
        yield _until("sealing", f"Chứng thư mở niêm phong {path}", certificate.not_valid_after_utc, app.clock())


def _until(area: str, what: str, end: datetime, at: datetime) -> Check:
    left = (end - at).days
    day = f"{end.astimezone(VIETNAM):%d/%m/%Y}"
    if left < 0:
        return fault(area, f"{what} đã hết hạn ngày {day}", "thay chứng thư")
    if left <= _WARN_DAYS[0]:
        return warning(area, f"{what} còn {left} ngày (đến {day})", "xin cấp chứng thư mới trước ngày đó")
    return ok(area, f"{what} dùng được đến {day}")


def _trust(app: App) -> Iterator[Check]:
    from congvan_core.signatures.official_ca import BY_FINGERPRINT
    from congvan_core.signatures.trust_store import TrustStore

    folder = app.trust_folder
    if not folder.is_dir():
        yield fault(
            "trust", f"Không có thư mục chứng thư tin cậy {folder}", "tạo thư mục và thêm bằng: congvan trust add TỆP"
        )
        return
    store = TrustStore.load([folder])
    if not store.anchors:
        yield fault(
            "trust", "Chưa có chứng thư gốc nào: mọi chữ ký số đều chưa kết luận được",
            "tải rootcag2.crt của cơ quan chứng thực chuyên dùng, đối chiếu vân tay, rồi: congvan trust add rootcag2.crt",
        )  # fmt: skip
    else:
        yield ok("trust", f"{len(store.anchors)} chứng thư gốc, {len(store.intermediates)} chứng thư trung gian")
    have = {entry.sha256 for entry in store.entries()}
    if have & set(BY_FINGERPRINT):
        missing = [k.name for k in BY_FINGERPRINT.values() if k.sha256 not in have]
        if missing:
            yield warning(
                "trust", f"Thiếu chứng thư đã biết: {'; '.join(missing)}", "congvan trust add TỆP cho từng chứng thư"
            )
    if not app.settings.trust.online and not store.crls:
        yield warning(
            "trust", "Không hỏi OCSP/CRL và không có danh sách thu hồi: không biết chứng thư nào đã bị thu hồi",
            "đặt trust.online = true, hoặc chép tệp .crl vào thư mục trust",
        )  # fmt: skip


def _directory(app: App) -> Iterator[Check]:
    from congvan_core.agencies.lookup import main_mailbox, own_agencies

    with app.database.read() as connection:
        agencies = own_agencies(connection)
        if not agencies:
            yield fault(
                "directory", "Danh bạ chưa có cơ quan của mình", "congvan agency add MÃ --own --name … --address …"
            )
        for agency in agencies:
            box = main_mailbox(connection, agency.id, app.clock().astimezone(VIETNAM).date())
            if box is None:
                yield fault(
                    "directory", f"{agency.name} chưa có hộp thư", f"congvan agency add {agency.raw_code} --address …"
                )
            else:
                yield ok("directory", f"{agency.name} ({agency.raw_code}), hộp thư {box.address}")


_LOCAL: tuple[tuple[str, Callable[[App], Iterator[Check]]], ...] = (
    ("database", _database),
    ("disk", _disk),
    ("clock", _clock),
    ("keys", _keys),
    ("sealing", _sealing),
    ("trust", _trust),
    ("directory", _directory),
)
