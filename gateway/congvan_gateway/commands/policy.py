"""`congvan policy`: the table from findings to what is done, shown, tried on past mail, put in force."""

from __future__ import annotations

import argparse

from congvan_core.errors import InputError
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    for name, text in (
        ("show", "xem bảng đang dùng"),
        ("try", "thử một thay đổi trên thư đã nhận, không thay đổi gì"),
        ("set", "đưa thay đổi vào sử dụng (ghi nhật ký)"),
    ):
        act = acts.add_parser(name, help=text, description=text)
        if name != "show":
            act.add_argument(
                "changes", metavar="MÃ=CÁCH-XỬ-LÝ", nargs="+",
                help="note, ignore, hold, refuse; default: trở về mặc định",
            )  # fmt: skip
        if name == "set":
            act.add_argument("--by", metavar="HỌ-TÊN", help="người quyết định")
        add_config(act)
        add_output(act)


def run(args: argparse.Namespace) -> int:
    from congvan_core.findings import CATALOGUE
    from congvan_gateway.judgement.actions import DEFAULT_ACTIONS
    from congvan_gateway.judgement.policy import Policy
    from congvan_gateway.judgement.rehearsal import rehearse
    from congvan_gateway.storage.policies import save_policy

    app = open_app(args)
    try:
        if args.act == "show":
            table = app.policy.table()
            if args.json:
                print_json({"version": app.policy.version, "actions": table})
                return 0
            say(f"Bảng chính sách, phiên bản {app.policy.version}")
            for code, action in table.items():
                mark = "" if DEFAULT_ACTIONS[code].value == action else f" (mặc định: {DEFAULT_ACTIONS[code].value})"
                say(f"{action:7} {code}{mark}: {CATALOGUE[code].vi}")
            return 0
        actions = _changed({code: action.value for code, action in app.policy.actions.items()}, args.changes)
        wanted = Policy.from_json(actions)
        if args.act == "set":
            wanted = save_policy(app.database, actions, actor=actor(args), at=app.clock())
            if args.json:
                print_json({"version": wanted.version, "changed": actions})
            else:
                say(f"Đã đưa vào sử dụng bảng chính sách phiên bản {wanted.version}")
            return 0
        with app.database.read() as connection:
            count, changes = rehearse(connection, wanted)
    finally:
        app.close()
    if args.json:
        print_json({"version": wanted.version, "decided": count, "changes": [c.to_json() for c in changes]})
        return 0
    say(f"Thử trên {count} thư đã nhận: {len(changes)} thư sẽ được quyết định khác.")
    for change in changes:
        say(
            f"  {change.item}  {change.before} -> {change.after}  ({', '.join(change.because)})  {change.subject or ''}"
        )
    return 0


def _changed(actions: dict[str, str], changes: list[str]) -> dict[str, str]:
    for change in changes:
        code, equals, action = change.partition("=")
        if not equals:
            raise InputError(f"Viết thay đổi dạng MÃ=CÁCH-XỬ-LÝ, không phải '{change}'")
        if action == "default":
            actions.pop(code, None)
        else:
            actions[code] = action
    return actions
