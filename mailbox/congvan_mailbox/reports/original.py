"""The mail that a report speaks of: its Message-ID and recipients, from the returned copy or from the fields that name it."""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re
from dataclasses import dataclass, field

from congvan_mailbox.reports.addresses import addresses_in, clean_address
from congvan_mailbox.reports.letter import ENCLOSED, ENCLOSED_HEADERS, Part, cut, decode_words, split_headers

_ID = re.compile(r"<([^<>\s]{1,990})>")
_HEADER_NAMES = (
    "received|return-path|message-id|from|to|cc|subject|date|mime-version|content-type|reply-to|sender|x-mailer|delivered-to|dkim-signature|"
    "content-transfer-encoding|received-spf|authentication-results|references|in-reply-to|x-[a-z0-9-]+|user-agent|importance|thread-topic|thread-index|"
    "list-[a-z]+|precedence|arc-[a-z-]+|disposition-notification-to|congvan-[a-z-]+"
)
_HEADER_LINE = re.compile(rf"^([> |]{{0,4}})({_HEADER_NAMES})[ \t]*:", re.IGNORECASE)
#: Fields that only a real header section has; the display blocks of some reports ("To:, Subject:, Sent:") have none of them.
_PROOF = re.compile(
    r"^[> |\t]{0,8}(received|message-id|return-path|mime-version|dkim-signature|content-type)[ \t]*:", re.IGNORECASE
)
#: Lines that announce a copy of the original.
_MARKER = re.compile(
    r"^[\s>*#=_+-]*("
    r"this is a copy of (the|your) (message|mail)|(a )?copy of (the|your) (original )?(message|mail)|below (this|the next) line is a copy|"
    r"(the )?(original|returned|unsent|undelivered|bounced|failed|rejected) (message|mail|e-?mail)( text)?( headers?)?( follows| is (below|attached|as follows))?|"
    r"(message|mail) (header|text|body|headers)s?( follows?)?|(start of )?(the )?(header|headers) of (the )?(original|message|your)|header of (the )?(original|source)|"
    r"unsent message( follows)?( below)?|returned (message|mail) follows|here is your returned mail|your (original )?(message|mail) (follows|reads|was|is below)|"
    r"(included|enclosed|attached) (below )?is (a copy|the)|the following is a copy|old message|start of returned message|transcript of (the )?(original )?message|"
    r"forwarded message|original-(nachricht|header)|message d'origine|en-?tetes? de message|thu (goc|ban dau)|noi dung thu goc|tieu de (thu )?goc|"
    r"tin (nhan|thu) goc|mensaje original|messaggio originale|mensagem original"
    r")\b.{0,90}$",
    re.IGNORECASE,
)

#: These announce a copy for certain, even of a mail whose header section is not to be seen.
_LAST_LINE = re.compile(
    r"^[\s*#=_+-]*(below (this|the next) line is a copy of the message|start of returned message)\b"
)


@dataclass(slots=True)
class Original:
    """What is known of the mail reported on."""

    message_id: str | None = None
    recipients: list[str] = field(default_factory=list)
    sender: str | None = None
    found: bool = False


def first_id(value: str | None) -> str | None:
    """The first Message-ID of a header value, in angle brackets; a bare one is put into them."""
    if not value:
        return None
    match = _ID.search(value)
    if match:
        return f"<{match.group(1)}>"
    bare = value.strip().split()
    return f"<{bare[0].strip('<>')}>" if bare and "@" in bare[0] else None


def all_ids(value: str | None) -> list[str]:
    return [f"<{i}>" for i in _ID.findall(value or "")][:200]


def from_headers(headers: list[tuple[str, str]]) -> Original:
    """Read the returned headers of the original."""
    out = Original(found=bool(headers))
    for name, value in headers:
        low = name.lower()
        if low == "message-id" and out.message_id is None:
            out.message_id = first_id(value)
        elif low in ("to", "cc", "bcc", "resent-to") and len(out.recipients) < 500:
            out.recipients.extend(a for a in addresses_in(decode_words(value)) if a not in out.recipients)
        elif low == "from" and out.sender is None:
            out.sender = clean_address(decode_words(value))
    return out


def returned_part(letter: Part) -> Original | None:
    """The enclosed original of a report: ``message/rfc822``, its headers only, or a text that begins with them."""
    for part in letter.own():
        if part is letter:
            continue
        if part.media_type in ENCLOSED and part.children:
            found = from_headers(part.children[0].headers)
        elif part.media_type in ENCLOSED_HEADERS:
            found = from_headers(split_headers(cut(part.content().lstrip(b"\r\n"))[0]))
        elif part.raw("Received") is not None and part.raw("From") is not None:
            found = from_headers(part.headers)  # the original pasted behind a boundary, without a type of its own
        else:
            continue
        if found.message_id or found.recipients:
            return found
    return None


