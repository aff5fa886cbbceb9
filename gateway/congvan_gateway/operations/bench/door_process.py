"""The door and its journal alone, as a process of its own: ``python -m … FOLDER PORT``; what is measured as receiving."""

from __future__ import annotations

import asyncio
import sys

from congvan_gateway.intake.journal import JournalStore
from congvan_mailbox.smtp.door import DoorServer, Endpoint
from congvan_mailbox.smtp.handler import ACCEPTED, Decision, SessionFacts
from congvan_mailbox.smtp.policy import DoorPolicy


class AcceptsAll:
    """Every mailbox is ours."""

    async def rcpt(self, address: str, session: SessionFacts) -> Decision:
        return ACCEPTED

    async def authenticate(self, user: str, password: str, session: SessionFacts) -> bool:
        return False


async def _serve(folder: str, port: int) -> None:
    policy = DoorPolicy(hostname="bench.test", max_connections=500, max_connections_per_ip=500, mails_per_minute=0)
    endpoint = Endpoint("127.0.0.1", port, reuse_port=True)
    store = JournalStore(folder)
    server = DoorServer(AcceptsAll(), store, policy, [endpoint])
    await server.start()
    await asyncio.Event().wait()


def main() -> None:
    import uvloop

    uvloop.run(_serve(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
