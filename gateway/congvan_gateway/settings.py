"""The settings: one typed tree, a comment and a default per field, unknown keys refused.

Read from ``congvan.toml`` (``--config``, else ``$CONGVAN_CONFIG``, else ``./congvan.toml``); any field can be
overridden by an environment variable ``CONGVAN_SECTION__FIELD``. Relative paths are relative to the file.
Secrets are never written in the file: a field ``…_file`` names a file that holds one.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from congvan_core.errors import ConfigurationError, os_reason


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Storage(_Section):
    """Where everything is kept."""

    database: str = Field("sqlite:///var/congvan.sqlite3", description="sqlite:///đường-dẫn hoặc postgresql://…")
    blobs: str = Field("var/blobs", description="thư mục kho tệp (đặt tên theo SHA-256)")
    spool: str = Field("var/intake", description="thư mục thư đến chưa vào cơ sở dữ liệu")
    sealed: str = Field("var/sealed", description="kho niêm phong (đã mã hóa), không nằm trong bản sao lưu")


class Smtp(_Section):
    """The door: an SMTP server for mail that comes in."""

    enabled: bool = Field(True, description="mở cổng nhận thư SMTP")
    host: str = Field("127.0.0.1", description="địa chỉ lắng nghe")
    port: int = Field(2525, ge=0, le=65535, description="cổng lắng nghe; 0: hệ điều hành chọn")
    hostname: str = Field("localhost", description="tên máy trong lời chào và EHLO")
    max_size: int = Field(150 * 1024 * 1024, gt=0, description="cỡ thư lớn nhất, byte")
    max_recipients: int = Field(100, gt=0, description="số người nhận nhiều nhất trong một thư")
    max_connections: int = Field(200, gt=0, description="số phiên đồng thời")
    max_connections_per_peer: int = Field(50, gt=0, description="số phiên đồng thời từ một địa chỉ")
    rate_per_minute: int = Field(6000, gt=0, description="số thư mỗi phút từ một địa chỉ")
    idle_seconds: float = Field(300.0, gt=0, description="thời gian chờ một lệnh")
    session_seconds: float = Field(3600.0, gt=0, description="thời gian dài nhất của một phiên")
    tls_certificate: str | None = Field(None, description="chứng thư TLS (PEM) cho STARTTLS")
    tls_key: str | None = Field(None, description="khóa TLS (PEM)")
    dsn: bool = Field(True, description="quảng bá DSN (RFC 3461) và trả báo cáo khi được yêu cầu")


class Lmtp(_Section):
    """The door for a local Postfix: LMTP on a port or a unix socket."""

    enabled: bool = Field(False, description="mở cổng LMTP")
    host: str = Field("127.0.0.1", description="địa chỉ lắng nghe")
    port: int = Field(2424, ge=0, le=65535, description="cổng lắng nghe")


class Delivery(_Section):
    """How mail leaves."""

    mode: Literal["smarthost", "mx"] = Field("smarthost", description="smarthost: giao cho máy chủ thư; mx: gửi thẳng")
    host: str = Field("127.0.0.1", description="máy chủ thư nhận chuyển tiếp")
    port: int = Field(25, ge=1, le=65535, description="cổng của máy chủ thư")
    tls: Literal["none", "opportunistic", "require", "verify", "pin", "dane", "implicit"] = Field(
        "opportunistic",
        description="chính sách TLS tới máy chủ thư; pin: theo tls_pins; dane: theo bản ghi TLSA (cần DNSSEC)",
    )
    tls_ca: str | None = Field(None, description="tệp PEM các CA tin cậy cho TLS gửi đi")
    tls_pins: list[str] = Field(
        default_factory=list, description="SHA-256 (hex) của chứng thư hoặc khóa công khai máy chủ, dùng với tls = pin"
    )
    mta_sts: bool = Field(True, description="khi mode = mx: tuân theo chính sách MTA-STS của miền nhận (RFC 8461)")
    max_size: int | None = Field(
        None, gt=0, description="cỡ thư lớn nhất mà đường gửi này nhận, byte; lớn hơn thì tách phần hoặc gửi liên kết"
    )
    per_hour: int | None = Field(
        None, gt=0, description="số thư mỗi giờ mà nhà cung cấp cho gửi; không đặt thì tự nhận biết khi bị từ chối"
    )
    per_day: int | None = Field(None, gt=0, description="số thư mỗi ngày mà nhà cung cấp cho gửi")
    verp: Literal["auto", "always", "never"] = Field(
        "auto",
        description="địa chỉ trả về nêu lần gửi khi chặng sau không có DSN; auto: khi cổng nhận thư của mình mở",
    )
    username: str | None = Field(None, description="tên đăng nhập cổng gửi của nhà cung cấp")
    password_file: str | None = Field(None, description="tệp chứa mật khẩu cổng gửi")
    helo: str | None = Field(None, description="tên máy khi chào; mặc định là smtp.hostname")
    concurrency: int = Field(10, ge=1, le=64, description="số thư gửi đồng thời")
    attempt_seconds: float = Field(240.0, gt=0, description="thời hạn cứng của một lần gửi")
    lease_seconds: float = Field(
        300.0, gt=0, description="thời gian giữ một thư đang gửi; dài hơn thời hạn một lần gửi"
    )
    unknown_wait_seconds: float = Field(
        900.0, ge=0, description="chờ bằng chứng khi mất câu trả lời sau dấu chấm cuối, rồi mới gửi lại"
    )
    retry_base_seconds: float = Field(60.0, gt=0, description="khoảng chờ đầu tiên trước khi gửi lại")
    retry_max_seconds: float = Field(3600.0, gt=0, description="khoảng chờ dài nhất")
    give_up_hours: float = Field(120.0, gt=0, description="sau chừng này giờ thì báo không gửi được")
    warn_hours: float = Field(4.0, gt=0, description="chưa có xác nhận sau chừng này giờ thì nhắc")
    urgent_warn_minutes: float = Field(15.0, gt=0, description="văn bản khẩn: chưa đến sau chừng này phút thì báo")


class Keys(_Section):
    """The gateway's own key: signs packages and receipts, never documents (its certificate is in the directory)."""

    gateway: str | None = Field(None, description="tệp PKCS#12 hoặc PEM của khóa cổng văn bản")
    gateway_certificate: str | None = Field(None, description="chứng thư PEM, nếu khóa là PEM")
    password_file: str | None = Field(None, description="tệp chứa mật khẩu PKCS#12")
    sealed_to: list[str] = Field(
        default_factory=list,
        description="chứng thư PEM của hai người được giao mở niêm phong; trống: khóa cổng văn bản",
    )


