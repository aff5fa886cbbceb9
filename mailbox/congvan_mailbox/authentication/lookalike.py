"""Domains and display names that only look like those of a known agency.

A domain is compared by its skeleton (letters that look alike made one, RFC 5890 labels decoded, hyphens and marks gone),
by one changed, added, lost or swapped letter, and by a known name put in front of or inside another one. A known domain and
what lies below it is never suspicious. Domains of ``gov.vn`` are given out by the registry to state agencies only, so a
neighbour there is a note and not a warning.
"""
# The table of look-alike letters stays compact: exploded it hides what it says.

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

from congvan_core.findings import Finding, Severity
from congvan_mailbox.authentication.domains import ascii_domain, organisational
from congvan_mailbox.reports.addresses import addresses_in, key_of
from congvan_mailbox.reports.phrases import fold

#: Letters that look alike, as what they look like (a part of Unicode TS 39, as it concerns Latin mail domains).
_LIKE = str.maketrans({
    "а": "a", "ɑ": "a", "α": "a", "е": "e", "ё": "e", "ε": "e", "о": "o", "ο": "o", "σ": "o", "р": "p", "ρ": "p", "с": "c", "ϲ": "c", "у": "y", "γ": "y", "х": "x", "χ": "x",
    "і": "i", "ι": "i", "ı": "i", "ɩ": "i", "ј": "j", "ԛ": "q", "ѕ": "s", "ԝ": "w", "ω": "w", "һ": "h", "ո": "n", "п": "n", "η": "n", "г": "r", "т": "t", "τ": "t", "м": "m", "к": "k", "κ": "k",
    "в": "b", "ь": "b", "ν": "v", "υ": "u", "ц": "u", "ɡ": "g", "ց": "g", "ԁ": "d", "ⅼ": "l", "ӏ": "l", "ł": "l", "đ": "d",
    "0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "6": "b", "7": "t", "8": "b", "9": "g", "|": "l", "!": "l",
})  # fmt: skip
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"), ("ii", "u"), ("ph", "f"))
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c]")
#: Public mailboxes: an agency's name before an address there is worth a look.
MIN_LABEL = 5


def similar_domain(domain: str, known: Collection[str], file: str | None = None) -> Finding | None:
    """ORIGIN-LOOKALIKE-DOMAIN where ``domain`` imitates one of ``known``; None for a known domain, one below it, a stranger."""
    asked = ascii_domain(domain)
    trusted = {ascii_domain(k) for k in known if k}
    if not asked or any(asked == k or asked.endswith(f".{k}") or k.endswith(f".{asked}") for k in trusted):
        return None
    for candidate in sorted(trusted):
        how = _resembles(asked, candidate)
        if how:
            same_registry = asked.endswith(".gov.vn") and candidate.endswith(".gov.vn") and how == "letters"
            return Finding(
                "ORIGIN-LOOKALIKE-DOMAIN",
                {"domain": _shown(asked), "known": candidate, "how": how},
                file,
                Severity.INFO if same_registry else None,
            )
    return None


def _resembles(asked: str, known: str) -> str | None:
    """``embedded``, ``confusable``, ``letters`` or ``ending``: the trick that makes ``asked`` look like ``known``."""
    shown = _shown(asked)
    if _embeds(shown, known):
        return "embedded"
    mine, theirs = organisational(asked), organisational(known)
    if mine == theirs:
        return None
    ours, yours = skeleton(_shown(mine)), skeleton(theirs)
    if ours == yours or skeleton(shown) == skeleton(known):
        return "confusable"
    my_label, my_end = _shown(mine).split(".", 1) if "." in mine else (_shown(mine), "")
    label, end = theirs.split(".", 1) if "." in theirs else (theirs, "")
    if my_label == label and my_end != end and len(label) >= MIN_LABEL:
        return "ending"
    if my_end == end or skeleton(my_end) == skeleton(end):
        a, b = skeleton(my_label), skeleton(label)
        if a == b:
            return "confusable"
        if (
            len(label) >= MIN_LABEL
            and distance(a, b, 1 if len(label) < 10 else 2) <= (1 if len(label) < 10 else 2)
            and a[:1] == b[:1]
        ):
            return "letters"
        if len(label) >= MIN_LABEL and distance(a, b, 1) <= 1:
            return "letters"
    return None


