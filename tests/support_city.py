"""Two agencies, each behind a Postfix of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support_pki import LivePki
from support_postfix import PostfixInstance, free_port
from support_station import A, B, Station, make_station


@dataclass
class City:
    """Two agencies, each behind its own Postfix, and nothing else between them."""

    a: Station
    b: Station
    postfix_a: PostfixInstance
    postfix_b: PostfixInstance

    def stop(self) -> None:
        for station in (self.a, self.b):
            station.kill()


def build_city(root: Path, pki: LivePki, databases: tuple[str | None, str | None], **options: Any) -> City:
    """A's program hands to A's Postfix, which delivers to B's Postfix, which delivers to B's program; and back."""
    ports = {name: free_port() for name in ("a", "b", "mta-a", "mta-b")}
    own = {"queue_run_delay": "1s", "minimal_backoff_time": "1s", "maximal_backoff_time": "2s"}
    postfix_a = PostfixInstance(
        hostname="mx.a.example.vn",
        port=ports["mta-a"],
        routes={"a.example.vn": f"smtp:[127.0.0.1]:{ports['a']}", "b.example.vn": f"smtp:[127.0.0.1]:{ports['mta-b']}"},
        parameters=own,
    )
    postfix_b = PostfixInstance(
        hostname="mx.b.example.vn",
        port=ports["mta-b"],
        routes={"b.example.vn": f"smtp:[127.0.0.1]:{ports['b']}", "a.example.vn": f"smtp:[127.0.0.1]:{ports['mta-a']}"},
        parameters=own,
    )
    a = make_station(root, A, B, pki, relay_port=ports["mta-a"], smtp_port=ports["a"], database=databases[0], **options)
    b = make_station(root, B, A, pki, relay_port=ports["mta-b"], smtp_port=ports["b"], database=databases[1], **options)
    return City(a, b, postfix_a, postfix_b)
