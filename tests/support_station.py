"""A whole station for tests: a data folder made as an administrator makes it, the program as processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from congvan_core.ids import now
from congvan_core.registers.instructions import give_instruction
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.settings import commented, load
from support_pki import PASSWORD, LivePki
from support_postfix import free_port

A_CODE, B_CODE = "H24.90", "H24.91.07"
A_NAME, B_NAME = "Sở Thử Nghiệm A", "Ủy ban nhân dân phường Thử Nghiệm B"
A_MAIL, B_MAIL = "vanthu@a.example.vn", "vanthu@b.example.vn"


@dataclass(frozen=True)
class Side:
    """An agency of the tests: directory entry, mailbox, names of its keys in the test PKI."""

    code: str
    name: str
    mail: str
    gateway_key: str
    document_key: str


A = Side(A_CODE, A_NAME, A_MAIL, "gateway-a", "agency-a")
B = Side(B_CODE, B_NAME, B_MAIL, "gateway-b", "agency-b")


@dataclass
class Station:
    """One side's data folder. ``start`` runs ``congvan serve`` as a process; ``app()`` opens the same data here."""

    folder: Path
    side: Side
    smtp_port: int
    health_port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "congvan.toml"

    @contextmanager
    def app(self) -> Iterator[App]:
        app = open_app(load(self.config))
        try:
            yield app
        finally:
            app.close()

    def start(
        self, *roles: str, environment: dict[str, str] | None = None, wait: bool = True
    ) -> subprocess.Popen[bytes]:
        """``congvan serve`` with these roles; returns once it answers."""
        command = [sys.executable, "-m", "congvan_gateway.cli", "serve", "--config", str(self.config)]
        for role in roles:
            command += ["--role", role]
        log = (self.folder / "serve.log").open("ab")
        with log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **(environment or {})}, start_new_session=True
            )
        self.processes.append(process)
        if wait:
            wait_until(lambda: self.healthy() or process.poll() is not None, f"{self.side.name} to serve", seconds=60)
            assert process.poll() is None, (self.folder / "serve.log").read_text()[-3000:]
        return process

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9 of every process of this side, workers included."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def stop(self) -> None:
        """The ordered way."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()

    def cli(self, *arguments: str, check: int | None = 0) -> Any:
        """Run ``congvan …`` as a process; the JSON it prints, or None. ``check`` is the expected exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "congvan_gateway.cli", *arguments, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert check is None or done.returncode == check, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return done.stdout


def wait_until(check: Callable[[], Any], what: str, *, seconds: float = 90.0, pause: float = 0.1) -> Any:
    """The first true answer of ``check``; fails loudly when it never comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = check()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError(f"waited {seconds:g} s in vain for {what}")


def make_station(
    root: Path,
    side: Side,
    other: Side,
    pki: LivePki,
    *,
    relay_port: int,
    smtp_port: int | None = None,
    database: str | None = None,
    automatic: bool = True,
    own_sections: dict[str, dict[str, object]] | None = None,
) -> Station:
    """A data folder with both agencies in the directory, the test PKI trusted, revocation asked online."""
    folder = root / side.code.replace(".", "-")
    folder.mkdir(parents=True, exist_ok=True)
    trust = folder / "trust"
    trust.mkdir()
    (trust / "root.pem").write_bytes(pki.pem("root"))
    (trust / "state-ca.pem").write_bytes(pki.pem("state-ca"))
    (folder / "gateway.p12").write_bytes(pki.p12(side.gateway_key))
    (folder / "gateway.pass").write_text(PASSWORD + "\n")
    station = Station(folder, side, smtp_port or free_port(), free_port())
    values: dict[str, dict[str, object]] = {
        "smtp": {"port": station.smtp_port, "hostname": side.mail.rpartition("@")[2]},
        "delivery": {
            "host": "127.0.0.1",
            "port": relay_port,
            "tls": "none",
            "retry_base_seconds": 1.0,
            "retry_max_seconds": 2.0,
            "unknown_wait_seconds": 3.0,
            "attempt_seconds": 8.0,
            "lease_seconds": 10.0,
        },
        "keys": {"gateway": "gateway.p12", "password_file": "gateway.pass"},
        "trust": {"folder": "trust", "online": True, "hosts": [f"127.0.0.1:{pki.port}"]},
        "operations": {"port": station.health_port, "log_level": "info"},
    }
    if database:
        values["storage"] = {"database": database}
    for section, more in (own_sections or {}).items():
        values.setdefault(section, {}).update(more)
    station.config.write_text(commented(values), encoding="utf-8")
    with station.app() as app:
        for agency in (side, other):
            point = found_agency(
                app,
                code=agency.code,
                name=agency.name,
                address=agency.mail,
                own=agency is side,
                certificate=pki.cert(agency.gateway_key),
                document_certificate=pki.cert(agency.document_key),
                telephone="0225 3000 000",
                actor="test",
            )
            if agency is side and automatic:
                with app.database.write() as connection:
                    give_instruction(connection, point.id, given_by="Chủ tịch", at=now())
    return station


def issue_document(
    pki: LivePki,
    folder: Path,
    *,
    number: str = "12",
    symbol: str = "QĐ-STNA",
    subject: str = "phê duyệt Kế hoạch số hóa",
    author: str = A_NAME,
    keys: tuple[str, str] = ("leader", "agency-a"),
) -> Path:
    """A decision of an agency (A) as its people make it: the leader signs, the agency seals, both with live time stamps."""
    from congvan_core.documents.filename import build
    from congvan_core.documents.number import from_parts
    from congvan_core.documents.sample_pdf import SampleSpec, make
    from congvan_core.ids import VIETNAM
    from congvan_core.signatures.sign_timestamp import HttpTimeStamper
    from congvan_core.signatures.signing import sign_pdf

    today = now().astimezone(VIETNAM).date()
    sample = make(SampleSpec(author=author, symbol=symbol, number=number, issued_on=today, subject=subject))
    stamper = HttpTimeStamper(pki.tsa_url)
    signed = sign_pdf(sample.pdf, pki.signing_key(keys[0]), timestamper=stamper, reserve_agency=False)
    sealed = sign_pdf(
        signed, pki.signing_key(keys[1]), kind="agency", timestamper=stamper, rect=(60, 60, 160, 160), page=0
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / build(from_parts(symbol, number), today, subject, "pdf")
    path.write_bytes(sealed)
    return path
