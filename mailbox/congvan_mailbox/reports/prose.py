"""The human text of a report: readable parts joined, HTML as text, and the lines about one recipient."""

from __future__ import annotations

import html
import re

from congvan_mailbox.reports.addresses import addresses_in, key_of
from congvan_mailbox.reports.letter import ENCLOSED, Part

_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "ul",
        "ol",
        "hr",
        "pre",
        "blockquote",
        "center",
        "section",
        "article",
        "header",
        "footer",
        "title",
        "body",
        "dd",
        "dt",
        "dl",
    ]
)
_SKIP = frozenset({"script", "style", "head", "title"})
MAX_PROSE = 128 * 1024


_TAG = re.compile(r"</?\s*([A-Za-z][A-Za-z0-9:]{0,20})")
MAX_LINES = 6000
MAX_LINE = 4000


def html_to_text(source: str) -> str:
    """Readable text of HTML, block elements as lines.

    One pass by ``find``: the standard library's parser takes quadratic time on a stranger's unclosed comments.
    """
    source = source[:MAX_PROSE]
    keep_lines = re.search(r"(?i)<pre\b", source) is not None
    out: list[str] = []
    place, size = 0, len(source)
    while place < size:
        start = source.find("<", place)
        text = source[place:] if start < 0 else source[place:start]
        out.append(text if keep_lines else text.replace("\r", "").replace("\n", " "))
        if start < 0:
            break
        if source.startswith("<!--", start):
            end = source.find("-->", start)
            if end < 0:
                break
            place = end + 3
            continue
        tag = _TAG.match(source, start)
        end = source.find(">", start)
        if tag is None or end < 0:
            if end < 0 and tag is not None:
                break
            if source.startswith(("<!", "<?"), start) and end >= 0:
                place = end + 1
            else:
                out.append("<")
                place = start + 1
            continue
        name = tag.group(1).lower()
        place = end + 1
        if name in _SKIP and source[start + 1] != "/":
            closing = re.compile(rf"</\s*{name}\b[^>]*>", re.IGNORECASE).search(source, place)
            if closing is not None:
                place = closing.end()
        elif name in _BLOCKS:
            out.append("\n")
        elif name in ("td", "th"):
            out.append(" \t")
    plain = html.unescape("".join(out)).replace("\xa0", " ").replace("\u200b", "")
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in plain.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def prose_of(letter: Part) -> str:
    """The text a person would read, without enclosed messages. HTML counts only where no plain text says anything."""
    plain: list[str] = []
    marked: list[str] = []
    for part in letter.own():
        if part.media_type in ENCLOSED or part.children:
            continue
        if part.media_type.startswith("multipart/"):
            plain.append(part.text())  # it says that it has parts and has none: some systems only think they write MIME
        elif part.media_type == "text/html":
            marked.append(html_to_text(part.text()))
        elif (
            part.media_type in ("text/plain", "text/notification", "text/enriched", "text", "text/report")
            and not part.is_attachment
        ):
            text = part.text()
            plain.append(html_to_text(text) if re.match(r"(?is)\s*(<!doctype html|<html\b)", text) else text)
    text = "\n\n".join(t for t in plain if t.strip())
    if marked and (len(text.strip()) < 40 or not addresses_in(text)):
        text = "\n\n".join([text, *marked]).strip()
    return _bounded(text.replace("\x00", "")[:MAX_PROSE])


def _bounded(text: str) -> str:
    """The text with long lines cut and empty lines reduced to two: what a stranger writes may not make us slow."""
    out: list[str] = []
    empty = 0
    for line in text.split("\n"):
        empty = 0 if line.strip() else empty + 1
        if empty < 3:
            out.append(line[:MAX_LINE])
        if len(out) >= MAX_LINES:
            break
    return "\n".join(out)


def near(text: str, address: str, only: bool) -> str:
    """The lines that speak of ``address``: from its line to the next other address, at most 14 lines.

    ``only`` says that the report has one recipient: then the whole text speaks of it where its address is not written.
    """
    if not text:
        return ""
    wanted = key_of(address)
    lines = text.split("\n")
    best = ""
    for index, line in enumerate(lines):
        if "@" not in line or wanted not in {key_of(a) for a in addresses_in(line)}:
            continue
        piece = [line]
        for after in lines[index + 1 : index + 14]:
            others = {key_of(a) for a in addresses_in(after)} - {wanted} if "@" in after else set()
            if others and not only:
                break
            piece.append(after)
        candidate = "\n".join(piece)
        if len(candidate) > len(best):
            best = candidate
    if only and (not best or len(best) < 400):
        return f"{best}\n{text[:4000]}"
    return best
