"""Paths and parameters of MAIL and RCPT, read strictly (RFC 5321 4.1.2, 4.1.3; RFC 6531 3.3)."""

from __future__ import annotations

import re

from congvan_core.errors import InputError

#: Everything beyond ASCII but surrogates, by which undecodable octets are carried.
_U = r"\u0080-\ud7ff\ue000-\U0010ffff"
_ATEXT = rf"[A-Za-z0-9!#$%&'*+\-/=?^_`{{|}}~{_U}]"
_LABEL = rf"[A-Za-z0-9{_U}](?:[A-Za-z0-9_\-{_U}]*[A-Za-z0-9{_U}])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_LOCAL = rf"(?:{_ATEXT}+(?:\.{_ATEXT}+)*|\"(?:[ !#-\[\]-~{_U}]|\\[ -~])*\")"
_PATH = re.compile(
    rf"<(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?"  # a source route MUST be accepted and SHOULD be ignored (RFC 5321 F.2)
    rf"(?P<address>(?P<local>{_LOCAL})(?:@(?P<domain>{_DOMAIN}|\[[!-Z^-~]+\]))?)?>"
)
#: The usual shape, so that most mail does not meet the long expression.
_HOST = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_PLAIN = re.compile(rf"<([A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*@{_HOST}(?:\.{_HOST})+)>")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]+")
_NEEDLESS = re.compile(rf"\"({_ATEXT}+(?:\.{_ATEXT}+)*)\"@([^\"]+)")
_PARAMETER = re.compile(rf"([A-Za-z0-9][A-Za-z0-9\-]*)(?:=([!-<>-~{_U}]+))?")

#: RFC 5321 4.5.3.1.1-3: octets in a local part and in a path. Real local parts are longer than 64 at times.
_MAX_LOCAL, _MAX_PATH = 128, 320
_MAX_PARAMETERS = 20


def parse_path(text: str, keyword: str, *, null_allowed: bool) -> tuple[str, dict[str, str]]:
    """Read ``FROM:<a@b> KEY=value …``: the address ("" for the null path) and its parameters, keys upper-case.

    ``text`` is what follows the verb, ``keyword`` is "FROM:" or "TO:". ``<postmaster>`` without a domain is a
    path of its own (RFC 5321 4.5.1). Raises InputError: ``details["code"]`` says "path" or "parameter".
    """
    if text[: len(keyword)].upper() != keyword:
        raise InputError(f"Syntax: {keyword}<address>", code="syntax")
    rest = text[len(keyword) :].lstrip(" ")
    plain = _PLAIN.match(rest)
    if plain:
        address, end = plain[1], plain.end()
    else:
        match = _PATH.match(rest)
        if not match or (not match["address"] and match[0] != "<>"):
            raise InputError("not a mail path", code="path")
        address, end = match["address"] or "", match.end()
        if address and match["domain"] is None and address.lower() != "postmaster":
            raise InputError("a mail path needs a domain", code="path")
    if not address and not null_allowed:
        raise InputError("the null path cannot be a recipient", code="path")
    local = address.rpartition("@")[0]
    if len(address.encode("utf-8", "surrogateescape")) > _MAX_PATH or len(local) > _MAX_LOCAL:
        raise InputError("mail path too long", code="path")
    tail = rest[end:]
    return address, parse_parameters(tail) if tail else {}


def parse_parameters(text: str) -> dict[str, str]:
    """ESMTP parameters (RFC 5321 4.1.2) with their values' case kept; "" where a parameter has no value."""
    if text.strip(" ") == "":
        return {}
    if text[0] != " ":
        raise InputError("a blank must follow the path", code="path")
    found: dict[str, str] = {}
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if not match or match[1].upper() in found or len(found) >= _MAX_PARAMETERS:
            raise InputError("malformed parameter", code="parameter")
        found[match[1].upper()] = match[2] or ""
    return found


#: xtext (RFC 3461 4): printable ASCII but "+" and "=", and octets as "+" with two hexadecimal digits.
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})+")
#: The same for addresses of SMTPUTF8 (RFC 6533 3): "=" too, anything beyond ASCII as itself or as ``\x{…}``.
_UTF8_XTEXT = re.compile(rf"(?:[!-~{_U}])+")


def is_xtext(value: str) -> bool:
    """Whether a parameter's value can be decoded (RFC 3461 4)."""
    return _XTEXT.fullmatch(value) is not None


def is_original_recipient(value: str, *, utf8: bool) -> bool:
    """Whether this is an ORCPT: a type, a semicolon, the address as xtext (RFC 3461 4.2; of type utf-8: RFC 6533 3).

    ``utf8`` says that the mail came with SMTPUTF8: only then may an address stand there beyond ASCII.
    """
    kind, found, original = value.partition(";")
    if not _ATOM.fullmatch(kind) or not found or len(value) > 500:
        return False
    if kind.lower() == "utf-8":
        return _UTF8_XTEXT.fullmatch(original) is not None and (utf8 or original.isascii())
    return is_xtext(original)


def unquoted(address: str) -> str:
    """The address without quotes that it does not need: both forms are one mailbox (RFC 5321 4.1.2)."""
    match = _NEEDLESS.fullmatch(address)
    return f"{match[1]}@{match[2]}" if match else address


def is_ascii_address(address: str) -> bool:
    """Whether the address can travel without SMTPUTF8."""
    return address.isascii()
