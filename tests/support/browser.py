"""Debian's Chromium, driven by playwright."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.programs import require


@asynccontextmanager
async def launch() -> AsyncIterator[Any]:
    """A headless browser. No sandbox: the tests may run as root, and the pages are our own."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=require("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            await browser.close()


def complaints(page: Any) -> list[str]:
    """A list that grows with every script error and console error of the page."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(f"script: {error}"))

    def heard(message: Any) -> None:
        # A failed request is the test's own business (it may provoke a 403); the browser logs it as an error too.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            said.append(f"console: {message.text}")

    page.on("console", heard)
    return said
