"""Telling text files apart: encoding (Điều 9 asks for Unicode), mail, markup, scripts, plain words."""

from __future__ import annotations

import re

from congvan_core.documents.format_table import FORMATS, Format

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_HEADER = re.compile(r"^([!-9;-~]+):", re.MULTILINE)
_MAIL_FIELDS = frozenset(
    {
        "received", "return-path", "from", "to", "cc", "date", "subject", "message-id", "mime-version", "content-type",
        "delivered-to", "reply-to", "dkim-signature", "content-transfer-encoding", "x-mailer", "sender",
    }
)  # fmt: skip
_HTML = re.compile(
    r"^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|meta|title|table|div|iframe)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(r"^\s*(?:<\?xml\b|<[A-Za-z_][\w.\-]*(?::[\w.\-]+)?(?:\s|/?>))")
_SCRIPT_SIGNS = (
    r"\bWScript\.", r"\bActiveXObject\b", r"\beval\s*\(", r"\bpowershell(?:\.exe)?\b", r"\bCreateObject\s*\(",
    r"\bdocument\.(?:write|cookie|location)\b", r"\bfunction\s*\w*\s*\([^)]*\)\s*\{", r"\bunescape\s*\(",
    r"^\s*(?:var|let|const)\s+\w+\s*=", r"\bExecuteGlobal\b", r"\bfromCharCode\b", r"^\s*@echo\s+off\b",
    r"\bInvoke-(?:WebRequest|Expression)\b", r"\bShell\.Application\b",
)  # fmt: skip
_SCRIPTS = [re.compile(sign, re.IGNORECASE | re.MULTILINE) for sign in _SCRIPT_SIGNS]
#: Letters that TCVN3 (.VnTime) puts where cp1258 has symbols; frequent in any Vietnamese sentence.
_TCVN3_SIGNS = frozenset(b"\xb5\xb6\xb7\xb8\xb9\xa8\xa9\xaa\xab\xac\xad\xae\xbb\xbc\xbd\xbe")
_VIETNAMESE = re.compile(r"[ăâđêôơưáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]", re.IGNORECASE)


def guess_encoding(data: bytes, *, whole: bool = True) -> str | None:
    """``utf-8``, ``utf-16-le``, ``utf-16-be``, ``cp1258`` or ``tcvn3``; None where the bytes are no text.

    ``whole`` is False where ``data`` is only the beginning of the file, so that a letter may be cut at its end.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if data.startswith(b"\xfe\xff"):
        return "utf-16-be"
    sample = data[:4096]
    if sample.count(0) > len(sample) // 4:
        low, high = sample[1::2].count(0), sample[0::2].count(0)
        return "utf-16-le" if low > 4 * high else "utf-16-be" if high > 4 * low else None
    if _CONTROL.search(data):
        return None
    for cut in range(1 if whole else 4):
        try:
            data[: len(data) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return "utf-8"
    return _eight_bit(data)


def _eight_bit(data: bytes) -> str | None:
    high = [b for b in data if b >= 0x80]
    if len(high) > len(data) * 0.6:
        return None
    if sum(b in _TCVN3_SIGNS for b in high) * 4 >= len(high):
        return "tcvn3"
    from congvan_core.documents.legacy_text import decode_cp1258

    text = decode_cp1258(data)
    return "cp1258" if _VIETNAMESE.search(text) or text.isprintable() else None


def decode(data: bytes, encoding: str) -> str:
    """Bytes of an encoding that :func:`guess_encoding` names, as NFC text; what does not fit becomes U+FFFD."""
    from congvan_core.documents import legacy_text
    from congvan_core.documents.text import nfc

    if encoding == "tcvn3":
        return legacy_text.from_tcvn3(data.decode("cp1252", "replace"))
    if encoding == "cp1258":
        return legacy_text.decode_cp1258(data)
    return nfc(data.decode(encoding, "replace")).lstrip("\ufeff")


def text_format(head: bytes, *, whole: bool) -> Format | None:
    """The format of a file of text by its beginning; None where it is no text."""
    encoding = guess_encoding(head, whole=whole)
    if encoding is None:
        return None
    text = decode(head, encoding)
    return _markup(text, head).but(encoding="utf-8" if encoding == "utf-8-sig" else encoding)


def _markup(text: str, head: bytes) -> Format:
    start = text[:16_384]
    if start.startswith("#!"):
        return FORMATS["script"]
    if start.startswith(("-----BEGIN PKCS7", "-----BEGIN CMS")):
        return _pem_cms(start)
    if start.startswith(("-----BEGIN CERTIFICATE", "-----BEGIN X509")):
        return FORMATS["crt"]
    if re.match(r"\s*BEGIN:VCALENDAR", start):
        return FORMATS["ics"]
    if re.match(r"\s*BEGIN:VCARD", start):
        return FORMATS["vcf"]
    if re.search(r"<hta:application", start, re.IGNORECASE):
        return FORMATS["hta"]
    if _HTML.match(start):
        return FORMATS["html"]
    if _XML.match(start):
        return _xml(start)
    from congvan_core.documents.sniff_asn1 import smime_body

    if (body := smime_body(head.lstrip())) is not None:
        return (
            _from_base64(re.sub(r"\s", "", head.lstrip()[body : body + 8192].decode("ascii", "replace")))
            or FORMATS["p7m"]
        )
    if _is_mail(start):
        return FORMATS["eml"]
    if sum(bool(sign.search(start)) for sign in _SCRIPTS) >= 2:
        return FORMATS["js"]
    return _base64_cms(head) or FORMATS["txt"]


def _xml(start: str) -> Format:
    body = re.sub(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?>", "", start, flags=re.DOTALL)
    root = re.match(r"\s*<(?:[\w.\-]+:)?([\w.\-]+)", body)
    name = root[1].lower() if root else ""
    if name == "svg":
        return FORMATS["svg"]
    if name == "html":
        return FORMATS["html"]
    return FORMATS["edxml"] if name in ("edxml", "edxmlenvelope") or "www.e-doc.vn" in body[:4096] else FORMATS["xml"]


def _is_mail(start: str) -> bool:
    if not _HEADER.match(start.lstrip("\r\n")):
        return bool(re.match(r"From \S+ ", start))
    head = re.split(r"\r?\n\r?\n", start, maxsplit=1)[0]
    fields = {m[1].lower() for m in _HEADER.finditer(head)}
    return len(fields & _MAIL_FIELDS) >= 3 or ("received" in fields and "from" in fields)


def _pem_cms(start: str) -> Format:
    body = re.sub(r"-----[^-]+-----|\s", "", start)
    return _from_base64(body) or FORMATS["p7m"]


def _base64_cms(head: bytes) -> Format | None:
    body = re.sub(rb"\s", b"", head[:8192])
    if not body.startswith(b"MI") or not re.fullmatch(rb"[A-Za-z0-9+/]+=*", body):
        return None
    return _from_base64(body.decode("ascii"))


def _from_base64(body: str) -> Format | None:
    import base64
    import binascii

    from congvan_core.documents.sniff_asn1 import cms_name

    try:
        name = cms_name(base64.b64decode(body.rstrip("=")[: len(body) // 4 * 4 - 4], validate=False))
    except (binascii.Error, ValueError):
        return None
    return FORMATS[name] if name else None
