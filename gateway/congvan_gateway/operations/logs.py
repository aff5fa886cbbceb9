"""Structured logs: JSON lines on stderr, Vietnamese kept readable, secrets never in them."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

_SECRET = ("password", "secret", "token", "pin", "authorization", "passphrase")


def _mask(_logger: Any, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    for key in event:
        if any(word in key.lower() for word in _SECRET):
            event[key] = "***"
    return event


def configure(level: str = "info", *, plain: bool = False) -> None:
    """Set up logging once, at the start of a program. ``plain`` writes for a person's terminal."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # Foreign libraries log what they read and send; above INFO they keep content to themselves.
    for name in ("aioimaplib", "mail.log", "mail.debug", "pyhanko", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False)
        if plain
        else structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            _mask,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