def split_returned(text: str) -> tuple[str, Original | None]:
    """Cut a report's text before the in-line copy of the original; the second is what its headers say, if they are there."""
    from congvan_mailbox.reports.phrases import fold

    lines = text.split("\n")
    for index, line in enumerate(lines):
        stripped = line.strip(" >|\t*-=_#+")
        if not stripped:
            continue
        if _HEADER_LINE.match(line.lstrip(" \t")) and _is_header_block(lines, index):
            return "\n".join(lines[:index]), _inline(lines[index:])
        if index > 0 and len(stripped) < 120 and _MARKER.match(fold(line)) and _headers_follow(lines, index + 1):
            start = next(i for i in range(index + 1, len(lines)) if _HEADER_LINE.match(lines[i].lstrip(" \t")))
            return "\n".join(lines[: index + 1]), _inline(lines[start:])
        if index > 0 and len(stripped) < 120 and _LAST_LINE.match(fold(line)):
            return "\n".join(lines[: index + 1]), _inline(lines[index + 1 :])
    return text, None


def is_announced(before: str) -> bool:
    """The last words before an in-line copy say that it is one: nothing below them is the reporter's own.

    ``before`` is the first part that :func:`split_returned` gives.
    """
    from congvan_mailbox.reports.phrases import fold

    last = next((line for line in reversed(before.split("\n")) if line.strip(" >|\t*-=_#+")), "")
    return bool(_MARKER.match(fold(last)) or _LAST_LINE.match(fold(last)))


def without_returned(text: str) -> str:
    """A report's text without the in-line header block, with what stands below it: some reports show the original's fields first."""
    before, found = split_returned(text)
    if found is None:
        return text
    rest = text[len(before) :].lstrip("\n").split("\n")
    end = next((i for i, line in enumerate(rest) if not line.strip()), len(rest))
    return before + "\n\n" + "\n".join(rest[end:])


def _is_header_block(lines: list[str], start: int) -> bool:
    names = 0
    proof = False
    for line in lines[start : start + 60]:
        if not line.strip():
            break
        if _HEADER_LINE.match(line.lstrip(" \t")):
            names += 1
            proof = proof or bool(_PROOF.match(line))
        elif line[0] not in " \t>|" and not re.match(r"[A-Za-z-]+:", line):
            break
    return proof and names >= 3


def _headers_follow(lines: list[str], start: int) -> bool:
    seen = 0
    for line in lines[start : start + 8]:
        if not line.strip(" >|\t*-=_"):
            continue
        if _HEADER_LINE.match(line.lstrip(" \t")):
            seen += 1
            if seen >= 2:
                return True
        elif seen == 0 and not line.startswith((" ", "\t")) and ":" not in line:
            return False
    return seen >= 1


def _inline(lines: list[str]) -> Original:
    block: list[str] = []
    for line in lines[:300]:
        if not line.strip():
            if block:
                break
            continue
        bare = re.sub(r"^[> |]{1,4}", "", line) if re.match(r"^[>|]", line) else line
        head = bare.lstrip(" \t")
        block.append(head if _HEADER_LINE.match(head) else bare)
    return from_headers(split_headers("\n".join(block).encode("utf-8", "replace")))


def of_report(letter: Part, text: str = "") -> Original:
    """The original of a report, from its enclosed copy, its in-line copy, or (as the last hint) In-Reply-To and References."""
    found = returned_part(letter)
    if found is None or found.message_id is None:
        inline = split_returned(text)[1] if text else None
        if inline is not None and (inline.message_id or found is None):
            found = (
                inline
                if found is None
                else Original(inline.message_id, found.recipients or inline.recipients, found.sender, True)
            )
    found = found or Original()
    if found.message_id is None:
        loose = re.search(
            r"(?im)^[\s>*]*(?:(?:original|x-original|your)[- ])?(?:message|mail)[- ]?id\s*[:=]\s*(<[^<>\s]+@[^<>\s]+>)",
            text,
        )
        found.message_id = first_id(loose.group(1)) if loose else None
    if found.message_id is None:
        own = first_id(letter.get("Message-ID"))
        hints = [letter.get("X-Original-Message-ID"), letter.get("Original-Message-ID"), letter.get("In-Reply-To")]
        references = all_ids(letter.get("References"))
        found.message_id = next((i for h in hints if (i := first_id(h)) and i != own), None) or (
            references[-1] if references else None
        )
    return found
