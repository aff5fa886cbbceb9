"""`congvan backup`: create, verify (by restoring) and restore backups."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from congvan_gateway.commands.console_io import add_config, add_output, open_app, print_json, say, warn

if TYPE_CHECKING:
    from congvan_gateway.operations.backing_up import Restored


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    create = acts.add_parser("create", help="sao lưu trong khi hệ thống đang chạy")
    create.add_argument("folder", metavar="THƯ-MỤC", type=Path, help="thư mục mới của bản sao lưu")
    create.add_argument("--with-keys", action="store_true", help="sao lưu cả khóa của cổng văn bản")
    create.add_argument(
        "--previous", metavar="THƯ-MỤC", type=Path, help="bản sao lưu trước, để không chép lại tệp đã có"
    )
    add_config(create)
    add_output(create)
    verify = acts.add_parser("verify", help="thử phục hồi vào chỗ tạm và đối chiếu")
    verify.add_argument("folder", metavar="THƯ-MỤC", type=Path)
    add_output(verify)
    restore = acts.add_parser("restore", help="phục hồi vào thư mục trống")
    restore.add_argument("folder", metavar="THƯ-MỤC", type=Path)
    restore.add_argument("target", metavar="ĐÍCH", type=Path, help="thư mục dữ liệu mới, trống hoặc chưa có")
    restore.add_argument("--database", metavar="URL", help="cơ sở dữ liệu đích, trống (mặc định: SQLite trong ĐÍCH)")
    add_output(restore)


def run(args: argparse.Namespace) -> int:
    if args.act == "create":
        return _create(args)
    from congvan_core.ids import now
    from congvan_gateway.operations.backing_up import restore_backup, verify_backup

    if args.act == "verify":
        done = verify_backup(args.folder, now=now())
        return _tell(args, done, f"Bản sao lưu {args.folder} phục hồi được")
    done = restore_backup(args.folder, args.target, now=now(), database_url=args.database)
    return _tell(args, done, f"Đã phục hồi vào {args.target}")


def _create(args: argparse.Namespace) -> int:
    from congvan_gateway.operations.backing_up import create_backup

    app = open_app(args)
    try:
        manifest = create_backup(app, args.folder, with_keys=args.with_keys, previous=args.previous)
    finally:
        app.close()
    rows = sum(manifest.tables.values())
    if args.json:
        print_json({"folder": str(args.folder), "rows": rows, "blobs": manifest.blobs, "missing": manifest.missing})
    else:
        say(f"Đã sao lưu vào {args.folder}: {rows} dòng, {manifest.blobs} tệp nội dung ({manifest.bytes} byte).")
        say(f"Kiểm tra bằng cách phục hồi thử: congvan backup verify {args.folder}")
    for digest in manifest.missing:
        warn(f"Lưu ý: không có nội dung {digest} trong kho tệp")
    return 0


def _tell(args: argparse.Namespace, done: Restored, sentence: str) -> int:
    if args.json:
        print_json(done.to_json())
    elif done.faults:
        for fault in done.faults[:20]:
            say(f"SAI: {fault}")
    else:
        rows = sum(done.manifest.tables.values())
        say(
            f"{sentence}: {rows} dòng, {done.manifest.blobs} tệp nội dung, nhật ký nguyên vẹn; sao lưu lúc {done.manifest.made_at}."
        )
    for note in done.notes:
        warn(f"Lưu ý: {note}")
    return 1 if done.faults else 0
