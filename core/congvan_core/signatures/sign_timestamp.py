"""Time-stamp clients (RFC 3161): over HTTP for production, and whatever pyHanko accepts as TimeStamper in tests.

The official service answers within 2 to 131 seconds: long patience, one request, no retry here (the caller's queue
retries).
"""

from __future__ import annotations

from typing import Any

from asn1crypto import tsp
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError

__all__ = ["HttpTimeStamper", "TimeStamper"]

MAX_ANSWER = 1 << 20


class HttpTimeStamper(TimeStamper):
    """Asks ``url`` for tokens. ``timeout`` in seconds; ``auth`` is (user, password) for basic authentication.

    Raises TimestampRequestError (a TemporaryError at the functions of this package) where no token comes back.
    """

    def __init__(self, url: str, *, timeout: float = 180.0, auth: tuple[str, str] | None = None) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self.url = url
        self._timeout = timeout
        self._auth = auth

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        import httpx

        limits = httpx.Timeout(self._timeout, connect=min(20.0, self._timeout))
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        answer = bytearray()
        try:
            # no proxies and redirects from the environment: the address is the administrator's, exactly
            async with (
                httpx.AsyncClient(timeout=limits, trust_env=False, follow_redirects=False, auth=self._auth) as client,
                client.stream("POST", self.url, content=req.dump(), headers=headers) as response,
            ):
                if response.status_code != 200:
                    raise TimestampRequestError(f"{self.url}: HTTP {response.status_code}")
                async for part in response.aiter_bytes():
                    answer += part
                    if len(answer) > MAX_ANSWER:
                        raise TimestampRequestError(f"{self.url}: answer larger than {MAX_ANSWER} bytes")
        except httpx.HTTPError as e:
            raise TimestampRequestError(f"{self.url}: {type(e).__name__} {e}") from e
        try:
            parsed: Any = tsp.TimeStampResp.load(bytes(answer), strict=True)
            _ = parsed["status"]["status"].native
        except (ValueError, TypeError, KeyError) as e:
            raise TimestampRequestError(f"{self.url}: not a time-stamp answer") from e
        return parsed
