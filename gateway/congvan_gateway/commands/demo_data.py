"""`congvan demo-data`: a realistic city to any size, in a data folder of its own, never mixed with real data."""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path

from congvan_gateway.commands.console_io import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="THƯ-MỤC", type=Path, help="thư mục dữ liệu mới")
    parser.add_argument("--documents", type=int, default=2000, metavar="N", help="số văn bản (mặc định 2000)")
    parser.add_argument("--seed", type=int, default=1, metavar="SỐ", help="cùng số thì cùng dữ liệu")
    parser.add_argument("--until", metavar="NGÀY", help="ngày cuối của dữ liệu, YYYY-MM-DD (mặc định hôm nay)")
    parser.add_argument("--database", metavar="URL", help="postgresql://… trống (mặc định: SQLite trong thư mục)")
    parser.add_argument("--no-mail", action="store_true", help="không tạo thư chờ kiểm tra")


def run(args: argparse.Namespace) -> int:
    from congvan_core.errors import ConfigurationError, InputError
    from congvan_core.ids import VIETNAM, now
    from congvan_gateway.demonstration.filling import fill, is_demonstration, require_empty
    from congvan_gateway.demonstration.morning import people, waiting_mail
    from congvan_gateway.main import open_app
    from congvan_gateway.settings import commented, load

    if not 1 <= args.documents <= 2_000_000:
        raise InputError("Số văn bản phải từ 1 đến 2000000")
    try:
        until = date.fromisoformat(args.until) if args.until else now().astimezone(VIETNAM).date()
    except ValueError:
        raise InputError("--until phải có dạng 2026-11-22") from None
    folder: Path = args.folder
    config = folder / "congvan.toml"
    if config.exists():
        app = open_app(load(config))
        try:
            with app.database.read() as connection:
                there = is_demonstration(connection)
                if not there:
                    require_empty(connection)
        finally:
            app.close()
        raise ConfigurationError(f"{config} đã có; hãy chọn thư mục mới cho dữ liệu trình diễn")
    values: dict[str, dict[str, object]] = {"console": {"enabled": True}, "smtp": {"enabled": False}}
    if args.database:
        values["storage"] = {"database": args.database}
    try:
        for name in ("var", "trust", "keys"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        config.write_text(commented(values), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"Không ghi được {folder}: {error.strerror}") from error
    started = time.monotonic()
    app = open_app(load(config))
    try:
        done = fill(app, documents=args.documents, seed=args.seed, until=until, tell=lambda text: say(f"  {text}"))
        password = people(app)
        held = 0 if args.no_mail else waiting_mail(app, folder)
        say(
            f"Đã tạo {done.documents} văn bản ({done.bytes / 1e6:.0f} MB), {done.agencies} cơ quan, {held} thư chờ kiểm tra "
            f"trong {time.monotonic() - started:.0f} giây. Mọi địa chỉ thư kết thúc bằng .test: không gửi đi đâu được."
        )
    finally:
        app.close()
    say(
        f"Trang làm việc: congvan serve --config {config}; tài khoản vanthu, lanhdao, quantri, giamsat; mật khẩu: {password}"
    )
    return 0
