"""`congvan account`: the people who work at the desk, from the server's own command line."""

from __future__ import annotations

import argparse

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say
from congvan_gateway.main import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    for name, text in (("list", "liệt kê"), ("add", "tạo tài khoản"), ("password", "đặt lại mật khẩu")):
        act = acts.add_parser(name, help=text, description=text)
        if name != "list":
            act.add_argument("login", metavar="TÊN-ĐĂNG-NHẬP")
        if name == "add":
            act.add_argument("--name", required=True, metavar="HỌ-TÊN")
            act.add_argument("--role", action="append", required=True, dest="roles",
                             choices=("clerk", "officer", "unit_head", "leader", "administrator", "auditor", "supervisor"))  # fmt: skip
            act.add_argument("--position", default="", metavar="CHỨC-VỤ")
            act.add_argument("--telephone", default="", metavar="SỐ")
        act.add_argument("--by", metavar="NGƯỜI")
        add_config(act)
        add_output(act)


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        return _list(app, args) if args.act == "list" else _change(app, args)
    finally:
        app.close()


def _list(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.console.accounts import all_accounts

    with app.database.read() as connection:
        rows = [
            {
                "login": r.login,
                "name": r.name,
                "roles": r.roles,
                "active": r.active,
                "second_factor": bool(r.totp_secret),
            }
            for r in all_accounts(connection)
        ]
    if args.json:
        print_json(rows)
        return 0
    for row in rows:
        say(f"{row['login']}  {row['name']}  {', '.join(row['roles'])}{'' if row['active'] else '  (đã khóa)'}")
    return 0


def _change(app: App, args: argparse.Namespace) -> int:
    from sqlalchemy import select

    from congvan_core.errors import NotFoundError
    from congvan_gateway.console.accounts import set_password
    from congvan_gateway.console.passwords import random_password
    from congvan_gateway.console.schema import account

    if args.act == "add":
        password = first_account(app, login=args.login, name=args.name, roles=args.roles, position=args.position,
                                 telephone=args.telephone, actor=actor(args))  # fmt: skip
    else:
        password = random_password()
        with app.database.write() as connection:
            found = connection.execute(
                select(account.c.id).where(account.c.login == args.login.lower())
            ).scalar_one_or_none()
            if found is None:
                raise NotFoundError(f"Không có tài khoản '{args.login}'")
            set_password(connection, found, password, actor=actor(args), at=app.clock(), must_change=True)
    if args.json:
        print_json({"login": args.login.lower(), "password": password})
    else:
        say(f"Tài khoản {args.login.lower()}, mật khẩu dùng một lần: {password}")
    return 0


def first_account(
    app: App,
    *,
    login: str,
    name: str,
    roles: list[str],
    actor: str,
    position: str = "",
    telephone: str = "",
    must_change: bool = True,
) -> str:
    """Make an account with a random password, which is returned and kept nowhere."""
    from congvan_gateway.console.accounts import add_account
    from congvan_gateway.console.passwords import random_password

    password = random_password()
    with app.database.write() as connection:
        add_account(connection, login=login, name=name, password=password, roles=roles, position=position,
                    telephone=telephone, actor=actor, at=app.clock(), must_change=must_change)  # fmt: skip
    return password