class Signing(_Section):
    """How people sign drafts: at this station, or on their own machines (khoản 3 Điều 19)."""

    pkcs11: str | None = Field(None, description="thư viện PKCS#11 của token cắm tại trạm này (đường dẫn đầy đủ)")
    keys_folder: str | None = Field(None, description="thư mục tệp PKCS#12 của người ký tại trạm này")
    watched: str | None = Field(
        None, description="thư mục nhận tệp đã ký bằng công cụ khác; tự đối chiếu với bản đã duyệt"
    )
    templates: str = Field("templates", description="thư mục mẫu .docx của cơ quan, có các trường {{trich_yeu}}")
    bridge: str | None = Field(
        None, description="địa chỉ cầu nối ký số trên máy người ký, ví dụ http://127.0.0.1:8489 (congvan bridge)"
    )


class Trust(_Section):
    """What signatures on documents are judged by."""

    folder: str = Field("trust", description="thư mục chứng thư gốc, trung gian, CRL (PEM hoặc DER)")
    online: bool = Field(False, description="hỏi OCSP/CRL qua mạng")
    hosts: list[str] = Field(
        default_factory=lambda: ["ocsp.ca.gov.vn", "ca.gov.vn", "crl.ca.gov.vn"],
        description="máy chủ được phép hỏi; ngoài danh sách này không gọi ra",
    )


