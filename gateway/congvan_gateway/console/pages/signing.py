"""Ký số trên máy của người ký: the digest goes out to the browser's own machine, the signature comes back."""

from __future__ import annotations

import base64

from cryptography import x509
from starlette.responses import JSONResponse, Response

from congvan_core.errors import ConflictError, CongvanError, InputError
from congvan_core.ids import iso_vn
from congvan_core.workflow.drafts import get
from congvan_core.workflow.moves import DraftState
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.draft import load
from congvan_gateway.drafting import acts


def begin(ask: Ask) -> Response:
    """First step: ``certificate`` (PEM) in; ``id``, ``to_sign`` (base64), ``digest``, ``document_digest``, ``enclosure`` out, as JSON."""
    try:
        me, row = load(ask)
        if ask.form.text("file", 64) != (row.file_sha256 or ""):
            raise ConflictError("Văn bản đã thay đổi sau khi bạn mở trang; hãy xem lại rồi ký.")
        certificates = _certificates(ask.form.text("certificate", 100_000))
        asked = acts.start_elsewhere(ask.app, row.id, me, certificates[0], certificates[1:])
    except CongvanError as error:
        return JSONResponse({"message": error.message}, status_of(error))
    return JSONResponse(
        {
            "id": asked.id,
            "to_sign": base64.b64encode(asked.to_sign).decode(),
            "digest": asked.digest,
            "document_digest": asked.document_digest.hex(),
            "ends_at": iso_vn(asked.ends_at),
            "enclosure": asked.enclosure,
        }
    )


def end(ask: Ask) -> Response:
    """Second step: ``id`` and ``signature`` (base64) in; ``state``, ``more`` out, as JSON."""
    try:
        me, row = load(ask)
        try:
            signature = base64.b64decode(ask.form.text("signature", 10_000), validate=True)
        except ValueError:
            raise InputError("Chữ ký gửi về không đọc được.") from None
        state = acts.finish_elsewhere(ask.app, ask.form.text("id", 32), me, signature)
    except CongvanError as error:
        return JSONResponse({"message": error.message}, status_of(error))
    with ask.app.database.read() as connection:
        file = get(connection, row.id).file_sha256
    # After an enclosure the document still waits: the page begins the next signature at once.
    more = state is DraftState.NUMBERED
    return JSONResponse({"state": state.value, "words": state.vi, "draft": row.id, "file": file, "more": more})


def _certificates(text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())[:10]
    except ValueError:
        raise InputError("Chứng thư số gửi lên không đọc được (cần dạng PEM).") from None
