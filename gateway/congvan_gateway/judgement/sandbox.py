"""The gateway's limited workers, with its modules preloaded."""

from __future__ import annotations

from congvan_core.sandbox import Sandbox as _Sandbox
from congvan_core.sandbox import SandboxError
from congvan_gateway.settings import Verification

__all__ = ["Sandbox", "SandboxError"]


class Sandbox(_Sandbox):
    """Workers as the settings ask for."""

    def __init__(self, settings: Verification) -> None:
        super().__init__(
            workers=settings.workers,
            seconds=settings.seconds,
            memory_mb=settings.memory_mb,
            preload=("congvan_gateway.judgement.inspection",),
        )