class Verification(_Section):
    """Limits on the work that a document may cause."""

    workers: int = Field(1, ge=0, le=64, description="số tiến trình kiểm tra; 0: trong cùng tiến trình (chỉ để thử)")
    seconds: float = Field(20.0, gt=0, description="thời hạn cho một văn bản")
    memory_mb: int = Field(1024, ge=128, description="bộ nhớ cho một tiến trình kiểm tra")
    lease_seconds: float = Field(
        120.0, gt=0, description="thời gian giữ một thư đang kiểm tra; dài hơn thời hạn cho một văn bản"
    )
    retry_minutes: float = Field(30.0, gt=0, description="chưa kết luận: tự kiểm tra lại sau chừng này phút")


class Imap(_Section):
    """A mailbox that is read over IMAP (a station)."""

    enabled: bool = Field(False, description="đọc hộp thư công vụ qua IMAP")
    host: str = Field("", description="máy chủ IMAP")
    port: int = Field(993, ge=1, le=65535, description="cổng IMAP")
    tls: Literal["none", "starttls", "implicit"] = Field("implicit", description="TLS")
    tls_ca: str | None = Field(None, description="tệp PEM các CA tin cậy")
    username: str = Field("", description="tên đăng nhập")
    password_file: str | None = Field(None, description="tệp chứa mật khẩu")
    token_file: str | None = Field(None, description="tệp chứa mã truy cập XOAUTH2")
    address: str = Field("", description="địa chỉ của hộp thư này")
    folder: str = Field("INBOX", description="thư mục đọc")
    done_folder: str | None = Field(None, description="chuyển thư đã vào sổ tới đây")
    held_folder: str | None = Field(None, description="chuyển thư chờ kiểm tra tới đây")
    refused_folder: str | None = Field(None, description="chuyển thư bị từ chối tới đây")
    sent_folder: str | None = Field("Sent", description="bản sao thư đã gửi")
    poll_seconds: float = Field(60.0, gt=0, description="đọc lại sau chừng này giây khi không có IDLE")


class Origin(_Section):
    """Whose word on SPF, DKIM and DMARC is believed."""

    trusted_authserv: list[str] = Field(
        default_factory=list, description="authserv-id của máy chủ thư phía trước (RFC 8601)"
    )
    trusted_hops: int = Field(
        1, ge=1, le=10, description="số dòng Received mà các máy chủ phía trước của mình ghi thêm"
    )
    results_below: bool = Field(False, description="máy chủ phía trước ghi kết quả ngay dưới dòng Received của nó")
    front_peers: list[str] = Field(
        default_factory=list, description="địa chỉ (CIDR) các máy chủ thư phía trước được chuyển thư vào cổng SMTP"
    )
    evaluate: bool = Field(False, description="tự kiểm tra SPF, DKIM, DMARC bằng DNS")
    resolvers: list[str] = Field(
        default_factory=list, description="máy chủ DNS để hỏi (địa chỉ hoặc địa chỉ:cổng); trống: theo máy này"
    )


class Links(_Section):
    """Files too large for a mail: lent by address on the way out, fetched on the way in."""

    enabled: bool = Field(
        False, description="gửi tệp quá lớn bằng liên kết (lưu mã hóa, có hạn); tắt: tách thành nhiều thư"
    )
    host: str = Field("127.0.0.1", description="địa chỉ lắng nghe của cổng tải tệp, đặt sau máy chủ HTTPS")
    port: int = Field(8482, ge=0, le=65535, description="cổng tải tệp; 0: hệ điều hành chọn")
    public_url: str | None = Field(None, description="địa chỉ HTTPS công khai dẫn tới cổng tải tệp")
    folder: str = Field("var/links", description="thư mục các tệp mã hóa đang chờ tải")
    days: int = Field(30, ge=1, le=365, description="số ngày giữ tệp cho bên nhận tải")
    fetch_hosts: list[str] = Field(
        default_factory=lambda: [".gov.vn"],
        description="máy chủ của bên gửi được phép tải tệp về (tên đầy đủ, hoặc .miền)",
    )
    max_size: int = Field(200 * 1024 * 1024, gt=0, description="tệp lớn nhất tự tải về, byte")
    wait_hours: float = Field(24.0, gt=0, description="chờ tệp đi riêng chừng này giờ, rồi giữ lại kèm lý do")


