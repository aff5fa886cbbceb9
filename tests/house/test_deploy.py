"""The examples of deploy/ work: settings load, Postfix knows every parameter, the set-up script names its faults."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from congvan_gateway import settings
from support.programs import require

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("name", ["congvan-station.toml", "congvan-hub.toml"])
def test_an_example_configuration_loads(name: str) -> None:
    loaded = settings.load(DEPLOY / name)
    assert loaded.database_url
    if "station" in name:
        assert loaded.imap[0].enabled and not loaded.smtp.enabled
    else:
        assert loaded.lmtp.enabled and loaded.database_url.startswith("postgresql")


@pytest.mark.real("postfix")
def test_postfix_knows_every_parameter_of_the_example(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "postfix" / "main.cf.example", tmp_path / "main.cf")
    shutil.copy("/etc/postfix/master.cf", tmp_path / "master.cf")
    done = subprocess.run([require("postconf"), "-c", str(tmp_path), "-n"], capture_output=True, text=True, check=True)
    assert "unused parameter" not in done.stderr
    assert "virtual_transport = lmtp:inet:127.0.0.1:2424" in done.stdout


def test_the_service_starts_the_command_that_exists() -> None:
    text = (DEPLOY / "congvan.service").read_text(encoding="utf-8")
    command = re.search(r"^ExecStart=\S+/congvan (\w+)", text, re.MULTILINE)
    from congvan_gateway.cli import COMMANDS

    assert command and command[1] in COMMANDS
    for needed in ("NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=always", "User=congvan"):
        assert needed in text


def test_set_up_says_what_is_missing_without_a_python(tmp_path: Path) -> None:
    """On a machine whose only Python is too old the script ends with a sentence, and leaves nothing behind."""
    checkout = tmp_path / "checkout"
    (checkout / "deploy").mkdir(parents=True)
    for name in ("pyproject.toml", "requirements.txt", "requirements-build.txt", "deploy/setup.sh"):
        shutil.copy(ROOT / name, checkout / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("sh", "cat", "cksum", "dirname", "rm", "sed"):
        (programs / program).symlink_to(require(program))
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        [require("sh"), str(checkout / "deploy/setup.sh"), "run"],
        env={"PATH": str(programs), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert not (checkout / ".venv").exists()


def test_lists_of_debian_packages_are_lists_of_names() -> None:
    for path in DEPLOY.glob("debian-*-packages.txt"):
        names = re.sub(r"#.*", "", path.read_text(encoding="utf-8")).split()
        assert names and all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", n) for n in names)
        assert len(names) == len(set(names))
    from support.programs import SERVERS

    tests = set((DEPLOY / "debian-test-packages.txt").read_text(encoding="utf-8").split())
    assert {p for _, packages in SERVERS.values() for p in packages.split()} <= tests
