"""`congvan init`: a new data folder with a commented congvan.toml, a gateway key, the agency and its mailbox."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from congvan_core.errors import ConfigurationError
from congvan_core.ids import now
from congvan_gateway.commands.account import first_account
from congvan_gateway.commands.console_io import say
from congvan_gateway.main import open_app
from congvan_gateway.operations.autoconfig import fetch
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.operations.gateway_key import make_gateway_key
from congvan_gateway.operations.mail_servers import MailServer, find_imap, find_submission
from congvan_gateway.settings import commented, load
from congvan_mailbox.authentication.names import SystemResolver

_PASSWORD = "keys/mailbox.pass"  # noqa: S105  a file's name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="THƯ-MỤC", type=Path)
    parser.add_argument("--agency", metavar="MÃ", help="mã định danh của cơ quan")
    parser.add_argument("--name", metavar="TÊN", help="tên cơ quan")
    parser.add_argument("--address", metavar="HỘP-THƯ", help="hộp thư công vụ")
    parser.add_argument("--admin", metavar="TÊN-ĐĂNG-NHẬP", default="admin", help="tài khoản quản trị đầu tiên (admin)")
    parser.add_argument("--database", metavar="URL", help="postgresql://… (mặc định: SQLite trong thư mục)")
    parser.add_argument(
        "--mailbox", action="store_true", help="trạm: đọc hộp thư qua IMAP, gửi qua nhà cung cấp; tự tìm máy chủ"
    )
    parser.add_argument("--imap", metavar="MÁY[:CỔNG]", help="máy chủ IMAP (mặc định: tự tìm)")
    parser.add_argument("--submission", metavar="MÁY[:CỔNG]", help="máy chủ gửi thư (mặc định: tự tìm)")
    parser.add_argument("--mail-user", metavar="TÊN", help="tên đăng nhập hộp thư (mặc định: địa chỉ hộp thư)")
    parser.add_argument("--mail-password-file", type=Path, metavar="TỆP", help="tệp chứa mật khẩu hộp thư")


def run(args: argparse.Namespace) -> int:
    folder: Path = args.folder
    config = folder / "congvan.toml"
    if config.exists():
        raise ConfigurationError(f"{config} đã có; không ghi đè dữ liệu đang dùng")
    _ask_person(args)
    given = [value for value in (args.agency, args.name, args.address) if value]
    if given and len(given) != 3:
        raise ConfigurationError("Hãy nêu đủ --agency, --name và --address")
    station = bool(args.mailbox or args.imap or args.submission)
    if station and not given:
        raise ConfigurationError("Đọc hộp thư cần --agency, --name và --address")
    values: dict[str, dict[str, Any]] = {}
    if args.database:
        values["storage"] = {"database": args.database}
    if given:
        values["keys"] = {"gateway": "keys/gateway.p12", "password_file": "keys/gateway.pass"}
        values["smtp"] = {"hostname": args.address.rpartition("@")[2] or "localhost"}
    password = _password(args) if station else None
    if station:
        values |= _station(args, values)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("var", "trust", "keys"):
            (folder / name).mkdir(exist_ok=True, mode=0o700)
        if password is not None:
            secret = folder / _PASSWORD
            secret.touch(mode=0o600)
            secret.write_text(password + "\n", encoding="utf-8")
        config.write_text(commented(values), encoding="utf-8")
        config.chmod(0o600)
        if given:
            _found(args, folder, config)
        app = open_app(load(config))
        try:
            desk = first_account(
                app, login=args.admin, name="Quản trị viên", roles=["administrator", "clerk"], actor="congvan init"
            )
        finally:
            app.close()
    except OSError as error:
        raise ConfigurationError(f"Không ghi được {folder}: {error.strerror}") from error
    say(f"Đã tạo {config}")
    say(f"Trang làm việc (mục console trong cấu hình): tài khoản {args.admin.lower()}, mật khẩu dùng một lần: {desk}")
    if given:
        say(
            f"Khóa của cổng văn bản: {folder / 'keys/gateway.p12'}; gửi {folder / 'keys/gateway.pem'} cho các cơ quan bạn"
        )
    if station and password is None:
        say(f"Ghi mật khẩu hộp thư vào {folder / _PASSWORD} (chỉ chủ sở hữu đọc được)")
    probe = " --probe" if station else ""
    say(
        f"Bước tiếp theo: xem lại cấu hình, chép chứng thư gốc vào thư mục trust, chạy: congvan doctor{probe}, rồi congvan serve"
    )
    return 0


def _found(args: argparse.Namespace, folder: Path, config: Path) -> None:
    app = open_app(load(config))
    try:
        found_agency(app, code=args.agency, name=args.name, address=args.address)
        _, certificate = make_gateway_key(folder / "keys", agency_name=args.name, address=args.address, at=now())
        found_agency(app, code=args.agency, name=args.name, address=args.address, certificate=certificate)
    finally:
        app.close()


# --- the mailbox ------------------------------------------------------------------------------------------------------


def _station(args: argparse.Namespace, values: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The sections of a station: mail in over IMAP, out by the provider, no door of its own."""
    user = args.mail_user or args.address
    resolver = SystemResolver()
    imap = _given(args.imap, 993, {143: "starttls"}) or find_imap(args.address, resolver, ask=fetch)
    out = _given(args.submission, 587, {465: "implicit"}, "verify") or find_submission(
        args.address, resolver, ask=fetch
    )
    for name, found, option in (("IMAP", imap, "--imap"), ("gửi thư", out, "--submission")):
        if found is None:
            raise ConfigurationError(
                f"Không tìm thấy máy chủ {name} của {args.address}; hỏi nhà cung cấp rồi nêu {option} MÁY:CỔNG"
            )
        say(f"Máy chủ {name}: {found.host}:{found.port} ({found.tls})")
    assert imap is not None and out is not None
    return {
        "smtp": {**values.get("smtp", {}), "enabled": False},
        "delivery": {"host": out.host, "port": out.port, "tls": out.tls, "username": user, "password_file": _PASSWORD},
        "imap": {
            "boxes": [
                {
                    "enabled": True, "host": imap.host, "port": imap.port, "tls": imap.tls, "username": user,
                    "password_file": _PASSWORD, "address": args.address, "folder": "INBOX",
                    "done_folder": "Đã vào sổ", "held_folder": "Chờ kiểm tra", "refused_folder": "Từ chối", "sent_folder": "Sent",
                }
            ]
        },
    }  # fmt: skip