class Console(_Section):
    """The pages for clerks and administrators."""

    enabled: bool = Field(False, description="mở trang làm việc")
    host: str = Field("127.0.0.1", description="địa chỉ lắng nghe")
    port: int = Field(8480, ge=0, le=65535, description="cổng lắng nghe")
    public_url: str | None = Field(None, description="địa chỉ HTTPS công khai; không có thì không gửi đường liên kết")
    second_person: bool = Field(
        True, description="tiếp nhận thư được đề nghị từ chối phải có người thứ hai xác nhận (khi có từ hai người)"
    )


class OpenId(_Section):
    """Log-in through the agency's identity provider (OpenID Connect), beside the local accounts."""

    issuer: str | None = Field(
        None, description="địa chỉ nhà cung cấp định danh (https); trống: chỉ dùng tài khoản riêng"
    )
    client_id: str = Field("", description="mã ứng dụng đã đăng ký với nhà cung cấp")
    client_secret_file: str | None = Field(None, description="tệp chứa mã bí mật của ứng dụng, nếu có")
    scopes: list[str] = Field(
        default_factory=lambda: ["openid", "profile", "email"], description="thông tin xin của nhà cung cấp"
    )
    label: str = Field("Đăng nhập bằng tài khoản của cơ quan", description="chữ trên nút đăng nhập")
    tls_ca: str | None = Field(None, description="tệp PEM các CA tin cậy cho TLS của nhà cung cấp")
    role_claim: str = Field("roles", description="mục của thẻ định danh cho biết vai trò, nhóm")
    roles: list[str] = Field(
        default_factory=list,
        description="ánh xạ 'giá-trị=vai-trò' (clerk, leader, administrator, auditor); có thì vai trò theo nhà cung cấp",
    )
    create: bool = Field(
        False, description="tự tạo tài khoản cho người có vai trò trong ánh xạ; không thì phải tạo trước"
    )


class Operations(_Section):
    """Health, metrics, logs."""

    host: str = Field("127.0.0.1", description="địa chỉ của /healthz và /metrics")
    port: int = Field(8481, ge=0, le=65535, description="cổng của /healthz và /metrics; 0: hệ điều hành chọn")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="mức ghi nhật ký")
    clamd: str | None = Field(None, description="địa chỉ ClamAV: /đường/dẫn.sock hoặc máy:cổng")
    timestamp_url: str | None = Field(None, description="dịch vụ dấu thời gian (RFC 3161)")
    operator: str | None = Field(None, description="địa chỉ đơn vị vận hành, nơi nhận báo sự cố")


class Settings(_Section):
    """The whole tree. ``base`` is the folder of the file; relative paths start there."""

    storage: Storage = Field(default_factory=Storage)
    smtp: Smtp = Field(default_factory=Smtp)
    lmtp: Lmtp = Field(default_factory=Lmtp)
    imap: list[Imap] = Field(default_factory=list)
    delivery: Delivery = Field(default_factory=Delivery)
    keys: Keys = Field(default_factory=Keys)
    signing: Signing = Field(default_factory=Signing)
    trust: Trust = Field(default_factory=Trust)
    verification: Verification = Field(default_factory=Verification)
    origin: Origin = Field(default_factory=Origin)
    links: Links = Field(default_factory=Links)
    console: Console = Field(default_factory=Console)
    openid: OpenId = Field(default_factory=OpenId)
    operations: Operations = Field(default_factory=Operations)
    base: Path = Field(default_factory=Path.cwd, exclude=True)

    @field_validator("base")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.resolve()

    def path(self, value: str) -> Path:
        """A configured path, absolute."""
        return self.base / value

    @property
    def database_url(self) -> str:
        """The database's URL with a relative SQLite path made absolute."""
        url = self.storage.database
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith("sqlite:////") and ":memory:" not in url:
            return f"{prefix}{self.path(url[len(prefix) :])}"
        return url

    def secret(self, name: str | None) -> str | None:
        """The content of a ``…_file``, without its line end. Raises ConfigurationError when it cannot be read."""
        if not name:
            return None
        try:
            return self.path(name).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ConfigurationError(f"Không đọc được tệp bí mật {name}: {os_reason(error)}") from error


