"""The console's HTTP server, in the program's own loop; what touches the database runs in threads."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from congvan_core.errors import ConfigurationError
from congvan_gateway.console.desk import Desk
from congvan_gateway.console.guard import Limits
from congvan_gateway.console.hooks import step
from congvan_gateway.console.limits import escalate
from congvan_gateway.console.pictures import Pictures
from congvan_gateway.console.rendering import environment
from congvan_gateway.console.routes import page_routes
from congvan_gateway.main import App
from congvan_gateway.operations.loops import Loop

_STATIC = Path(__file__).parent / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
#: A document with its enclosures in one form.
_MOST = 200 * 1024 * 1024


def make_application(app: App, pictures: Pictures | None = None) -> Limits:
    """The ASGI application; who gives ``pictures`` closes them."""
    secure = (app.settings.console.public_url or "").startswith("https://")
    desk = Desk(app, environment(), pictures or Pictures(app), secure)
    routes = [Route("/static/{name:path}", _static), *page_routes(desk)]
    return Limits(Starlette(routes=routes, exception_handlers={404: _missing(desk), 405: _missing(desk)}), most=_MOST)


async def _static(request: Request) -> Response:
    """One of our own files; nothing else is reachable, whatever the path says."""
    name = request.path_params["name"]
    path = _STATIC / name
    known = {p.relative_to(_STATIC).as_posix() for p in _STATIC.rglob("*") if p.suffix in _KINDS}
    if name not in known:
        return Response("not found", 404)
    return FileResponse(path, media_type=_KINDS[path.suffix], headers={"Cache-Control": "public, max-age=3600"})


def _missing(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    from congvan_gateway.console.desk import Ask

    async def answer(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 404)
        return Ask(desk, request, None).render("failure.html", status=status, kind="missing", sentence="")

    return answer


class _Server(uvicorn.Server):
    """Signals belong to the program, not to the console; ``opened`` is set once it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.opened = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.opened.set()


async def start_console(app: App) -> tuple[str, Callable[[], Awaitable[None]]]:
    """Open the console; its address and how to close it. Raises ConfigurationError where the port is taken."""
    settings = app.settings.console
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"Không mở được cổng trang làm việc {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    pictures = Pictures(app)
    config = uvicorn.Config(
        make_application(app, pictures),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=bool(settings.public_url),
        forwarded_allow_ips="127.0.0.1,::1",
        timeout_graceful_shutdown=5,
        limit_concurrency=200,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]), name="console")
    opened = asyncio.create_task(server.opened.wait())
    await asyncio.wait([task, opened], return_when=asyncio.FIRST_COMPLETED)
    opened.cancel()
    if task.done():
        await task
    port = listening.getsockname()[1]

    stop = asyncio.Event()
    hooks = asyncio.create_task(Loop("webhooks", lambda: step(app), pause=3.0).run(stop), name="webhooks")
    limits = asyncio.create_task(Loop("limits", lambda: escalate(app), pause=60.0).run(stop), name="limits")

    async def close() -> None:
        server.should_exit = True
        stop.set()
        await asyncio.wait([task, hooks, limits], timeout=15)
        listening.close()
        await asyncio.to_thread(pictures.close)

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return settings.public_url or f"http://{host}:{port}", close
