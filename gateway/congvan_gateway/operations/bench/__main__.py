"""``make bench``: every goal measured beside its peer in this run, printed as one table.

python -m congvan_gateway.operations.bench [--quick] [--only receiving,mime] [--rounds N] [--postgresql URL]
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from congvan_gateway.operations.bench.table import Row, Setting, render, sync_rate

PARTS = (
    "receiving", "sending", "verifying", "signing", "mime", "imap", "registering", "whole_path", "stages", "memory", "fan_out", "growth", "pages",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for; 0 unless a measurement broke."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds and smaller loads")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--postgresql", help="URL of an empty database; a private server is started without it")
    parser.add_argument("--folder", default=".", help="a folder on the disk that is to be measured")
    given = parser.parse_args(arguments)
    logging.getLogger().setLevel(logging.ERROR)
    rows: list[Row] = []
    broken = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.folder) as name:
        os.chmod(name, 0o755)  # noqa: S103  the peers run as users of their own
        folder = Path(name).resolve()
        setting = Setting(given.rounds or (3 if given.quick else 5), folder, given.quick, given.postgresql)
        rows.append(Row("disk", "append 512 B and fdatasync, one writer", "", f"{sync_rate(folder):.0f}/s"))
        for part in given.only.split(","):
            begun = time.monotonic()
            try:
                module = importlib.import_module(f"congvan_gateway.operations.bench.{part}")
                rows.extend(module.measure(setting))
            except Exception as error:
                broken += 1
                rows.append(Row(part, "", "", f"broken: {type(error).__name__}: {error}"[:200]))
            sys.stderr.write(f"{part}: {time.monotonic() - begun:.0f} s\n")
    sys.stdout.write(render(rows))
    sys.stdout.write(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; "
                     f"{time.monotonic() - started:.0f} s in all\n")  # fmt: skip
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
