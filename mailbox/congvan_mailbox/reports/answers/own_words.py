"""The words that a person wrote himself: without quoted mails, without the signature below."""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re

from congvan_mailbox.reports.phrases import fold

#: Lines that begin the quoted original (matched on folded text).
_QUOTE_START = re.compile(
    r"^\s*("
    r"-{2,}\s*(original message|thu goc|tin nhan goc|forwarded message|thu chuyen tiep|tin nhan (da )?chuyen tiep|reply message|ursprungliche nachricht|message d'origine)\b.*|"
    r"_{8,}\s*|={8,}\s*|"
    r"(from|tu|nguoi gui)\s*:\s.*@.*|\*?(from|tu|nguoi gui)\s*:\*?\s+\S.*|"
    r"(sent|date|da gui|ngay gui|gui luc|gui|ngay)\s*:\s.*\d{1,2}[:/.]\d{1,2}.*|"
    r"(sent from|gui tu|duoc gui tu|get outlook|tai outlook)\b.*"
    r")$"
)
#: "Vào lúc 10:02 Th 2, 23 thg 11, 2026 Nguyễn Văn A <a@b> đã viết:" may break over three lines.
_WROTE = re.compile(
    r"^\s*(vao( luc| ngay)?|luc|ngay|on|am|le|el|thu \w+,|th \d|\d{1,2}[:/]\d{1,2}).{0,300}?(da viet|viet|wrote|schrieb|a ecrit|escribio|a scris)\s*:?\s*$"
)
_SIGNATURE = re.compile(
    r"^\s*(--|—|–|___+|\*{3,})\s*$|^\s*(tran trong|kinh thu|than men|best regards|kind regards|regards|thanks and regards|thanks & regards|sincerely|br|yours sincerely|tran trong kinh chao|kinh chao)\b[^a-z]*$"
)
MAX_TEXT = 64 * 1024


def own_words(text: str) -> str:
    """``text`` (a mail's plain text) up to the quoted original, quoted lines and signature removed; at most 64 KiB are read."""
    lines = text[:MAX_TEXT].replace("\r\n", "\n").replace("\xa0", " ").split("\n")
    kept: list[str] = []
    for index, line in enumerate(lines):
        if line.lstrip().startswith((">", "|>")):
            continue
        folded = fold(line)
        if _QUOTE_START.match(folded) or _WROTE.match(folded) or _broken_wrote(lines, index):
            break
        if _SIGNATURE.match(folded) and "".join(kept).strip():
            break
        kept.append(line.strip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _broken_wrote(lines: list[str], index: int) -> bool:
    """The attribution line is wrapped by many clients: this line and the next two are read as one."""
    if not re.match(r"\s*(vao\b|luc \d|on \w{2,9},? |ngay \d)", fold(lines[index])):
        return False
    joined = fold(" ".join(lines[index : index + 3]))
    return bool(_WROTE.match(joined)) or bool(re.match(r"\s*(vao|luc|on|ngay)\b.{0,300}(da viet|wrote)\s*:", joined))
