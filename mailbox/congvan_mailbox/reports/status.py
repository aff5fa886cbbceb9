"""Enhanced status codes (RFC 3463, RFC 5248): read from text, chosen, and given their reason."""

from __future__ import annotations

import re

from congvan_mailbox.reports.model import Action
from congvan_mailbox.reports.phrases import REASONS_VI, find_phrase

#: RFC 3463 2: class "." subject "." detail; not a part of a version number or an address.
_CODE = re.compile(r"(?<![\d.\w])([245])[.,]([0-7])[.,](\d{1,3})(?!\d|[.,]\d)")
_STRICT = re.compile(
    r"(?:(?<!\d)[245]\d\d[- ]+(?:\w+ )?\(?#?|#|\(|\[|[Ss]tatus:? ?(?:code:? ?)?\[?)"
    r"([245])\.([0-7])\.(\d{1,3})(?!\d|\.\d)"
)
_REPLY = re.compile(r"(?<![\d.#/:_-])([245][0-5]\d)(?=[ \-:;.,)]|$)(?!\.\d)")
_FIELD = re.compile(r"([245])\s*[.,]\s*(\d{1,3})(?:\s*[.,]\s*(\d{1,4}))?")

_REASON_BY_DETAIL = {
    "1.0": "bad_address",
    "1.1": "user_unknown",
    "1.2": "host_unknown",
    "1.3": "bad_address",
    "1.4": "ambiguous",
    "1.6": "moved",
    "1.7": "bad_sender",
    "1.8": "bad_sender",
    "1.10": "no_mail_host",
    "2.1": "mailbox_disabled",
    "2.2": "mailbox_full",
    "2.3": "too_big",
    "2.4": "list",
    "3.1": "system_full",
    "3.2": "not_accepting",
    "3.3": "system",
    "3.4": "too_big",
    "3.5": "system",
    "4.1": "network",
    "4.2": "network",
    "4.3": "dns",
    "4.4": "dns",
    "4.5": "not_accepting",
    "4.6": "loop",
    "4.7": "expired",
    "5.3": "too_many_recipients",
    "7.1": "policy",
    "7.2": "list",
    "7.10": "tls_required",
    "7.20": "authentication",
    "7.23": "authentication",
    "7.25": "blocked",
    "7.26": "authentication",
    "7.27": "bad_sender",
    "7.28": "rate_limited",
    "7.9": "auth_required",
    "7.8": "auth_required",
}
#: Subjects alone, where the detail says nothing known.
_REASON_BY_SUBJECT = {
    "1": "bad_address",
    "2": "mailbox_disabled",
    "3": "system",
    "4": "network",
    "5": "protocol",
    "6": "content",
    "7": "policy",
}

#: What a basic reply code alone suggests (RFC 5321 4.2.3, RFC 7504).
_BY_REPLY = {
    "552": "5.2.2",
    "452": "4.3.1",
    "421": "4.3.2",
    "521": "5.3.2",
    "556": "5.1.10",
    "551": "5.1.6",
    "553": "5.1.3",
    "530": "5.7.0",
    "535": "5.7.8",
    "450": "4.2.0",
    "451": "4.3.0",
    "523": "5.3.4",
}


def normalise(value: str | None) -> str | None:
    """A Status field as ``5.1.1``: ``5.1`` filled, leading zeros removed; None where it is no code."""
    if not value:
        return None
    match = _FIELD.search(value)
    if match is None:
        return None
    return f"{match.group(1)}.{int(match.group(2))}.{int(match.group(3) or 0)}"


def is_vague(code: str | None) -> bool:
    """True for ``x.0.0`` and for nothing: a code that only tells the class."""
    return code is None or code.endswith(".0.0")


def codes_in(text: str) -> list[str]:
    """The enhanced codes of a text, those written behind a reply code or a ``#`` first."""
    found = [".".join((a, b, str(int(c)))) for a, b, c in _STRICT.findall(text)]
    found += [".".join((a, b, str(int(c)))) for a, b, c in _CODE.findall(text)]
    return list(dict.fromkeys(found))


