"""`congvan quarantine`: Văn bản chờ kiểm tra."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say
from congvan_gateway.main import App

if TYPE_CHECKING:
    from congvan_gateway.quarantine.acts import Outcome

#: Acts before a number is given: what was read, and which files and mails are one document.
_ARRANGING = ("correct", "join", "split", "separate", "attach")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="VIỆC")
    for name, text in (
        ("list", "liệt kê"),
        ("show", "xem một thư"),
        ("release", "tiếp nhận và vào sổ"),
        ("refuse", "từ chối tiếp nhận"),
        ("discard", "loại (không phải văn bản)"),
        ("correct", "sửa thông tin đã đọc của văn bản, rồi kiểm tra lại"),
        ("join", "gộp: các thư (hoặc mọi tệp của một thư) là một văn bản"),
        ("split", "tách: mỗi nhóm tệp của thư là một văn bản"),
        ("separate", "bỏ gộp, bỏ tách"),
        ("attach", "gắn với văn bản đã vào sổ"),
        ("unseal", "mở niêm phong khi xác định không phải bí mật nhà nước (hai người)"),
        ("destroy", "tiêu hủy thư niêm phong (hai người)"),
    ):
        act = acts.add_parser(name, help=text, description=text)
        if name != "list":
            act.add_argument("item", metavar="THƯ")
        if name in ("release", "refuse", "discard", *_ARRANGING):
            act.add_argument("--by", metavar="HỌ-TÊN", help="người quyết định")
        if name in ("release", "refuse", "discard", "attach"):
            act.add_argument("--reason", metavar="LÝ-DO", required=name in ("refuse", "discard"))
        _add_arranging(act, name)
        if name in ("unseal", "destroy"):
            act.add_argument(
                "--by", metavar="HỌ-TÊN, CHỨC-VỤ", action="append", required=True, help="nêu hai lần, hai người"
            )
            act.add_argument("--reason", metavar="LÝ-DO", required=True)
        if name == "unseal":
            act.add_argument(
                "--key", metavar="TỆP.p12", action="append", default=[], help="khóa của hai người được giao"
            )
            act.add_argument(
                "--password-file", metavar="TỆP", action="append", default=[], help="mật khẩu, cùng thứ tự"
            )
        if name == "release":
            act.add_argument(
                "--for-information", action="store_true", help="vào sổ để biết, để tham khảo (khoản 2 Điều 10)"
            )
            act.add_argument("--each", action="store_true", help="tách thư: mỗi văn bản vào sổ một số")
        if name == "refuse":
            act.add_argument("--position", required=True, metavar="CHỨC-VỤ")
            act.add_argument("--telephone", required=True, metavar="SỐ")
            act.add_argument("--clause", default="khoản 5 Điều 4", metavar="ĐIỀU-KHOẢN")
        add_config(act)
        add_output(act)


def _add_arranging(act: argparse.ArgumentParser, name: str) -> None:
    if name == "correct":
        act.add_argument("--set", metavar="MỤC=GIÁ-TRỊ", action="append", required=True, dest="changes",
                         help="number, symbol, date, type, subject, urgency, signer, author_code …")  # fmt: skip
        act.add_argument("--part", type=int, default=1, metavar="N", help="văn bản thứ mấy của thư đã tách")
    if name == "join":
        act.add_argument("others", nargs="*", metavar="THƯ", help="các thư gộp vào thư đầu")
    if name == "split":
        act.add_argument("--group", metavar="TỆP,TỆP", action="append", required=True, dest="groups",
                         help="tên hoặc mã băm các tệp của một văn bản, tệp chính trước; nêu một lần cho mỗi văn bản")  # fmt: skip
    if name == "attach":
        act.add_argument("--to", required=True, metavar="SỐ-ĐẾN|VĂN-BẢN", help="số đến, mã hoặc số, ký hiệu")


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        if args.act == "list":
            return _list(app, args)
        if args.act == "show":
            return _show(app, args)
        if args.act in ("unseal", "destroy"):
            return _sealed(app, args)
        if args.act in _ARRANGING:
            return _arrange(app, args)
        return _act(app, args)
    finally:
        app.close()


def _list(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.quarantine.queue import item_json, waiting

    with app.database.read() as connection:
        items = [item_json(row) for row in waiting(connection)]
    if args.json:
        print_json(items)
        return 0
    if not items:
        say("Không có văn bản nào chờ kiểm tra.")
    for item in items:
        number = f"{item['number']}/{item['symbol']}" if item["number"] else "(chưa rõ số)"
        say(f"{item['item']}  {item['since']}  {item['from'] or ''}  {number}  {item['subject'] or ''}")
        say(f"    {', '.join(item['codes'])} -> {item['recommended']}")
    return 0


def _show(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.quarantine.queue import find_item, item_json

    with app.database.read() as connection:
        row = find_item(connection, args.item)
    shown = item_json(row) | {"report": row.report, "last_error": row.last_error, "decided_by": row.decided_by}
    if args.json:
        print_json(shown)
        return 0
    say(f"Thư {row.id}, trạng thái {row.state}, đến {shown['since']}")
    say(f"Từ: {shown['from']}; đến: {row.rcpt_to}; trích yếu: {shown['subject'] or '(không hiển thị)'}")
    for finding in (row.report or {}).get("findings", []):
        clause = f" ({finding['clause']})" if finding.get("clause") else ""
        say(f"  [{finding['severity']}] {finding['message']}{clause}")
        if finding.get("advice"):
            say(f"      -> {finding['advice']}")
    return 0


def _sealed(app: App, args: argparse.Namespace) -> int:
    from pathlib import Path

    from cryptography.hazmat.primitives.serialization import Encoding

    from congvan_core.errors import InputError
    from congvan_core.signatures.sign_keys import load_pkcs12
    from congvan_gateway.quarantine import sealing
    from congvan_gateway.quarantine.person import Person
    from congvan_mailbox.smime.decrypt import Recipient

    people = [Person(name.strip(), position.strip()) for name, _, position in (b.partition(",") for b in args.by)]
    if len(people) != 2:
        raise InputError("Cần nêu đúng hai người bằng hai lần --by")
    if args.act == "destroy":
        record = sealing.destroy(app, args.item, people[0], people[1], reason=args.reason)
    else:
        keys = []
        for path, secret in zip(args.key, args.password_file, strict=False):
            key = load_pkcs12(Path(path), Path(secret).read_text(encoding="utf-8").rstrip("\r\n"))
            keys.append(Recipient(key.certificate.public_bytes(Encoding.DER), key.private_key))
        record = sealing.unseal(app, args.item, people[0], people[1], reason=args.reason, keys=keys)
    if args.json:
        print_json(record)
    else:
        say(sealing.record_text(record))
    return 0


def _arrange(app: App, args: argparse.Namespace) -> int:
    from congvan_core.errors import InputError
    from congvan_gateway.quarantine import grouping
    from congvan_gateway.quarantine.attaching import attach
    from congvan_gateway.quarantine.correcting import correct
    from congvan_gateway.quarantine.person import Person

    person = Person(actor(args))
    if args.act == "correct":
        pairs = [given.partition("=") for given in args.changes]
        if not all(sign for _, sign, _ in pairs) or args.part < 1:
            raise InputError("Viết mỗi sửa đổi dạng MỤC=GIÁ-TRỊ, ví dụ --set number=12/QĐ-UBND")
        changes = {field.strip(): value for field, _, value in pairs}
        done = correct(app, args.item, changes, person, part=args.part - 1)
    elif args.act == "join":
        done = grouping.join(app, [args.item, *args.others], person)
    elif args.act == "split":
        done = grouping.split(app, args.item, _groups(app, args.item, args.groups), person)
    elif args.act == "separate":
        done = grouping.separate(app, args.item, person)
    else:
        done = attach(app, args.item, person, args.to, reason=args.reason)
    if args.json:
        print_json(done.to_json())
    else:
        say(f"Thư {done.item}: {done.state}" + (f", số đến {done.register_number}" if done.register_number else ""))
    return 0


def _groups(app: App, item: str, given: list[str]) -> list[list[str]]:
    """Files by their names, or by their digests where two bear one name."""
    from congvan_gateway.quarantine.queue import find_item

    with app.database.read() as connection:
        files = (find_item(connection, item).report or {}).get("attachments", [])
    names = {f["filename"]: f["sha256"] for f in files}
    return [[names.get(word.strip(), word.strip()) for word in group.split(",") if word.strip()] for group in given]


def _act(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.quarantine import acts
    from congvan_gateway.quarantine.person import Person

    who = actor(args)
    if args.act == "release":
        from congvan_gateway.quarantine.second_person import SecondPersonError

        try:
            return _release(app, args, who)
        except SecondPersonError:
            return _ask_second(app, args, who)
    if args.act == "refuse":
        person = Person(who, args.position, args.telephone)
        done = acts.refuse(app, args.item, person, reason=args.reason, clause=args.clause)
    else:
        done = acts.discard(app, args.item, Person(who), reason=args.reason)
    _tell(args, done)
    return 0


def _ask_second(app: App, args: argparse.Namespace, who: str) -> int:
    """What the judgement advises against: kept until another person agrees at the desk. Exit 3, still held."""
    from congvan_gateway.quarantine import second_person
    from congvan_gateway.quarantine.queue import find_item

    with app.database.read() as connection:
        row = find_item(connection, args.item)
    second_person.ask_in_name_of(app, row, "each" if args.each else "release", args.reason or "", who)
    if args.json:
        print_json({"item": row.id, "state": row.state, "waits_for": "second_person"})
    else:
        say(
            f"Thư {row.id} được đề nghị từ chối: đã ghi đề nghị, thư vào sổ khi người thứ hai xác nhận tại trang làm việc"
        )
    return 3


def _release(app: App, args: argparse.Namespace, who: str) -> int:
    from congvan_gateway.quarantine import acts
    from congvan_gateway.quarantine.person import Person

    if args.each:
        from congvan_gateway.quarantine.splitting import release_each

        several = release_each(app, args.item, Person(who), reason=args.reason)
        if args.json:
            print_json([one.to_json() for one in several])
        else:
            say("; ".join(f"số đến {one.register_number}" for one in several))
        return 0
    done = acts.release(app, args.item, Person(who), for_information=args.for_information, reason=args.reason)
    _tell(args, done)
    return 0


def _tell(args: argparse.Namespace, done: Outcome) -> None:
    if args.json:
        print_json(done.to_json())
    else:
        number = f", số đến {done.register_number}" if done.register_number else ""
        say(f"Thư {done.item}: {done.state}{number}")
