"""An MTA-STS policy fetched as RFC 8461 3.3 asks: HTTPS with a verified name, no redirects, small, quick."""

from __future__ import annotations

import re

from congvan_core.errors import NotFoundError, TemporaryError

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
