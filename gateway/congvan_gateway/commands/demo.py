"""`congvan demo`: the main job between two invented agencies, with an embedded database and a test PKI."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="dừng sau việc chính; mã thoát 0 khi thông báo đã về")


def run(args: argparse.Namespace) -> int:
    import logging

    from congvan_gateway.demonstration.showing import run as show

    logging.getLogger("pyhanko").setLevel(logging.ERROR)  # its hints are for programmers, not for a first look

    return show(once=args.once)
