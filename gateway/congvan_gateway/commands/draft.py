"""`congvan draft`: drafts from the command line, with the desk's own acts and checks; ``--by`` says who acts."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Any

from congvan_core.errors import InputError, os_reason
from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, read_as, say
from congvan_gateway.main import App

_WORDS = ("submit", "withdraw", "approve", "refuse", "comment", "cancel")
_FILES = ("version", "enclose", "signed", "scan")
_PLAIN = ("paper", "number", "issue")
_OUT = ("file", "template", "slip")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", metavar="VIỆC", required=True)

    def act(name: str, text: str) -> argparse.ArgumentParser:
        one = acts.add_parser(name, help=text, description=text)
        add_config(one)
        add_output(one)
        one.add_argument(
            "--by", metavar="NGƯỜI", help="người làm: tên đăng nhập, họ tên hoặc mã (mặc định: tên đăng nhập máy)"
        )
        return one

    listing = act("list", "các dự thảo và bước của chúng")
    listing.add_argument(
        "--state", metavar="BƯỚC", help="draft, unit_review, leader_review, signed, numbered, sealed, issued…"
    )
    new = act("new", "dự thảo mới từ tệp Word hoặc PDF (để trống số và ngày)")
    new.add_argument("file", nargs="?", type=Path, metavar="TỆP")
    new.add_argument("--type", default="", metavar="TÊN-LOẠI")
    new.add_argument("--symbol", default="", metavar="KÝ-HIỆU")
    new.add_argument("--subject", default="", metavar="TRÍCH-YẾU")
    new.add_argument("--to", action="append", default=[], metavar="MÃ", help="nơi nhận; lặp lại được")
    new.add_argument(
        "--signer", action="append", required=True, metavar="NGƯỜI[:KT]", help="người ký theo thứ tự; lặp lại được"
    )
    for concern, text in (("correct", "đính chính"), ("replace", "thay thế"), ("recall", "thu hồi")):
        new.add_argument(
            f"--{concern}s", metavar="VĂN-BẢN", help=f"{text} văn bản đã phát hành này: mọi mục không nêu được điền sẵn"
        )
    new.add_argument("--unit", metavar="MÃ", help="mã đơn vị soạn thảo")
    new.add_argument("--body", metavar="MÃ", help="tác giả, khi cơ quan phục vụ nhiều tác giả")
    new.add_argument("--urgency", default="thường", metavar="ĐỘ-KHẨN")
    for name, text in (
        ("submit", "trình lãnh đạo đơn vị"), ("withdraw", "rút về"), ("approve", "Duyệt"), ("refuse", "Không duyệt, kèm lý do"),
        ("comment", "ghi ý kiến"), ("cancel", "hủy dự thảo"), ("paper", "ghi nhận đã ký trên giấy"), ("number", "cấp số và ngày"),
        ("issue", "phát hành"), ("show", "xem một dự thảo"),
    ):  # fmt: skip
        one = act(name, text)
        one.add_argument("draft", metavar="DỰ-THẢO")
        if name in _WORDS:
            one.add_argument("--text", default="", metavar="Ý-KIẾN")
        if name == "issue":
            one.add_argument("--accept-undecided", metavar="LÝ-DO")
            one.add_argument("--late-reason", metavar="LÝ-DO")
    for name, text in (
        ("version", "bản dự thảo mới"), ("enclose", "thêm phụ lục"), ("signed", "nhận tệp đã ký bằng công cụ khác"),
        ("scan", "gắn bản số hóa của văn bản ký trên giấy"),
    ):  # fmt: skip
        one = act(name, text)
        one.add_argument("draft", metavar="DỰ-THẢO")
        one.add_argument("file", type=Path, metavar="TỆP")
    for name, text in (("sign", "Ký duyệt (một hay nhiều văn bản, nhập PIN một lần)"), ("seal", "ký số của cơ quan")):
        one = act(name, text)
        one.add_argument("draft", nargs="+", metavar="DỰ-THẢO")
        one.add_argument(
            "--key", required=True, metavar="KHÓA", help="token:NHÃN hoặc file:TÊN.p12 (mục signing của cấu hình)"
        )
        one.add_argument("--pin-file", type=Path, metavar="TỆP", help="tệp chứa mã PIN; không có thì hỏi")
    for name, text in (
        ("file", "lấy tệp hiện tại"),
        ("template", "mẫu Word đã điền sẵn"),
        ("slip", "phiếu trình (PDF)"),
    ):
        one = act(name, text)
        one.add_argument("draft", metavar="DỰ-THẢO")
        one.add_argument("-o", "--output", type=Path, required=True, metavar="TỆP")
        one.add_argument("--from-template", default="", metavar="TÊN")


def run(args: argparse.Namespace) -> int:
    app = open_app(args)
    try:
        if args.act == "list":
            return _list(app, args)
        if args.act == "show":
            _may_read(app, args)
            return _tell(app, args, args.draft)
        if args.act == "new":
            return _tell(app, args, _new(app, args))
        if args.act in ("sign", "seal"):
            return _sign(app, args)
        if args.act in _OUT:
            _may_read(app, args)
            return _write(app, args)
        _act(app, args)
        return _tell(app, args, args.draft)
    finally:
        app.close()


def _may_read(app: App, args: argparse.Namespace) -> None:
    """Once issued, the draft says what the document says: its limits are asked. Raises RefusedError."""
    from congvan_core.workflow import drafts

    with app.database.write() as connection:
        document_id = drafts.get(connection, args.draft).document_id
        if document_id is not None:
            read_as(connection, args, document_id, app.clock())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Không đọc được {path}: {os_reason(error)}") from error


def _line(row: Any) -> dict[str, Any]:
    from congvan_core.ids import iso_vn
    from congvan_core.workflow.moves import DraftState

    return {
        "draft": row.id, "state": row.state, "state_words": DraftState(row.state).vi, "type": row.type_name,
        "number": row.number, "symbol": row.symbol, "subject": row.subject, "urgency": row.urgency,
        "version": row.version, "sha256": row.file_sha256, "recipients": row.recipients,
        "signed_at": iso_vn(row.signed_at), "document_id": row.document_id,
    }  # fmt: skip


def _list(app: App, args: argparse.Namespace) -> int:
    from sqlalchemy import select

    from congvan_core.dossiers.rights import hidden_from
    from congvan_core.workflow.schema import draft

    statement = select(draft).order_by(draft.c.urgency.desc(), draft.c.updated_at.desc()).limit(1000)
    if args.state:
        statement = statement.where(draft.c.state == args.state)
    with app.database.read() as connection:
        hidden = hidden_from(connection, actor(args))
        found = [_line(row) for row in connection.execute(statement) if row.document_id not in hidden]
    if args.json:
        print_json(found)
    else:
        for one in found:
            say(
                f"  {one['draft']} {one['state_words']}: {one['type']} {one['number'] or '…'}/{one['symbol']} {one['subject']}"
            )
    return 0


def _tell(app: App, args: argparse.Namespace, draft_id: str) -> int:
    from congvan_core.workflow import drafts

    with app.database.read() as connection:
        one = _line(drafts.get(connection, draft_id))
        said = [{"act": a.act, "by": a.by, "text": a.text} for a in drafts.acts(connection, draft_id)]
    if args.json:
        print_json({**one, "acts": said})
        return 0
    say(f"{one['draft']} {one['state_words']}: {one['type']} {one['number'] or '…'}/{one['symbol']} {one['subject']}")
    if args.act == "show":
        for item in said:
            say(f"  {item['act']} {item['by']}{': ' + item['text'] if item['text'] else ''}")
    return 0


def _new(app: App, args: argparse.Namespace) -> str:
    from congvan_core.documents import urgency
    from congvan_core.documents.text import nfc
    from congvan_core.workflow import drafts
    from congvan_core.workflow.desk_person import first_unit
    from congvan_gateway.dispatch.following import recipients_of
    from congvan_gateway.drafting.people import bodies_here, named_actor, units_of
    from congvan_gateway.drafting.preparing import take_file

    who = named_actor(app, actor(args))
    signers = []
    for text in args.signer:
        name, _, form = text.partition(":")
        signers.append((named_actor(app, name).id, form.strip(".").upper()))
    ready = take_file(app, args.file.name, _read(args.file)) if args.file else None
    with app.database.write() as connection:
        units = {one.code: one.id for one in units_of(connection, who.agency_id)}
        if args.unit and args.unit not in units:
            raise InputError(f"Không có đơn vị mã {args.unit}; các đơn vị: {', '.join(units) or 'chưa có'}.")
        mine = next((unit for _, unit in who.positions if unit), None)
        bodies = bodies_here(app, connection, who.agency_id)
        body = args.body or (bodies[0][0] if len(bodies) == 1 else "")
        unit_code = args.unit or next((code for code, unit in units.items() if unit == mine), "")
        about, to = _about(connection, args, who, unit_code), tuple(args.to)
        if about is not None:
            to = to or tuple(dict.fromkeys(r.code or r.address for r in recipients_of(connection, about.document_id)))
            body = args.body or about.body_code or body
        if body not in {code for code, _ in bodies}:
            raise InputError(f"Hãy nêu --body: {', '.join(code for code, _ in bodies)}")
        plan = drafts.Plan(
            body,
            nfc(args.type) or (about.type_name if about else ""),
            nfc(args.symbol) or (about.symbol if about else ""),
            nfc(args.subject) or (about.subject if about else ""),
            to,
            tuple(signers),
            urgency.parse(args.urgency),
            concerns=about.concern.value if about else None,
            concerns_id=about.document_id if about else None,
        )
        unit_id = units.get(args.unit) or mine or first_unit(connection, who.agency_id, app.clock())
        made = drafts.begin(connection, who, unit_id, plan, at=app.clock())
        if ready is not None:
            drafts.add_version(connection, made, who, ready[0], ready[1], at=app.clock())
    return made


def _about(connection: Any, args: argparse.Namespace, who: Any, unit_code: str) -> Any:
    """What the new draft corrects, replaces or recalls, where it does. Raises InputError for more than one."""
    from congvan_core.documents.finding_again import resolve_document
    from congvan_core.workflow.follow_on import Concern, follow_on

    given = [(one, text) for one in Concern if (text := getattr(args, f"{one.value}s"))]
    if len(given) > 1:
        raise InputError("Chỉ nêu một trong --corrects, --replaces, --recalls.")
    if not given:
        return None
    there = resolve_document(connection, given[0][1], agency_id=who.agency_id, direction="outgoing")
    return follow_on(connection, there.id, given[0][0], agency_id=who.agency_id, unit_code=unit_code)


def _act(app: App, args: argparse.Namespace) -> None:
    from congvan_core.workflow import drafts
    from congvan_core.workflow.signing_round import sign_on_paper
    from congvan_gateway.dispatch.from_drafts import issue
    from congvan_gateway.drafting import acts
    from congvan_gateway.drafting.people import named_actor

    who, at = named_actor(app, actor(args)), app.clock()
    if args.act in _FILES:
        _file(app, args, who)
    elif args.act == "paper":
        sign_on_paper(app.database, args.draft, who, at=at)
    elif args.act == "number":
        acts.number_draft(app, args.draft, who)
    elif args.act == "issue":
        issue(app, args.draft, who, accept_undecided=args.accept_undecided, late_reason=args.late_reason)
    else:
        with app.database.write() as connection:
            if args.act in ("submit", "withdraw"):
                getattr(drafts, args.act)(connection, args.draft, who, at=at)
                if args.text:
                    drafts.comment(connection, args.draft, who, args.text, at=at)
            elif args.act == "approve":
                drafts.approve(connection, args.draft, who, at=at, text=args.text)
            elif args.act == "comment":
                drafts.comment(connection, args.draft, who, args.text, at=at)
            else:
                getattr(drafts, args.act)(connection, args.draft, who, args.text, at=at)


def _file(app: App, args: argparse.Namespace, who: Any) -> None:
    from congvan_core.workflow import drafts
    from congvan_core.workflow.draft_enclosures import add_enclosure
    from congvan_core.workflow.moves import DraftState
    from congvan_core.workflow.numbering_and_seal import accept_sealed, attach_scan
    from congvan_core.workflow.signing_round import accept_signed
    from congvan_gateway.drafting.preparing import take_file

    data, at = _read(args.file), app.clock()
    if args.act == "scan":
        attach_scan(app.database, app.blobs, args.draft, who, data, at=at)
    elif args.act == "signed":
        with app.database.read() as connection:
            state = drafts.get(connection, args.draft).state
        accept = accept_sealed if state == DraftState.NUMBERED.value else accept_signed
        accept(app.database, app.blobs, args.draft, who, data, at=at)
    elif args.act == "enclose":
        stored = app.blobs.put_bytes(data)
        with app.database.write() as connection:
            add_enclosure(connection, args.draft, who, args.file.name, stored, at=at)
    else:
        name, stored = take_file(app, args.file.name, data)
        with app.database.write() as connection:
            drafts.add_version(connection, args.draft, who, name, stored, at=at)


def _sign(app: App, args: argparse.Namespace) -> int:
    from congvan_gateway.drafting import acts
    from congvan_gateway.drafting.keys import opened
    from congvan_gateway.drafting.people import named_actor

    who = named_actor(app, actor(args))
    secret = _read(args.pin_file).decode("utf-8", "replace").strip() if args.pin_file else getpass.getpass("Mã PIN: ")
    wrong = 0
    with opened(app, args.key, secret) as key:
        if args.act == "seal":
            for one in args.draft:
                acts.seal_draft(app, one, who, key)
        else:
            for outcome in acts.sign_many(app, args.draft, who, key):
                if outcome.wrong:
                    wrong = 1
                    say(f"{outcome.draft_id}: {outcome.wrong}")
    for one in args.draft:
        _tell(app, args, one)
    return wrong


def _write(app: App, args: argparse.Namespace) -> int:
    from congvan_core.workflow import drafts
    from congvan_gateway.drafting.slip import slip_of
    from congvan_gateway.drafting.word_file import word_file

    with app.database.read() as connection:
        row = drafts.get(connection, args.draft)
    if args.act == "file":
        if row.file_sha256 is None:
            raise InputError("Dự thảo chưa có tệp.")
        data = app.blobs.read(row.file_sha256)
    elif args.act == "template":
        data = word_file(app, row, args.from_template)[1]
    else:
        data = slip_of(app, row)
    try:
        args.output.write_bytes(data)
    except OSError as error:
        raise InputError(f"Không ghi được {args.output}: {os_reason(error)}") from error
    say(f"Đã ghi {args.output} ({len(data)} byte)")
    return 0
