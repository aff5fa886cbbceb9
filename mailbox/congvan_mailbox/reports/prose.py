"""The human text of a report: readable parts joined, HTML as text, and the lines about one recipient."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

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
_SKIP = frozenset({"script", "style", "head"})
MAX_PROSE = 256 * 1024


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIP:
            self._skip += 1
        elif tag in _BLOCKS:
            self.out.append("\n")
        elif tag in ("td", "th"):
            self.out.append(" \t")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIP:
            self._skip = max(0, self._skip - 1)
        elif tag in _BLOCKS and tag != "br":
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        if self._skip == 0:
            self.out.append(data.replace("\r", "").replace("\n", " "))


class _PreText(_Text):
    """The same where line ends count (``pre``); used for texts that hold hardly any mark-up."""

    def handle_data(self, data: str) -> None:
        if self._skip == 0:
            self.out.append(data)


def html_to_text(source: str) -> str:
    """Readable text of HTML, block elements as lines; mark-up that cannot be parsed is stripped by force."""
    source = source[:MAX_PROSE]
    if re.search(r"(?i)<head\b", source) and not re.search(r"(?i)</head\s*>", source):
        source = re.sub(r"(?i)<head\b[^>]*>", "", source)
    reader = _PreText() if re.search(r"(?i)<pre\b", source) else _Text()
    try:
        reader.feed(source)
        reader.close()
        text = "".join(reader.out)
    except (AssertionError, ValueError):
        text = html.unescape(re.sub(r"<[^>]{0,2000}>", "\n", source))
    text = text.replace("\xa0", " ").replace("\u200b", "")
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def prose_of(letter: Part) -> str:
    """The text a person would read, without enclosed messages. HTML counts only where no plain text says anything."""
    plain: list[str] = []
    marked: list[str] = []
    for part in letter.own():
        if part.media_type in ENCLOSED or part.children:
            continue
        if part.media_type == "text/html":
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
    return text.replace("\x00", "")[:MAX_PROSE]


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
