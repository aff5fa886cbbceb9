"""`congvan init`: a new data folder with a commented congvan.toml, a gateway key, and the agency in the directory."""

from __future__ import annotations

import argparse
from pathlib import Path

from congvan_core.errors import ConfigurationError, os_reason
from congvan_core.ids import now
from congvan_gateway.commands.console_io import say
from congvan_gateway.main import open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.operations.gateway_key import make_gateway_key
from congvan_gateway.settings import commented, load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="THƯ-MỤC", type=Path)
    parser.add_argument("--agency", metavar="MÃ", help="mã định danh của cơ quan")
    parser.add_argument("--name", metavar="TÊN", help="tên cơ quan")
    parser.add_argument("--address", metavar="HỘP-THƯ", help="hộp thư công vụ")
    parser.add_argument("--database", metavar="URL", help="postgresql://… (mặc định: SQLite trong thư mục)")


def run(args: argparse.Namespace) -> int:
    given = [value for value in (args.agency, args.name, args.address) if value]
    if given and len(given) != 3:
        raise ConfigurationError("Hãy nêu đủ --agency, --name và --address")
    folder: Path = args.folder
    config = folder / "congvan.toml"
    if config.exists():
        raise ConfigurationError(f"{config} đã có; không ghi đè dữ liệu đang dùng")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("var", "trust", "keys"):
            (folder / name).mkdir(exist_ok=True, mode=0o700)
        values: dict[str, dict[str, object]] = {}
        if args.database:
            values["storage"] = {"database": args.database}
        if given:
            values["keys"] = {"gateway": "keys/gateway.p12", "password_file": "keys/gateway.pass"}
            values["smtp"] = {"hostname": args.address.rpartition("@")[2] or "localhost"}
        config.write_text(commented(values), encoding="utf-8")
        config.chmod(0o600)
        app = open_app(load(config))
        try:
            if given:
                found_agency(app, code=args.agency, name=args.name, address=args.address)
                _, certificate = make_gateway_key(
                    folder / "keys", agency_name=args.name, address=args.address, at=now()
                )
                found_agency(
                    app, code=args.agency, name=args.name, address=args.address, certificate=certificate
                )
        finally:
            app.close()
    except OSError as error:
        raise ConfigurationError(f"Không ghi được {folder}: {os_reason(error)}") from error
    say(f"Đã tạo {config}")
    if given:
        say(f"Khóa của cổng văn bản: {folder / 'keys/gateway.p12'}; gửi {folder / 'keys/gateway.pem'} cho các cơ quan bạn")
    say("Bước tiếp theo: xem lại cấu hình, chép chứng thư gốc vào thư mục trust, chạy: congvan doctor, rồi congvan serve")
    return 0