def reply_in(text: str) -> str | None:
    """The first 4yz or 5yz reply code of a text, else a 2yz, else None."""
    found = _REPLY.findall(text)
    return next((c for c in found if c[0] in "45"), found[0] if found else None)


def code_in(text: str) -> str | None:
    """The best enhanced code in a text: a specific failure before a vague one before a success."""
    found = codes_in(text)
    bad = [c for c in found if c[0] in "45"]
    best = next((c for c in bad if not is_vague(c)), bad[0] if bad else (found[0] if found else None))
    if best in bad and best.endswith(".0"):
        # "5.1.0 - Unknown address error 550-'5.1.1 ...'": the gateway's own summary, then the server's exact word.
        best = next((c for c in bad if c[0] == best[0] and not c.endswith(".0")), best)
    return best


def choose(
    status: str | None, diagnostic: str | None, prose: str, action: Action | None
) -> tuple[str | None, str, bool]:
    """(code, reason key, derived): the Status field where specific, else a code in the diagnostic, else from words.

    ``prose`` is the report's human text about this recipient, used last. ``derived``: the words gave the code.
    """
    given = normalise(status)
    if action is not None and action.value in ("delivered", "relayed", "expanded"):
        return (given if given and given[0] == "2" else "2.0.0"), action.value, given is None
    if not is_vague(given):
        return (
            given,
            reason_of(given, f"{diagnostic or ''}\n{prose[:600]}" if diagnostic is None else diagnostic),
            False,
        )
    texts = [t for t in (diagnostic or "", prose) if t]
    for text in texts:
        inside = code_in(text)
        if inside is not None and inside[0] in "45" and not is_vague(inside):
            return inside, reason_of(inside, text), False
    for text in texts:
        # A delay that has not yet run out is no expiry, though it tells for how long it has been tried.
        phrase = find_phrase(text, skip="expired" if action is Action.DELAYED else "")
        if phrase is not None:
            digit = phrase.fixed or _class(given or code_in(text), text, action)
            return f"{digit}.{phrase.detail}", phrase.reason, True
    text = f"{diagnostic or ''} {prose}"
    reply = reply_in(text)
    if reply in _BY_REPLY:
        code = _BY_REPLY[reply]
        return code, reason_of(code, ""), True
    if reply == "550" and "RCPT" in text.upper():
        return "5.1.1", "user_unknown", True
    if given is not None:
        return given, "delayed" if action is Action.DELAYED else "unspecified", False
    if action is Action.DELAYED:
        return "4.0.0", "delayed", True
    return f"{reply[0] if reply and reply[0] in '45' else '5'}.0.0", "unspecified", True


def _class(given: str | None, text: str, action: Action | None) -> str:
    if given and given[0] in "45":
        return given[0]
    reply = reply_in(text)
    if reply and reply[0] in "45":
        return reply[0]
    return "4" if action is Action.DELAYED else "5"


def reason_of(code: str | None, text: str) -> str:
    """The reason key of a code; where several reasons share a code, the words decide."""
    if code is None:
        return "unspecified"
    detail = code[2:]
    phrase = find_phrase(text) if text else None
    if phrase is not None and phrase.reason not in ("policy", "system", "protocol"):
        same = phrase.detail == detail or phrase.detail.split(".")[0] == detail.split(".")[0]
        if same or detail.endswith(".0") or detail.startswith("7."):
            return phrase.reason
    return (
        _REASON_BY_DETAIL.get(detail)
        or _REASON_BY_SUBJECT.get(detail.split(".")[0])
        or (phrase.reason if phrase else "unspecified")
    )


def reason_vi(key: str | None) -> str | None:
    """The reason in a few Vietnamese words."""
    return REASONS_VI.get(key or "unspecified")