def _given(text: str | None, port: int, by_port: dict[int, str], usual: str = "implicit") -> MailServer | None:
    if not text:
        return None
    host, _, number = text.partition(":")
    if number and not (number.isdigit() and 0 < int(number) < 65536):
        raise ConfigurationError(f"Cổng không đúng trong '{text}'")
    chosen = int(number) if number else port
    return MailServer(host, chosen, by_port.get(chosen, usual))


def _password(args: argparse.Namespace) -> str | None:
    if args.mail_password_file:
        try:
            return str(args.mail_password_file.read_text(encoding="utf-8").rstrip("\r\n"))
        except OSError as error:
            raise ConfigurationError(f"Không đọc được {args.mail_password_file}: {error.strerror}") from error
    if sys.stdin.isatty():
        return getpass.getpass(f"Mật khẩu hộp thư {args.address}: ") or None
    return None


def _ask_person(args: argparse.Namespace) -> None:
    """At a terminal, what was not given is asked; elsewhere nothing waits for an answer."""
    if not sys.stdin.isatty() or any((args.agency, args.name, args.address)):
        return
    args.agency = input("Mã định danh của cơ quan (để trống nếu chưa có): ").strip()
    if not args.agency:
        return
    args.name = input("Tên cơ quan: ").strip()
    args.address = input("Hộp thư công vụ: ").strip()
    wanted = input("Đọc hộp thư này qua IMAP, gửi qua nhà cung cấp? (c/k): ").strip().lower()
    args.mailbox = wanted[:1] in ("c", "y")
