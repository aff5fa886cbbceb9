"""``congvan verify``: judge files on the command line, in a limited child process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from congvan_core.signatures.limited import LimitedVerifier

#: Several files: the worst answer is the exit code.
_WORST = (4, 1, 3, 0)
_OUTCOME = {
    "valid": "HỢP LỆ",
    "invalid": "KHÔNG HỢP LỆ",
    "indeterminate": "CHƯA KẾT LUẬN",
    "unsigned": "KHÔNG CÓ CHỮ KÝ",
}
_INTEGRITY = {
    "intact": "nguyên vẹn",
    "modified": "đã bị thay đổi sau khi ký",
    "broken": "chữ ký không khớp",
    "unsigned": "không có chữ ký",
    "unreadable": "không đọc được",
}
_TRUST = {
    "trusted": "tin cậy",
    "undecided": "chưa đủ căn cứ",
    "untrusted": "không tin cậy",
    "revoked": "đã bị thu hồi",
    "none": "không có",
}
_KIND = {"person": "người có thẩm quyền", "organization": "cơ quan, tổ chức", "unknown": "chưa rõ loại"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``congvan verify``."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="tệp cần kiểm tra")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="PATH", help="chứng thư gốc, cấp trên, CRL hoặc thư mục"
    )
    parser.add_argument("--signature", metavar="P7S", help="tệp chữ ký rời (.p7s)")
    parser.add_argument("--at", metavar="TIME", help="thời điểm kiểm tra (ISO 8601)")
    parser.add_argument("--online", action="store_true", help="được hỏi OCSP/CRL qua mạng")
    parser.add_argument("--offline", action="store_true", help="không dùng mạng (mặc định)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="HOST[:PORT]", help="máy chủ được hỏi khi --online"
    )
    parser.add_argument("--json", action="store_true", help="in JSON, mỗi tệp một dòng")
    parser.add_argument("--lang", choices=("vi", "en"), default="vi")


def run(args: argparse.Namespace) -> int:
    """The command with parsed arguments; prints, returns the exit code (0, 1, 2, 3 or 4)."""
    return verify_command(
        args.files,
        trust=args.trust,
        signature=args.signature,
        at=args.at,
        online=args.online and not args.offline,
        as_json=args.json,
        lang=args.lang,
        allow_hosts=args.allow_host,
    )


def verify_command(
    files: Sequence[str],
    *,
    trust: Sequence[str] = (),
    signature: str | None = None,
    at: str | datetime | None = None,
    online: bool = False,
    as_json: bool = False,
    lang: str = "vi",
    allow_hosts: Sequence[str] = (),
    verifier: LimitedVerifier | None = None,
) -> int:
    """Verify each file and print its report; the worst code wins: 4, 1, 3, 0."""
    from congvan_core.errors import CongvanError
    from congvan_core.signatures.limited import Job, LimitedVerifier

    moment = _moment(at)
    if at is not None and moment is None:
        print(f"Thời điểm không hợp lệ: {at} (dùng dạng 2026-11-22T08:00:00+07:00)", file=sys.stderr)
        return 2
    if signature is not None and len(files) != 1:
        print("--signature chỉ dùng với một tệp.", file=sys.stderr)
        return 2
    for path in [*files, *([signature] if signature else [])]:
        if not os.path.isfile(path) or not os.access(path, os.R_OK):
            print(f"Không mở được tệp: {path}", file=sys.stderr)
            return 2
    codes: list[int] = []
    own = verifier is None
    verifier = verifier or LimitedVerifier(workers=1, preload=False)
    try:
        for path in files:
            job = Job(
                path=os.path.abspath(path),
                name=os.path.basename(path),
                trust=tuple(os.path.abspath(p) for p in trust),
                signature=os.path.abspath(signature) if signature else None,
                at=moment,
                online=online,
                allow_hosts=tuple(allow_hosts),
                lang=lang,
            )
            report, code = verifier.verify(job)
            codes.append(code)
            print(json.dumps(report, ensure_ascii=False) if as_json else "\n".join(summary(report, lang)), flush=True)
    except (CongvanError, OSError) as error:
        print(str(error), file=sys.stderr)
        return 2
    finally:
        if own:
            verifier.close()
    return next((c for c in _WORST if c in codes), 0)


def _moment(at: str | datetime | None) -> datetime | None:
    if at is None or isinstance(at, datetime):
        return at
    from congvan_core.ids import VIETNAM

    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def summary(report: dict[str, Any], lang: str = "vi") -> list[str]:
    """A report in a few lines for a person."""
    if lang == "en":
        lines = [f"{report['file']}: {report['outcome'].upper()}"]
        lines.append(f"  integrity: {report['integrity']}; trust: {report['trust']}; format: {report['format']}")
    else:
        lines = [f"{report['file']}: {_OUTCOME[report['outcome']]}"]
        lines.append(f"  Toàn vẹn: {_INTEGRITY[report['integrity']]}; tin cậy: {_TRUST[report['trust']]}")
    for one in report["signatures"]:
        signer = one["signer"]
        who = f"{signer['name']} ({signer['organization']})" if signer["organization"] else signer["name"]
        when = one["timestamp"]["time"] if one["timestamp"] else one["claimed_time"]
        if lang == "en":
            lines.append(f"  {one['field']}: {who}; {one['kind']}; {one['outcome']}; {when}")
        else:
            answer = _OUTCOME[one["outcome"]].lower()
            lines.append(f"  {one['field']}: {who}; {_KIND[one['kind']]}; {answer}; {when or 'không rõ giờ ký'}")
    for finding in report["findings"]:
        mark = {"error": "✗", "warning": "!", "info": "·"}[finding["severity"]]
        lines.append(f"  {mark} {finding['message']}")
    return lines
