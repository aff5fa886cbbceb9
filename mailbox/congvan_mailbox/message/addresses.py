"""Mail addresses in headers, read strictly: what is ambiguous is a defect, never somebody else's address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from congvan_core.errors import InputError
from congvan_mailbox.message import words

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_DOT_ATOM = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*\Z")
_LETTER = r"A-Za-z0-9\u0080-\U0010ffff"
_DOMAIN = re.compile(rf"[{_LETTER}](?:[{_LETTER}\-_.]*[{_LETTER}])?\Z")
_LITERAL = re.compile(r"\[[A-Za-z0-9.:]+\]\Z")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"\Z')
_MAX_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: decoded display name (may be empty) and ``local@domain`` as written."""

    name: str
    addr: str

    @property
    def domain(self) -> str:
        return self.addr.rpartition("@")[2].lower()

    @property
    def key(self) -> str:
        """For comparing: the whole address in lower case (no provider in use tells cases apart)."""
        return self.addr.lower()


@dataclass(frozen=True, slots=True)
class AddressList:
    """What a header named, and what in it could not be read as an address."""

    addresses: tuple[Address, ...]
    defects: tuple[str, ...] = ()


def valid_addr(addr: str) -> bool:
    """Whether ``local@domain`` is one well-formed address (RFC 5321 4.1.2, RFC 6531), at most 254 octets."""
    local, at, domain = addr.rpartition("@")
    if not at or not local or len(addr.encode("utf-8", "surrogatepass")) > 254 or ".." in domain:
        return False
    if not addr.isprintable():
        return False  # line separators, invisible marks, undecodable bytes
    if not (_DOT_ATOM.match(local) or _QUOTED.match(local)):
        return False
    return bool(_DOMAIN.match(domain) or _LITERAL.match(domain))


def require_addr(addr: str) -> str:
    """The address, if well-formed; raises InputError otherwise."""
    if not valid_addr(addr):
        raise InputError(f"Địa chỉ thư điện tử không hợp lệ: {addr[:100]!r}")
    return addr


def parse_addresses(raw: bytes) -> AddressList:
    """The addresses of one unfolded header value (RFC 5322 3.4), groups opened, comments dropped.

    An entry is taken only if it is exactly ``addr`` or ``phrase <addr>``; text after the bracket, a second bracket or
    a second ``@`` makes it a defect (the flaw that let ``a@good)b@evil`` name the wrong sender).
    """
    text = raw.decode("utf-8", "surrogateescape")
    found: list[Address] = []
    defects: list[str] = []
    carried = ""
    for entry, unclosed in _entries(text):
        if len(found) >= _MAX_ADDRESSES:
            defects.append("too many addresses")
            break
        if unclosed:
            defects.append(_show(entry))
            continue
        candidate = f"{carried}, {entry.strip()}" if carried else entry
        if not candidate.strip():
            continue
        if "@" not in candidate and "<" not in candidate and len(candidate) <= 400:
            carried = candidate  # an unquoted comma in a display name: Sở Nội vụ, TP Hải Phòng <a@b>
            continue
        address = _mailbox(candidate)
        if address is None:
            defects.append(_show(candidate))
        else:
            found.append(address)
        carried = ""
    if carried.strip():
        defects.append(_show(carried))
    return AddressList(tuple(found), tuple(defects))


def format_address(name: str, addr: str, used: int) -> str:
    """``phrase <addr>`` for a header line that already holds ``used`` characters; folded by CRLF SP where needed."""
    require_addr(addr)
    name = " ".join(words.refuse_injection(name, "tên hiển thị").split())
    if not name:
        return addr if used + len(addr) <= 76 else f"\r\n {addr}"
    if words.is_plain(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        quoted = name if re.fullmatch(r"[A-Za-z0-9 ]+", name) else f'"{escaped}"'
        if used + len(quoted) + len(addr) + 3 <= 76:
            return f"{quoted} <{addr}>"
        if len(quoted) <= 72:
            return f"\r\n {quoted}\r\n <{addr}>" if used > 4 else f"{quoted}\r\n <{addr}>"
    return f"{words.encode_words(name, used)}\r\n <{addr}>"


def _entries(text: str) -> list[tuple[str, bool]]:
    """Split at commas that are outside quotes, comments and brackets; drop comments; open groups."""
    out: list[tuple[str, bool]] = []
    current: list[str] = []
    quoted = angle = seen_at = literal = False
    depth = 0
    i = 0
    while i < len(text):
        c = text[i]
        if c == "\\" and (quoted or depth) and i + 1 < len(text):
            if not depth:
                current.append(text[i : i + 2])
            i += 2
            continue
        if depth:
            depth += (c == "(") - (c == ")")
        elif quoted:
            current.append(c)
            quoted = c != '"'
        elif c == '"':
            quoted = True
            current.append(c)
        elif c == "(":
            depth += 1
        elif c == "<":
            angle = True
            current.append(c)
        elif c == ">":
            angle = False
            current.append(c)
        elif c == ":" and not (angle or seen_at or literal):
            current.clear()  # "group name:"
        elif (c == "," or c == ";") and not angle:
            out.append(("".join(current), False))
            current.clear()
            seen_at = literal = False
        else:
            seen_at = seen_at or c == "@"
            literal = literal or c == "["
            current.append(c)
        i += 1
    out.append(("".join(current), quoted or angle or depth > 0))
    return out


def _mailbox(entry: str) -> Address | None:
    entry = entry.strip()
    if entry.endswith(">"):
        phrase, bracket, rest = _outside_quotes(entry, "<")
        addr = rest[:-1].strip()
        if not bracket or "<" in addr or ">" in addr:
            return None
    else:
        phrase, addr = "", entry
        if "<" in entry or ">" in entry:
            return None
    if not valid_addr(addr) or (not addr.startswith('"') and addr.count("@") != 1):
        return None
    return Address(_phrase(phrase), addr)


def _outside_quotes(text: str, mark: str) -> tuple[str, str, str]:
    quoted = False
    skip = False
    for i, c in enumerate(text):
        if skip:
            skip = False
        elif c == "\\" and quoted:
            skip = True
        elif c == '"':
            quoted = not quoted
        elif c == mark and not quoted:
            return text[:i], mark, text[i + 1 :]
    return text, "", ""


def _phrase(phrase: str) -> str:
    phrase = phrase.strip()
    if len(phrase) >= 2 and phrase[0] == phrase[-1] == '"' and '"' not in phrase[1:-1].replace('\\"', ""):
        phrase = re.sub(r"\\(.)", r"\1", phrase[1:-1])
    else:
        phrase = re.sub(r"\\(.)", r"\1", phrase.replace('"', "")) if '"' in phrase else phrase
    return words.decode_words(phrase.encode("utf-8", "surrogateescape")).strip()


def _show(entry: str) -> str:
    return entry.strip()[:200].encode("utf-8", "replace").decode()
