"""The command line keeps its contract: every command is there, errors are one sentence, starting is cheap."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from congvan_gateway.cli import COMMANDS, build_parser, main

ROOT = Path(__file__).resolve().parents[2]
#: docs/contracts.md, "Command line".
PROMISED = {
    *("init", "serve", "demo", "send", "track", "resend", "verify", "inspect", "intake", "quarantine", "route"),
    *("agency", "register", "audit", "trust", "filename", "doctor"),
}
#: Heavy packages that a command line must not load before it knows what it is asked.
HEAVY = {"sqlalchemy", "pydantic", "aiosmtpd", "pyhanko", "lxml", "cryptography", "starlette", "asyncio", "email"}


def test_every_promised_command_is_listed() -> None:
    assert set(COMMANDS) >= PROMISED


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be asked for help, and an unknown option is one sentence and exit 2."""
    module = importlib.import_module(COMMANDS[name][0])
    assert callable(module.add_arguments) and callable(module.run)
    assert build_parser(name)
    assert main([name, "--help"]) == 0
    assert f"congvan {name}" in capsys.readouterr().out
    assert main([name, "--khong-co-tuy-chon-nay"]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "Traceback" not in told.err


def test_no_command_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "congvan" in capsys.readouterr().out
    assert main(["khong-co-lenh-nay"]) == 2
    assert main(["--version"]) == 0


def test_starting_loads_nothing_heavy() -> None:
    code = "import sys, congvan_gateway.cli as c; c.main(['--version']); print(*{m.split('.')[0] for m in sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert set(out.split()) & HEAVY == set()


@pytest.mark.parametrize("command", ["verify", "inspect", "filename"])
def test_commands_without_a_database_load_none(command: str) -> None:
    """They need no configuration, no database and no network, and start in well under a second."""
    code = (
        "import sys, importlib; from congvan_gateway.cli import COMMANDS, build_parser\n"
        f"build_parser({command!r})\n"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert set(out.split()) & {"sqlalchemy", "alembic", "psycopg", "aiosmtpd", "starlette", "pyhanko"} == set()
