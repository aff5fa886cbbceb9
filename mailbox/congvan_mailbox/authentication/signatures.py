"""DKIM signatures and the ARC chain of a mail (RFC 6376, RFC 8617), by dkimpy with our resolver and our limits."""

from __future__ import annotations

import logging
import re
import warnings
from typing import Any

from congvan_mailbox.authentication.names import Budget, DnsFailure
from congvan_mailbox.authentication.results import ArcResult, DkimResult

#: RFC 6376 6.1: a verifier may limit the number of signatures it tries.
MAX_SIGNATURES = 8
#: RFC 8301 3.2: shorter RSA keys are not accepted.
MIN_KEY_BITS = 1024
MAX_ARC_SETS = 50
_TAG = re.compile(rb"(?:^|;)\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*([^;]*)")
_SILENT = logging.getLogger("congvan.dkim.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def _dkim() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dkim
    return dkim


class _Keys:
    """dkimpy's ``dnsfunc``; remembers that an answer failed, which the library cannot tell from a missing key."""

    def __init__(self, names: Budget) -> None:
        self._names = names
        self.failed = False

    def __call__(self, name: bytes, timeout: float = 5) -> bytes | None:
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)
        try:
            values = self._names.lookup(text, "TXT")
        except DnsFailure:
            self.failed = True
            return None
        return next((v.encode("utf-8", "surrogateescape") for v in values if "p=" in v), None)


def check_dkim(
    raw: bytes, headers: list[tuple[bytes, bytes]], names: Budget, moment: float | None = None
) -> list[DkimResult]:
    """Each signature of ``raw`` judged, in order; ``headers`` are its raw fields; ``moment``: Unix time."""
    library = _dkim()
    out: list[DkimResult] = []
    values = [v for n, v in headers if n.strip().lower() == b"dkim-signature"]
    for index, value in enumerate(values[:MAX_SIGNATURES]):
        tags = _tags(value)
        keys = _Keys(names)
        result, why = "fail", ""
        try:
            verifier = library.DKIM(raw, logger=_SILENT, minkey=MIN_KEY_BITS, timeout=5)
            result = "pass" if verifier.verify(index, dnsfunc=keys) else "fail"
        except library.ValidationError as error:
            why = str(error)
            result = "fail" if "mismatch" in why else "policy" if "past" in why else "permerror"
        except library.DKIMException as error:
            result, why = "permerror", str(error)
        except Exception as error:  # broken base64, odd characters: the library lets them through
            result, why = "permerror", type(error).__name__
        if keys.failed and result != "pass":
            result, why = "temperror", "key not fetched"
        algorithm = tags.get("a", "").lower()
        if result == "pass" and "sha1" in algorithm:
            result, why = "policy", "rsa-sha1 is not accepted (RFC 8301 3.1)"
        if result == "pass" and moment is not None and (expiry := tags.get("x", "")).isdigit() and int(expiry) < moment:
            result, why = "policy", "signature expired"
        signed = [h.strip().lower() for h in tags.get("h", "").split(":")]
        if result == "pass" and "from" not in signed:
            result, why = "permerror", "From is not signed"
        domain = tags.get("d", "").lower() or None
        out.append(DkimResult(result, domain, tags.get("s"), tags.get("i"), algorithm or None, "l" in tags, why[:200]))
    return out


def check_arc(raw: bytes, headers: list[tuple[bytes, bytes]], names: Budget) -> ArcResult:
    """The chain of seals; ``none`` where there is none."""
    seals = [v for n, v in headers if n.strip().lower() == b"arc-seal"]
    if not seals:
        return ArcResult("none")
    if len(seals) > MAX_ARC_SETS:
        return ArcResult("fail", (), "too many sets")
    library = _dkim()
    keys = _Keys(names)
    try:
        cv, results, why = library.arc_verify(raw, logger=_SILENT, dnsfunc=keys, minkey=MIN_KEY_BITS)
    except Exception as error:
        return ArcResult("fail", (), type(error).__name__)
    sealers = tuple(_text(r.get("as-domain")) for r in results if r.get("as-domain"))
    if keys.failed and cv != library.CV_Pass:
        return ArcResult("temperror", sealers, "key not fetched")
    return ArcResult("pass" if cv == library.CV_Pass else "fail", sealers, str(why)[:200])


def _tags(value: bytes) -> dict[str, str]:
    flat = re.sub(rb"\r?\n[ \t]+", b" ", value)
    out: dict[str, str] = {}
    for name, content in _TAG.findall(flat):
        out.setdefault(name.decode("ascii").strip(), re.sub(r"\s+", "", content.decode("utf-8", "replace")))
    return out


def _text(value: Any) -> str:
    return value.decode("ascii", "replace").lower() if isinstance(value, bytes) else str(value).lower()
