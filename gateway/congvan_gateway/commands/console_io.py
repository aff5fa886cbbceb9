"""Arguments that many commands share: which data folder, which language, JSON or words."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from congvan_gateway.main import App, open_configured

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from congvan_core.agencies.model import ContactPoint


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="TỆP", help="tệp cấu hình (mặc định: $CONGVAN_CONFIG hoặc ./congvan.toml)")


def add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="in JSON")
    parser.add_argument("--lang", choices=("vi", "en"), default="vi", help="ngôn ngữ")


def open_app(args: argparse.Namespace) -> App:
    return open_configured(args.config)


def print_json(value: Any) -> None:
    """One JSON value, Vietnamese readable."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def say(text: str = "") -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """A line on stderr: something to know, not a failure."""
    sys.stderr.write(text + "\n")


def actor(args: argparse.Namespace) -> str:
    """Who acts: as given by ``--by``, else the log-in name."""
    given = getattr(args, "by", None)
    if given:
        return str(given)
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def read_as(connection: Connection, args: argparse.Namespace, document_id: str, at: datetime) -> None:
    """Before a document's content leaves by the command line: its limits are asked for ``--by``, and a look at a limited
    one is kept in the journal (NĐ 30/2020 Phụ lục VI). Raises RefusedError."""
    from congvan_core.dossiers.rights import limited, require_open
    from congvan_core.journal.writing import append

    require_open(connection, "document", document_id, actor(args))
    if (agency_id := limited(connection, document_id)) is not None:
        append(
            connection, agency_id=agency_id, actor=actor(args), kind="document.viewed", subject=f"document:{document_id}",
            at=at,
        )  # fmt: skip


def own_agency(connection: Connection, args: argparse.Namespace) -> ContactPoint:
    """The installation's agency that ``--agency`` names, or its only one; InputError where that leaves a choice."""
    from congvan_core.agencies.lookup import own_agencies
    from congvan_core.errors import InputError

    own = [one for one in own_agencies(connection) if args.agency in (None, one.code, one.raw_code)]
    if len(own) != 1:
        raise InputError("Hãy nêu cơ quan của đơn vị bằng --agency MÃ")
    return own[0]
