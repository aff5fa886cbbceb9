"""A private PostgreSQL cluster for tests: real server, temporary folder, fresh databases cheaply from a template.

    with PostgresCluster() as cluster:
        url = cluster.fresh_database()          # all tables of the installation are there
        url = cluster.empty_database()          # nothing is there

Works as root (the server then runs as user postgres) and as an ordinary user. ``durable=True`` keeps fsync on, for
tests that kill and for benchmarks.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine

_TEMPLATE = "congvan_template"


class PostgresMissing(RuntimeError):
    """PostgreSQL's server programs are not installed on this machine."""


def server_programs() -> Path:
    """The folder of initdb and pg_ctl. Raises PostgresMissing, naming the package to install."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda name: int(name.split("/")[4]))
    if folders:
        return Path(folders[-1])
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    raise PostgresMissing("PostgreSQL server programs are missing: apt-get install postgresql-15")


class PostgresCluster:
    """One throw-away cluster on a loopback port of its own; stopped and removed at the end."""

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.port = 0
        self._folder = Path()
        self._template_ready = False

    def __enter__(self) -> PostgresCluster:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        programs = server_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="congvan-pg-"))
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = str(self._folder / "data")
        self._run(
            programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        if not self.durable:
            options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        log = str(self._folder / "log")
        self._run(programs / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "-t", "60", "start")

    def stop(self) -> None:
        self._run(
            server_programs() / "pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop", check=False
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    def halt(self) -> None:
        """Stop the server, cutting its sessions; ``resume`` starts it again."""
        self._run(server_programs() / "pg_ctl", "-D", str(self._folder / "data"), "-m", "fast", "-w", "stop")

    def resume(self) -> None:
        """Start a halted server on the same port with the same data."""
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        data, log = str(self._folder / "data"), str(self._folder / "log")
        self._run(server_programs() / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")

    def crash(self) -> None:
        """Stop the server as a power cut would and start it again (crash recovery runs). Needs ``durable``."""
        self._run(server_programs() / "pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")
        self.resume()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def empty_database(self) -> str:
        """A new database without tables; its URL."""
        name = "t" + uuid.uuid4().hex[:16]
        self._sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def fresh_database(self) -> str:
        """A new database with every table of the installation (copied from a template, tens of milliseconds)."""
        if not self._template_ready:
            self._make_template()
        name = "t" + uuid.uuid4().hex[:16]
        self._sql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self._sql(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def _make_template(self) -> None:
        import congvan_gateway.storage.schema  # noqa: F401  # hangs the gateway's tables on the same metadata
        from congvan_core.storage.schema import metadata

        self._sql(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        engine = create_engine(self.url(_TEMPLATE).replace("postgresql://", "postgresql+psycopg://"))
        metadata.create_all(engine)
        engine.dispose()
        self._template_ready = True

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: Path, *arguments: str, check: bool = True) -> None:
        as_user: dict[str, Any] = {}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            as_user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [str(program), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if "-l" not in arguments else subprocess.DEVNULL,
            cwd="/",
            check=False,
            **as_user,
        )
        if check and done.returncode:
            log = self._folder / "log"
            detail = (done.stderr or b"").decode(errors="replace") + (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program.name} failed: {detail[-2000:]}")