def find_config(given: str | None) -> Path | None:
    """The settings file to use: as given, else ``$CONGVAN_CONFIG``, else ``./congvan.toml`` where it exists."""
    if given:
        return Path(given)
    if os.environ.get("CONGVAN_CONFIG"):
        return Path(os.environ["CONGVAN_CONFIG"])
    here = Path("congvan.toml")
    return here if here.exists() else None


def load(path: Path) -> Settings:
    """The settings of ``path`` with the environment laid over it.

    Raises ConfigurationError naming the field and the fault, in one sentence.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"Không có tệp cấu hình {path}; tạo bằng: congvan init THƯ-MỤC") from None
    except OSError as error:
        raise ConfigurationError(f"Không đọc được tệp cấu hình {path}: {os_reason(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Tệp cấu hình {path} sai cú pháp TOML: {error}") from error
    overlay(data, os.environ)
    try:
        return Settings(**data, base=path.resolve().parent)
    except ValidationError as error:
        raise ConfigurationError(f"Cấu hình {path}: {_explain(error)}") from error


def overlay(data: dict[str, Any], environment: os._Environ[str] | dict[str, str]) -> None:
    """Lay ``CONGVAN_SECTION__FIELD`` variables over the parsed file."""
    for name, value in environment.items():
        if name.startswith("CONGVAN_") and "__" in name:
            section, _, key = name[len("CONGVAN_") :].lower().partition("__")
            target = data.setdefault(section, {})
            if isinstance(target, dict):
                target[key] = value


def _explain(error: ValidationError) -> str:
    parts = []
    for item in error.errors()[:5]:
        where = ".".join(str(p) for p in item["loc"])
        if item["type"] == "extra_forbidden":
            parts.append(f"không có mục '{where}'")
        else:
            parts.append(f"mục '{where}': {item['msg']}")
    return "; ".join(parts)


def commented(values: dict[str, dict[str, Any]] | None = None) -> str:
    """A whole ``congvan.toml`` with every field, its comment and its default; ``values`` replace defaults."""
    values = values or {}
    lines = ["# Cấu hình Công Văn. Mỗi mục có ghi chú và giá trị mặc định; mục lạ bị từ chối.", ""]
    for section, field in Settings.model_fields.items():
        annotation = field.annotation
        if section in ("base", "imap") or not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            continue
        lines.append(f"[{section}]")
        for key, item in annotation.model_fields.items():
            given = values.get(section, {})
            default = item.get_default(call_default_factory=True)
            lines.append(f"# {item.description}")
            value = given.get(key, default)
            text = _toml(value)
            lines.append(f"{key} = {text}" if key in given or value is not None else f'# {key} = ""')
        lines.append("")
    for box in values.get("imap", {}).get("boxes", []):
        lines.append("[[imap]]")
        lines.extend(f"{key} = {_toml(value)}" for key, value in box.items())
        lines.append("")
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def masked(settings: Settings) -> dict[str, Any]:
    """The effective values for the log at start, passwords in URLs masked."""
    from sqlalchemy import make_url

    data = settings.model_dump(mode="json")
    data["storage"]["database"] = make_url(settings.storage.database).render_as_string(hide_password=True)
    return data
