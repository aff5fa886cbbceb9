"""A simulator of the interconnection axis on loopback: it answers with the codes of a provincial one, and can be ill."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType

from aiohttp import web


@dataclass
class Waiting:
    """One message on the axis."""

    id: str
    kind: str
    sender: str
    receiver: str
    data: bytes
    taken: bool = False


@dataclass
class AxisSimulator:
    """``code`` is the answer to the next sendings; ``ill`` is how the simulator fails:

    ``slow`` never answers, ``cut`` takes the message and drops the line, ``broken`` says HTTP 503, ``garbage`` answers
    no JSON, ``away`` refuses before it reads.
    """

    systems: dict[str, str] = field(default_factory=lambda: {"H24.90": "mat-khau-a", "H24.91.07": "mat-khau-b"})
    messages: dict[str, Waiting] = field(default_factory=dict)
    code: str = "0"
    ill: str = ""
    posts: int = 0
    port: int = 0

    async def __aenter__(self) -> AxisSimulator:
        app = web.Application(client_max_size=200_000_000)
        app.router.add_post("/messages", self._post)
        app.router.add_get("/messages", self._list)
        app.router.add_get("/messages/{id}", self._get)
        app.router.add_post("/messages/{id}/taken", self._taken)
        app.router.add_get("/messages/{id}/state", self._state)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _known(self, request: web.Request) -> bool:
        return self.systems.get(request.headers.get("X-System-Id", "")) == request.headers.get("X-System-Secret")

    @staticmethod
    def _say(code: str, **more: object) -> web.Response:
        return web.json_response({"code": code, "message": "", **more})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self.posts += 1
        if self.ill == "broken":
            raise web.HTTPServiceUnavailable
        data = await request.read()
        if not self._known(request):
            return self._say("15")
        query = request.query
        if self.code == "0":
            if query["to"] not in self.systems:
                return self._say("18")
            if query["from"] != request.headers["X-System-Id"]:
                return self._say("19")
            if b"edXMLEnvelope" not in data:
                return self._say("22")
            self.messages.setdefault(query["id"], Waiting(query["id"], query["type"], query["from"], query["to"], data))
        if self.ill == "cut":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if self.ill == "slow":
            await asyncio.sleep(30)
        if self.ill == "garbage":
            return web.Response(text="<html>")
        return self._say(self.code)

    async def _list(self, request: web.Request) -> web.Response:
        if not self._known(request):
            return self._say("15")
        mine = [m for m in self.messages.values() if m.receiver == request.headers["X-System-Id"] and not m.taken]
        return self._say("0", messages=[{"id": m.id, "type": m.kind, "from": m.sender, "to": m.receiver} for m in mine])

    async def _get(self, request: web.Request) -> web.Response:
        return web.Response(body=self.messages[request.match_info["id"]].data, content_type="application/xml")

    async def _taken(self, request: web.Request) -> web.Response:
        self.messages[request.match_info["id"]].taken = True
        return self._say("0")

    async def _state(self, request: web.Request) -> web.Response:
        return self._say("0", state="taken" if self.messages[request.match_info["id"]].taken else "waiting")
