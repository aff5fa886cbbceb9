"""`congvan doctor`: checks configuration, DNS, TLS, mailboxes, keys, trust, clock, disk, and says how to mend."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from congvan_gateway.commands.console_io import add_config, add_output, open_app, print_json, say

if TYPE_CHECKING:
    from congvan_gateway.main import App
    from congvan_gateway.operations.doctor import Check

_SIGNS = {"ok": "[được]", "warning": "[lưu ý]", "fault": "[lỗi]"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="không hỏi máy chủ nào")
    parser.add_argument("--probe", action="store_true", help="gửi một thư thử từ mỗi hộp thư tới chính nó")
    parser.add_argument(
        "--adopt-mailbox", metavar="HỘP-THƯ", help="tiếp quản hộp thư từ bản cài đặt khác (bản kia phải dừng trước)"
    )
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_core.errors import ConfigurationError
    from congvan_gateway.operations.doctor import fault

    try:
        app = open_app(args)
    except ConfigurationError as error:
        return _tell(args, [fault("configuration", error.message, "sửa congvan.toml theo dòng trên")])
    try:
        if args.adopt_mailbox:
            from congvan_gateway.operations.mailbox_adoption import adopt

            count = asyncio.run(adopt(app, args.adopt_mailbox))
            say(
                f"Đã tiếp quản hộp thư {args.adopt_mailbox}: gỡ dấu của bản khác trên {count} thư; thư mới từ nay do bản này đọc"
            )
            return 0
        return _tell(args, asyncio.run(_checks(app, args)))
    finally:
        app.close()


async def _checks(app: App, args: argparse.Namespace) -> list[Check]:
    from congvan_gateway.operations import doctor, doctor_mail
    from congvan_mailbox.authentication.names import SystemResolver

    out = [doctor.ok("configuration", f"Cấu hình đọc được ({app.settings.base})")]
    out += await asyncio.to_thread(lambda: list(doctor.local_checks(app)))
    out += list(doctor_mail.tls_checks(app))
    if args.offline:
        return out
    out += await asyncio.to_thread(lambda: list(doctor_mail.dns_checks(app, SystemResolver())))
    out.append(await doctor_mail.delivery_check(app))
    out += await doctor_mail.link_checks(app)
    out += await asyncio.to_thread(lambda: list(doctor_mail.limit_checks(app)))
    async for check in doctor_mail.mailbox_checks(app, probe=args.probe):
        out.append(check)
    return out


def _tell(args: argparse.Namespace, checks: list[Check]) -> int:
    faults = any(c.state == "fault" for c in checks)
    if args.json:
        print_json({"fit": not faults, "checks": [c.to_json() for c in checks]})
        return 1 if faults else 0
    for check in checks:
        say(f"{_SIGNS[check.state]} {check.text}")
        if check.mend:
            say(f"        Cách sửa: {check.mend}")
    say("Có lỗi phải sửa trước khi chạy." if faults else "Sẵn sàng.")
    return 1 if faults else 0
