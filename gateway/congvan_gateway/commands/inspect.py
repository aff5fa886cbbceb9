"""`congvan inspect`: judge mails, touching nothing; no configuration, no database, no network."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from congvan_gateway.judgement.inspection import Context

#: For each mail; the first one's time counts from the start of the program, so that the answer is there in 20 s.
_SECONDS = 17.0
_WHOLE = 18.5
_MEMORY_MB = 880
#: Several mails: the worst answer is the exit code.
_WORST = (4, 1, 3, 0)
_EXIT = {"accept": 0, "ignore": 0, "refuse": 1, "quarantine": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("messages", metavar="THƯ.eml", nargs="+")
    parser.add_argument(
        "--trust", action="append", default=[], metavar="PATH", help="chứng thư gốc, cấp trên, CRL hoặc thư mục"
    )
    parser.add_argument("--online", action="store_true", help="được hỏi OCSP/CRL qua mạng")
    parser.add_argument("--offline", action="store_true", help="không dùng mạng (mặc định)")
    parser.add_argument("--json", action="store_true", help="in JSON, mỗi thư một dòng")
    parser.add_argument("--lang", choices=("vi", "en"), default="vi")


def run(args: argparse.Namespace) -> int:
    from congvan_core.errors import ConfigurationError
    from congvan_core.sandbox import Sandbox
    from congvan_gateway.judgement.inspection import Context

    for path in args.messages:
        if not os.path.isfile(path) or not os.access(path, os.R_OK):
            print(f"Không mở được tệp: {path}", file=sys.stderr)
            return 2
    for path in args.trust:
        if not os.path.exists(path):
            raise ConfigurationError(f"Không có tệp hoặc thư mục chứng thư: {path}")
    online = args.online and not args.offline
    context = Context(trust=tuple(map(os.path.abspath, args.trust)), online=online, seconds=_SECONDS - 1)
    # No thread runs here yet, so that forking is safe and quick.
    sandbox = Sandbox(workers=1, seconds=_SECONDS, memory_mb=_MEMORY_MB, method="fork")
    codes: list[int] = []
    try:
        for number, path in enumerate(args.messages):
            sandbox.seconds = min(_SECONDS, _WHOLE - _age()) if number == 0 else _SECONDS
            report, code = _one(sandbox, os.path.abspath(path), context, args.lang)
            codes.append(code)
            print(
                json.dumps(report, ensure_ascii=False) if args.json else "\n".join(_summary(path, report)), flush=True
            )
    finally:
        sandbox.close()
    return next((c for c in _WORST if c in codes), 0)


def _age() -> float:
    """Seconds since this process began; 1 where the system does not tell."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        began = ticks / os.sysconf("SC_CLK_TCK")
        return min(10.0, max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - began))
    except (OSError, ValueError, IndexError, AttributeError):
        return 1.0


def judge_file(path: str, context: Context, lang: str) -> tuple[dict[str, Any], int]:
    """The public report of one mail and its exit code; runs in the worker."""
    from congvan_core.findings import Finding
    from congvan_gateway.judgement.inspection import inspect_path
    from congvan_gateway.judgement.policy import Policy, decide

    seen = inspect_path(path, context)
    if seen.kind in ("package", "document"):
        seen.findings.append(Finding("ORIGIN-NOT-CHECKED"))
        if seen.from_count > 1 or len(seen.from_addresses) > 1:
            count = max(seen.from_count, len(seen.from_addresses))
            seen.findings.append(Finding("ORIGIN-FROM-MULTIPLE", {"count": count}))
    decision = decide(Policy(), seen.findings, kind=seen.kind)
    out = seen.to_json(lang)
    findings = out.pop("findings")
    out["decision"] = decision.recommended
    out["findings"] = findings
    return out, 4 if seen.kind == "unreadable" else _EXIT[decision.recommended]


def _one(sandbox: Any, path: str, context: Context, lang: str) -> tuple[dict[str, Any], int]:
    from congvan_core.sandbox import SandboxError

    try:
        result: tuple[dict[str, Any], int] = sandbox.run(judge_file, path, context, lang)
        return result
    except SandboxError as error:
        return _unfinished(error.reason, lang), 4
    except Exception as error:
        return _unfinished(type(error).__name__, lang), 4


def _unfinished(reason: str, lang: str) -> dict[str, Any]:
    """The honest answer where the mail could not be examined within its limits."""
    from congvan_core.findings import Finding
    from congvan_gateway.judgement.model import Inspection

    out = Inspection().to_json(lang)
    out["decision"] = "quarantine"
    out["findings"] = [Finding("MIME-NOT-COMPLETED", {"reason": reason}).to_json(lang)]
    return out


def _summary(path: str, report: dict[str, Any]) -> Sequence[str]:
    lines = [f"{path}: {report['kind']}, đề nghị: {report['decision']}"]
    lines.append(f"  Từ: {report['from'] or '?'}; chủ đề: {report['subject']}")
    meta = report["metadata"]
    if meta and meta.get("number"):
        lines.append(f"  Văn bản {meta['number']}/{meta['symbol']} ngày {meta['date']}: {meta['subject']}")
    lines.extend(f"  Tệp {v['attachment']}: {v['outcome']}" for v in report["verification"])
    marks = {"error": "✗", "warning": "!", "info": "·"}
    lines.extend(f"  {marks[f['severity']]} {f['message']}" for f in report["findings"])
    return lines