def _embeds(shown: str, known: str) -> bool:
    """``haiphong.gov.vn.mail-x.com``, ``haiphong-gov-vn.com``, ``haiphonggovvn.net``: the whole known name, dressed differently."""
    if len(known) < 8:
        return False
    if f".{known}." in f".{shown}":
        return True
    return known.replace(".", "-") in shown or known.replace(".", "") in shown.replace("-", "").replace(".", "")


def skeleton(text: str) -> str:
    """The picture of a name: two names with one skeleton are hard to tell apart by eye."""
    composed = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    plain = composed.translate(_LIKE).replace("-", "").replace("_", "")
    for pair, single in _PAIRS:
        plain = plain.replace(pair, single)
    return plain.replace("i", "l")


def distance(one: str, other: str, limit: int) -> int:
    """Optimal string alignment distance (insert, delete, replace, swap of neighbours); ``limit + 1`` where it is more."""
    if abs(len(one) - len(other)) > limit or max(len(one), len(other)) > 253:
        return limit + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return min(last[-1], limit + 1)


def suspicious_name(name: str, address: str, agencies: Mapping[str, Collection[str]] | None = None) -> Finding | None:
    """What is wrong with the display name of a sender, or None.

    ``agencies`` maps known names (of agencies, contact points) to the domains from which they write.
    ORIGIN-NAME-HOLDS-ADDRESS: the name shows another address than the one that sends. ORIGIN-NAME-BORROWED: it is a known
    agency's name before an address of none of its domains. ORIGIN-NAME-HIDDEN: it holds invisible or direction marks.
    """
    if _HIDDEN.search(name):
        return Finding("ORIGIN-NAME-HIDDEN", {"name": _HIDDEN.sub("·", name)[:200], "address": address})
    others = [a for a in addresses_in(name.replace("＠", "@")) if key_of(a) != key_of(address)]
    if others:
        return Finding("ORIGIN-NAME-HOLDS-ADDRESS", {"name": name[:200], "shown": others[0], "address": address})
    domain = ascii_domain(address.rpartition("@")[2])
    asked = _bare(name)
    for known, domains in (agencies or {}).items():
        wanted = _bare(known)
        if len(wanted) < 6 or not (asked == wanted or wanted in asked.split(" - ") or _holds(asked, wanted)):
            continue
        own = {ascii_domain(d) for d in domains}
        if not any(domain == d or domain.endswith(f".{d}") for d in own):
            return Finding("ORIGIN-NAME-BORROWED", {"name": name[:200], "agency": known, "address": address})
    return None


def _bare(name: str) -> str:
    """A name as it is compared: folded, the usual short forms spelled out, look-alike letters of other scripts made Latin."""
    latin = "".join(chr(ord(c)) if c.isascii() else c.translate(_LIKE) for c in name.lower())
    text = fold(re.sub(r"[\"'.,()\[\]]", " ", latin))
    for short, full in (
        ("ubnd", "uy ban nhan dan"),
        ("hdnd", "hoi dong nhan dan"),
        ("tp", "thanh pho"),
        ("vp", "van phong"),
        ("p", "phuong"),
        ("x", "xa"),
    ):
        text = re.sub(rf"\b{short}\b", full, text)
    return re.sub(r"\s+", " ", text).strip()


def _holds(asked: str, wanted: str) -> bool:
    """A known name of three words and more inside a longer one ("Văn thư - UBND phường Thí Điểm")."""
    return len(wanted.split()) >= 3 and re.search(rf"\b{re.escape(wanted)}\b", asked) is not None


def _shown(domain: str) -> str:
    """The domain as a reader sees it: A-labels decoded (RFC 5891)."""
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
