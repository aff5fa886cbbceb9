"""The client's dialogs are held on uvloop, on which ``serve`` runs: its TLS, STARTTLS and lost links are its own.

Reading whole mailboxes beside it stays on asyncio, on which commands run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.name == "test_imap_client.py":
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
