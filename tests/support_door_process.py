"""A door in a process of its own, to be killed: ``python support_door_process.py FOLDER STORE`` prints its port."""

from __future__ import annotations

import asyncio
import sys

from congvan_gateway.intake.filestore import FileStore
from congvan_gateway.intake.journal import JournalStore
from congvan_gateway.intake.recovery import recover
from congvan_mailbox.smtp.door import DoorServer, Endpoint
from congvan_mailbox.smtp.handler import ACCEPTED, Decision, SessionFacts
from congvan_mailbox.smtp.policy import DoorPolicy


class Everybody:
    """Takes all mail."""

    async def rcpt(self, address: str, session: SessionFacts) -> Decision:
        return ACCEPTED

    async def authenticate(self, user: str, password: str, session: SessionFacts) -> bool:
        return False


async def main(folder: str, kind: str) -> None:
    recover(folder)
    store = FileStore(folder) if kind == "files" else JournalStore(folder, rotate=200_000)
    server = DoorServer(Everybody(), store, DoorPolicy(max_connections=0), [Endpoint()])
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
