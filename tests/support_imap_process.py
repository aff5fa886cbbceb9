"""Reads one mailbox until it is killed: ``python -m support_imap_process FOLDER PORT ADDRESS DONE_FOLDER``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from congvan_gateway.intake.imap_role import start_readers
from congvan_gateway.main import open_app
from congvan_gateway.settings import Imap, Settings, Verification


async def read(folder: Path, port: int, address: str, done: str) -> None:
    """The readers at work; only a signal ends them."""
    box = Imap(
        enabled=True, host="127.0.0.1", port=port, tls="none", username=address, password_file="pass", address=address,
        done_folder=done, sent_folder=None, poll_seconds=20.0,
    )  # fmt: skip
    app = open_app(Settings(imap=[box], verification=Verification(workers=0), base=folder))
    await start_readers(app, asyncio.Event())
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(read(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
