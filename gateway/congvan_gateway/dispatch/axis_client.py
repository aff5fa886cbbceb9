"""The interconnection axis over HTTP: the adapter's calls, and what its answer codes mean.

    POST /messages?id=ID&type=edoc|status&from=CODE&to=CODE   body: the packet     -> {"code": "0", "message": "…"}
    GET  /messages                                            what waits for us     -> {"code": "0", "messages": [{"id", "type", "from", "to"}]}
    GET  /messages/ID                                         its packet            -> application/xml
    POST /messages/ID/taken                                   it is safe with us    -> {"code": "0"}
    GET  /messages/ID/state                                   where a sent one is   -> {"code": "0", "state": "waiting|taken"}

Every call carries ``X-System-Id`` and ``X-System-Secret``. The same ID sent twice is one message: a lost answer is asked
again without harm. A provincial axis with other paths is reached through a gateway that speaks these five.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from congvan_core.errors import TemporaryError
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, Refused, Stage, Unknown

#: Octets of an answer that is no packet, and messages looked at in one poll.
MAX_ANSWER = 1_000_000
MAX_MESSAGES = 200

#: The answer codes of a provincial axis.
CODES: dict[str, str] = {
    "0": "thành công",
    "10": "tệp không hợp lệ",
    "15": "sai mã hoặc mật khẩu hệ thống",
    "18": "nơi nhận không có trên trục",
    "19": "nơi gửi chưa đăng ký trên trục",
    "20": "lỗi bên trong của trục",
    "21": "lỗi xử lý tệp",
    "22": "gói edXML sai định dạng",
    "23": "nơi nhận bị khóa",
}
#: Faults of our own account with the axis: not the document's, an operator has to mend them; the document waits.
_ACCOUNT = frozenset({"15", "19"})
#: Called final by the axis; an internal error may pass all the same, and the same ID is never taken twice.
_MAY_PASS = frozenset({"20"})


@dataclass(frozen=True, slots=True)
class AxisMessage:
    """A message that waits for us on the axis; ``sender`` is the system that the axis itself has authenticated."""

    id: str
    kind: str
    sender: str
    receiver: str


def outcome_of(code: str, text: str, host: str) -> Outcome:
    """What an answer code means for the document. An unknown code is temporary: in doubt, wait."""
    told = f"[{code}] {CODES.get(code, text or 'mã trả lời lạ')}"
    if code == "0":
        return Accepted(stage=Stage.FINAL, text=told, host=host)
    if code in _ACCOUNT:
        return Deferred(stage=Stage.AUTH, text=told, host=host, operator=True)
    if code in _MAY_PASS or code not in CODES:
        return Deferred(stage=Stage.FINAL, code=451, text=told, host=host)
    return Refused(stage=Stage.FINAL, code=550, text=told, host=host)


class AxisClient:
    """One account on one axis. ``transport`` lets tests stand in for the network."""

    def __init__(
        self,
        url: str,
        system_id: str,
        secret: str,
        *,
        seconds: float = 60.0,
        ca_file: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        import ssl

        verify: Any = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self.host = httpx.URL(url).host
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"X-System-Id": system_id, "X-System-Secret": secret},
            timeout=httpx.Timeout(seconds, connect=min(seconds, 15.0)),
            follow_redirects=False,  # credentials go to the configured host only
            trust_env=False,
            verify=verify,
            transport=transport,
        )

    async def send(self, message_id: str, kind: str, sender: str, receiver: str, data: bytes) -> Outcome:
        """Hand over one packet. Never raises for anything that the network or the axis does."""
        params = {"id": message_id, "type": kind, "from": sender, "to": receiver}
        try:
            code, answer = await self._read("POST", "/messages", params=params, content=data)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Deferred(stage=Stage.CONNECT, text=_words(error), host=self.host)
        except (httpx.WriteError, httpx.WriteTimeout) as error:
            return Deferred(stage=Stage.BODY, text=_words(error), host=self.host)
        except httpx.HTTPError as error:
            # The packet left and no answer came: the axis may have it.
            return Unknown(stage=Stage.FINAL, text=_words(error), host=self.host)
        if code in (401, 403):
            return Deferred(stage=Stage.AUTH, code=None, text=f"HTTP {code}", host=self.host, operator=True)
        if code == 413:
            return Refused(stage=Stage.FINAL, code=552, text="HTTP 413: gói quá lớn cho trục", host=self.host)
        if code != 200:
            return Deferred(stage=Stage.FINAL, code=None, text=f"HTTP {code}", host=self.host, operator=code < 500)
        body = _object(answer)
        if body is None:
            return Unknown(stage=Stage.FINAL, text="câu trả lời của trục không đọc được", host=self.host)
        return outcome_of(str(body.get("code", "")), str(body.get("message", ""))[:300], self.host)

    async def waiting(self) -> list[AxisMessage]:
        """What waits for us. Raises TemporaryError."""
        body = await self._ask("GET", "/messages")
        out = []
        for item in list(body.get("messages") or ())[:MAX_MESSAGES]:
            if isinstance(item, Mapping) and item.get("id"):
                out.append(AxisMessage(*(str(item.get(key, ""))[:200] for key in ("id", "type", "from", "to"))))
        return out

    async def fetch(self, message_id: str, limit: int) -> bytes:
        """The packet of a waiting message. Raises TemporaryError."""
        try:
            code, answer = await self._read("GET", f"/messages/{quote(message_id, safe='')}", limit=limit)
        except httpx.HTTPError as error:
            raise TemporaryError(f"Trục {self.host}: {_words(error)}") from error
        if code != 200:
            raise TemporaryError(f"Trục {self.host}: HTTP {code}")
        return answer

    async def taken(self, message_id: str) -> None:
        """Tell the axis that the message is durable with us. Raises TemporaryError."""
        await self._ask("POST", f"/messages/{quote(message_id, safe='')}/taken")

    async def state(self, message_id: str) -> str:
        """Where a sent message is: ``waiting``, ``taken`` or what the axis says. Raises TemporaryError."""
        return str((await self._ask("GET", f"/messages/{quote(message_id, safe='')}/state")).get("state", ""))[:40]

    async def close(self) -> None:
        await self._http.aclose()

    async def _ask(self, method: str, path: str) -> Mapping[str, Any]:
        try:
            code, answer = await self._read(method, path)
        except httpx.HTTPError as error:
            raise TemporaryError(f"Trục {self.host}: {_words(error)}") from error
        body = _object(answer) if code == 200 else None
        if body is None or str(body.get("code")) != "0":
            told = f"[{body.get('code')}] {CODES.get(str(body.get('code')), '')}" if body else f"HTTP {code}"
            raise TemporaryError(f"Trục {self.host}: {told}")
        return body

    async def _read(self, method: str, path: str, *, limit: int = MAX_ANSWER, **request: Any) -> tuple[int, bytes]:
        """Status and body, never more than ``limit`` octets of it."""
        async with self._http.stream(method, path, **request) as answer:
            out = bytearray()
            async for chunk in answer.aiter_bytes():
                out += chunk
                if len(out) > limit:
                    raise httpx.ReadError(f"answer longer than {limit} octets")
            return answer.status_code, bytes(out)


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")[:300]
