"""`congvan search`: words in every field and in the text, filters, the list exported."""

from __future__ import annotations

import argparse
from pathlib import Path

from congvan_gateway.commands.console_io import actor, add_config, add_output, open_app, print_json, say

_FIELDS = {
    "--direction": ("direction", "incoming hoặc outgoing"), "--number": ("number", "số, hoặc số và ký hiệu"),
    "--type": ("type_name", "tên loại"), "--author": ("author", "tác giả"), "--signer": ("signer", "người ký"),
    "--subject": ("subject", "trích yếu"), "--channel": ("channel", "kênh nhận"),
    "--legal-value": ("legal_value", "giá trị pháp lý"), "--since": ("since", "từ ngày (của văn bản)"),
    "--until": ("until", "đến ngày"),
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="TỪ", help="có dấu hay không dấu; từ cuối tính từ phần đầu")
    for flag, (name, text) in _FIELDS.items():
        parser.add_argument(flag, dest=name, default="", metavar="GIÁ-TRỊ", help=text)
    parser.add_argument("--urgent", action="store_true", help="chỉ văn bản khẩn")
    parser.add_argument("--by", metavar="NGƯỜI", help="người tìm: tên đăng nhập, để xét quyền xem")
    parser.add_argument("--limit", type=int, default=50, metavar="N")
    parser.add_argument("-o", dest="output", type=Path, metavar="TỆP", help="xuất ra .pdf, .docx, .xlsx hoặc .csv")
    add_config(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from congvan_core.documents.search import read_query, search
    from congvan_core.dossiers.rights import visible_to
    from congvan_core.storage.papers import Paper
    from congvan_gateway.operations.indexing import catch_up
    from congvan_gateway.operations.printing import write_paper

    asked = read_query(
        {name: getattr(args, name) for name, _ in _FIELDS.values()}
        | {"words": " ".join(args.words), "urgent": "1" if args.urgent else ""}
    )
    app = open_app(args)
    try:
        catch_up(app)
        with app.database.read() as connection:
            limit = max(1, min(args.limit, 5000))
            found = search(
                connection, None, asked, limit=limit, visible=visible_to(connection, actor(args)),
                excerpts=args.output is None,
            )  # fmt: skip
    finally:
        app.close()
    rows = [
        (one.direction, one.number_symbol, one.issued_on, " ".join(filter(None, (one.type_name, one.subject))),
         one.author_name) for one in (hit.document for hit in found.hits)
    ]  # fmt: skip
    if args.output is not None:
        headings = ("Sổ", "Số, ký hiệu", "Ngày tháng", "Tên loại và trích yếu nội dung", "Tác giả")
        say(write_paper(args.output, Paper("KẾT QUẢ TÌM KIẾM VĂN BẢN", headings, rows, (10, 15, 12, 45, 25))))
    elif args.json:
        print_json([{"document_id": hit.document.id, "direction": hit.document.direction,
                     "number_symbol": hit.document.number_symbol, "subject": hit.document.subject,
                     "author": hit.document.author_name, "score": round(hit.score, 4), "excerpt": hit.excerpt}
                    for hit in found.hits])  # fmt: skip
    else:
        for hit in found.hits:
            one = hit.document
            say(f"{one.number_symbol or '–'}  {one.issued_on or ''}  {one.author_name or ''}  {one.subject or ''}")
            if hit.excerpt:
                say(f"    {hit.excerpt}")
    return 0 if found.hits else 1
