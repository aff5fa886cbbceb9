"""Cầu nối ký số: a small program on the signer's machine; the desk's page asks it over loopback HTTP with the verbs of the
official signing tool, and the key never leaves its token.

POST /certificate, /sign_approved, /sign_issued, /sign_income, /sign_appendix, /sign_copy, /sign_files, /comment with JSON;
``Status`` 0 is done, anything else is told in ``Message``. A verb signs either ``ToSign`` (base64 of the signed attributes:
the two-step way) or ``Content`` (base64 of a whole PDF). Only the named origins are answered, and a person confirms each.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization

from congvan_core.errors import ConfigurationError, CongvanError, InputError, RefusedError
from congvan_core.signatures.sign_keys import SigningKey, common_name
from congvan_core.signatures.signing import sign_pdf

VERBS = ("sign_approved", "sign_issued", "sign_income", "sign_appendix", "sign_copy", "sign_files", "comment")
#: Verbs by which the agency's certificate signs.
_AGENCY = ("sign_issued", "sign_income", "sign_appendix", "sign_copy")
MAX_BODY = 140 << 20
MAX_TO_SIGN = 100_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a page wants signed, as a person is asked about it."""

    verb: str
    origin: str
    file_name: str
    document_digest: str
    number: str = ""


class Bridge:
    """The bridge's answers, apart from the wire. ``confirm`` asks the person; one signature at a time."""

    def __init__(self, key: SigningKey, confirm: Callable[[Request], bool]) -> None:
        self._key, self._confirm, self._lock = key, confirm, threading.Lock()

    def answer(self, verb: str, said: dict[str, Any], origin: str) -> dict[str, Any]:
        """The verb's JSON answer; an error is ``Status`` 1 with its sentence."""
        try:
            if verb == "certificate":
                return self._certificate()
            if verb not in VERBS:
                raise InputError(f"Không có lệnh ký số “{verb[:40]}”.")
            return self._sign(verb, said, origin)
        except CongvanError as error:
            return _told(said, Status=1, Message=error.message)

    def _certificate(self) -> dict[str, Any]:
        pem = serialization.Encoding.PEM
        return {
            "Status": 0, "Message": "", "Holder": common_name(self._key.certificate),
            "Certificate": self._key.certificate.public_bytes(pem).decode(),
            "Chain": [one.public_bytes(pem).decode() for one in self._key.chain],
        }  # fmt: skip

    def _sign(self, verb: str, said: dict[str, Any], origin: str) -> dict[str, Any]:
        to_sign, content = _bytes(said, "ToSign", MAX_TO_SIGN), _bytes(said, "Content", MAX_BODY)
        if bool(to_sign) == bool(content):
            raise InputError("Cần đúng một trong hai: ToSign (ký hai bước) hoặc Content (cả tệp PDF).")
        wanted = Request(verb, origin, _text(said, "FileName"), _text(said, "DocumentDigest"), _text(said, "DocNumber"))
        with self._lock:
            if not self._confirm(wanted):
                raise RefusedError("Người ký không xác nhận.")
            if to_sign:
                digest = _text(said, "Digest") or "sha256"
                return _told(said, Signature=base64.b64encode(self._key.sign(to_sign, digest)).decode())
            kind = "agency" if verb in _AGENCY else "person"
            return _told(said, Content=base64.b64encode(sign_pdf(content, self._key, kind=kind)).decode())


def _told(said: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The official tool's answer: names as it writes them."""
    return {
        "Status": 0, "FileName": _text(said, "FileName"), "FileServer": "", "DocumentNumber": _text(said, "DocNumber"),
        "DocumentDate": _text(said, "IssuedDate"), "Message": "", **more,
    }  # fmt: skip


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    text = value if isinstance(value, str) else ""
    return "".join(c for c in text if c.isprintable())[:300]


def _bytes(said: dict[str, Any], name: str, most: int) -> bytes:
    value = said.get(name)
    if value is None:
        return b""
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:  # binascii's is one too
        data = b""
    if not 0 < len(data) <= most:
        raise InputError(f"{name} không phải base64 hoặc quá dài.")
    return data


def serve_bridge(
    key: SigningKey, origins: Collection[str], confirm: Callable[[Request], bool], *, port: int
) -> ThreadingHTTPServer:
    """A server on loopback, not yet running. Raises ConfigurationError for a bad origin or a taken port."""
    allowed = {_origin(one) for one in origins}
    if not allowed:
        raise ConfigurationError("Cần nêu địa chỉ trang làm việc được phép gọi: --origin https://…")
    bridge = Bridge(key, confirm)

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "congvan-bridge", ""
        timeout = 60

        def do_OPTIONS(self) -> None:
            if self._known():
                self._answer(204, None)

        def do_POST(self) -> None:
            if not self._known():
                return
            length = self.headers.get("Content-Length", "")
            json_body = self.headers.get("Content-Type", "").partition(";")[0].strip() == "application/json"
            if not length.isdigit() or int(length) > MAX_BODY * 4 // 3 or not json_body:
                self._answer(400, {"Status": 1, "Message": "Yêu cầu không đúng dạng JSON hoặc quá lớn."})
                return
            try:
                said = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                said = None
            if not isinstance(said, dict):
                self._answer(400, {"Status": 1, "Message": "Yêu cầu không đọc được."})
                return
            self._answer(200, bridge.answer(urlsplit(self.path).path.strip("/"), said, self.headers["Origin"]))

        def _known(self) -> bool:
            """Only the named pages, and only by this machine's own name: a rebound DNS name is somebody else's."""
            host = (self.headers.get("Host") or "").rpartition(":")[0]
            if self.headers.get("Origin") in allowed and host in ("127.0.0.1", "localhost"):
                return True
            self.send_error(403)
            return False

        def _answer(self, status: int, value: dict[str, Any] | None) -> None:
            body = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
            self.send_header("Vary", "Origin")
            self.send_header("Access-Control-Allow-Methods", "POST")
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
            self.send_header("Access-Control-Allow-Private-Network", "true")
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal but what the person is asked."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise ConfigurationError(f"Không mở được cổng {port} trên máy này: {error.strerror}") from error
    server.daemon_threads = True
    return server


def _origin(text: str) -> str:
    parts = urlsplit(text.strip())
    local = parts.hostname in ("127.0.0.1", "localhost")
    if not parts.netloc or parts.path.strip("/") or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ConfigurationError(f"Địa chỉ trang làm việc phải là https://tên-máy, không phải “{text[:80]}”.")
    return f"{parts.scheme}://{parts.netloc}"
