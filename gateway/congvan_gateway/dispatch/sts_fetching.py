"""An MTA-STS policy fetched as RFC 8461 3.3 asks: HTTPS with a verified name, no redirects, small, quick; and kept."""

from __future__ import annotations

import re

from sqlalchemy import delete, insert, select

from congvan_core.errors import NotFoundError, TemporaryError
from congvan_core.storage.database import Database
from congvan_gateway.routing.schema import sts_policy
from congvan_mailbox.smtp.mta_sts import KnownPolicy, StsPolicy

_MOST = 64 * 1024  # RFC 8461 3.3
_SECONDS = 60.0
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)


async def fetch_sts(domain: str) -> str:
    """The body of the domain's policy. Raises NotFoundError where there is none, TemporaryError."""
    import asyncio

    import httpx

    if not _DOMAIN.fullmatch(domain):
        raise NotFoundError(f"Miền {domain[:80]} không có chính sách MTA-STS")
    url = f"https://mta-sts.{domain}/.well-known/mta-sts.txt"
    try:
        async with (
            asyncio.timeout(_SECONDS),
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=20) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != 200 or not answer.headers.get("content-type", "").startswith("text/plain"):
                raise NotFoundError(f"{url} trả lời {answer.status_code}")
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _MOST:
                    raise NotFoundError(f"{url} quá dài")
    except (httpx.HTTPError, TimeoutError) as error:
        raise TemporaryError(f"Không tải được {url}: {error or type(error).__name__}") from error
    return body.decode("utf-8", "replace")


class StsShelf:
    """Policies in the database, so that a restart, or another node, demands what was demanded before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, domain: str) -> KnownPolicy | None:
        """What was kept last for the domain, also when its time is over."""
        with self._database.read() as connection:
            row = connection.execute(select(sts_policy).where(sts_policy.c.domain == domain[:253])).one_or_none()
        if row is None:
            return None
        return KnownPolicy(row.policy_id, StsPolicy(row.mode, tuple(row.mx), row.max_age), row.until)

    def keep(self, domain: str, known: KnownPolicy) -> None:
        """In the place of what was kept; of two processes at once the later one's stays."""
        policy = known.policy
        with self._database.write() as connection:
            connection.execute(delete(sts_policy).where(sts_policy.c.domain == domain[:253]))
            connection.execute(
                insert(sts_policy).values(
                    domain=domain[:253], policy_id=known.id, mode=policy.mode, mx=list(policy.mx),
                    max_age=policy.max_age, until=known.until,
                )
            )  # fmt: skip
