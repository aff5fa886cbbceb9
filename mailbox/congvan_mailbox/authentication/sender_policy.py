"""SPF (RFC 7208) by pyspf, whose name look-ups are led through our resolver; nothing global is replaced."""

from __future__ import annotations

import ipaddress
import warnings
from typing import Any

from congvan_mailbox.authentication.names import Budget, DnsFailure
from congvan_mailbox.authentication.results import SpfResult


def check_spf(client_ip: str | None, helo: str, mail_from: str | None, names: Budget) -> SpfResult:
    """The result for the envelope sender, or for HELO where it is empty (RFC 7208 2.4). Never raises."""
    sender = (mail_from or "").strip().strip("<>")
    domain = sender.rpartition("@")[2] or helo.strip().strip("[]")
    scope = "mailfrom" if "@" in sender else "helo"
    if not client_ip or not domain or "." not in domain:
        return SpfResult("none", domain or None, scope, "no client address or no domain")
    try:
        ipaddress.ip_address(client_ip)
    except ValueError:
        return SpfResult("none", domain, scope, "client address is none")
    try:
        query = _query_class()(names, client_ip, sender, helo)
        result, _, explanation = query.check()
    except Exception as error:  # the library raises plain Exception for odd names; a stranger's record may not stop us
        return SpfResult("permerror", domain.lower(), scope, type(error).__name__)
    word = str(result).lower()
    return SpfResult(word if word in _WORDS else "permerror", domain.lower(), scope, str(explanation)[:300])


_WORDS = ("pass", "fail", "softfail", "neutral", "none", "temperror", "permerror")


def _query_class() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyspf 2.0.14 has an invalid escape in a docstring
        import spf

    class Query(spf.query):  # type: ignore[misc, unused-ignore]
        """One evaluation, asking our resolver."""

        def __init__(self, names: Budget, client_ip: str, sender: str, helo: str) -> None:
            super().__init__(i=client_ip, s=sender, h=helo, strict=True, timeout=20, querytime=20)
            self._names = names

        def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:
            labels = str(name).rstrip(".").split(".")
            if qtype == "SPF" or not all(0 < len(label) < 64 for label in labels):
                return []  # type SPF is obsolete (RFC 7208 3.1)
            try:
                values = self._names.lookup(".".join(labels), qtype)
            except DnsFailure as error:
                raise spf.TempError(f"DNS {error.message}") from error
            if not values and not ignore_void:
                self.void_lookups += 1
                if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                    raise spf.PermError(f"Void lookup limit of {spf.MAX_VOID_LOOKUPS} exceeded")
            return [_shaped(qtype, v) for v in values]

    return Query


def _shaped(qtype: str, value: str) -> Any:
    if qtype == "TXT":
        return (value.encode("utf-8", "surrogateescape"),)
    if qtype == "MX":
        preference, _, host = value.partition(" ")
        return (int(preference) if preference.isdigit() else 0, host.strip())
    return value
