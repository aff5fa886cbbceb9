"""`congvan bridge`: the signer's own machine signs what the desk's page shows, with its token or key file."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from congvan_core.errors import InputError
from congvan_gateway.commands.console_io import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pkcs11", metavar="THƯ-VIỆN", help="thư viện PKCS#11 của token (đường dẫn đầy đủ)")
    where.add_argument("--p12", type=Path, metavar="TỆP", help="tệp khóa PKCS#12")
    parser.add_argument("--token", metavar="NHÃN", help="nhãn của token, nếu cắm nhiều token")
    parser.add_argument("--origin", action="append", default=[], required=True, metavar="ĐỊA-CHỈ",
                        help="địa chỉ trang làm việc được phép gọi, ví dụ https://vanban.example.vn")  # fmt: skip
    parser.add_argument("--port", type=int, default=8489, metavar="CỔNG")
    parser.add_argument(
        "--no-confirm", action="store_true", help="không hỏi lại từng văn bản (ký nhiều văn bản một lượt)"
    )


def run(args: argparse.Namespace) -> int:
    from congvan_core.signatures.sign_keys import common_name, load_pkcs12
    from congvan_core.signatures.tokens import open_token
    from congvan_gateway.drafting.bridge import Request, serve_bridge

    if not 0 < args.port < 65536:
        raise InputError("Cổng phải từ 1 đến 65535.")
    secret = getpass.getpass("Mã PIN hoặc mật khẩu khóa (chỉ thử một lần): ")
    key = open_token(args.pkcs11, args.token, secret or None) if args.pkcs11 else load_pkcs12(args.p12, secret)

    def confirm(wanted: Request) -> bool:
        say(f"\n{wanted.origin} xin ký ({wanted.verb}): {wanted.file_name} {wanted.number}")
        say(f"Mã băm của văn bản: {wanted.document_digest}")
        return args.no_confirm or input("Ký? [c/K] ").strip().lower() in ("c", "có", "y")

    server = serve_bridge(key, args.origin, confirm, port=args.port)
    say(f"Chứng thư số: {common_name(key.certificate)}. Sẵn sàng tại http://127.0.0.1:{args.port}; dừng bằng Ctrl-C.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
        close = getattr(key, "close", None)
        if close is not None:
            close()
    return 0
