"""Pages as pictures and mails as plain text, made in the limited workers: nothing live ever reaches a browser.

Pictures are kept in memory only, so that nothing of a sealed mail stays in a cache on disk.
"""

from __future__ import annotations

import io
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from congvan_core.errors import NotFoundError, UnreadableError
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.judgement.sandbox import Sandbox
from congvan_gateway.main import App

_WIDTHS = (200, 900, 1400)
_KEEP = 48 * 1024 * 1024
_PAGES = 2000


def draw_page(blobs: str, sha256: str, page: int, width: int, revision: str) -> tuple[bytes, int]:
    """One page (from 0) as PNG and how many there are. ``revision`` ``ky``: as the last signature found it; ``dau``: as
    the first one did.

    Raises UnreadableError for what is no picture and no PDF. Runs in a worker.
    """
    data = BlobStore(blobs).read(sha256)
    if b"%PDF-" in data[:1029]:
        return _draw_pdf(signed_part(data, revision) if revision else data, page, width)
    return _draw_image(data, width), 1


def signed_part(data: bytes, revision: str = "ky") -> bytes:
    """The file up to the end of what its last (``ky``) or first (``dau``) signature covers; whole where there is none.

    Where the last signature covers the whole file and something was changed before it, the first one's is shown.
    """
    ends = [
        int(m[1]) + int(m[2])
        for m in re.finditer(rb"/ByteRange\s*\[\s*\d{1,12}\s+\d{1,12}\s+(\d{1,12})\s+(\d{1,12})\s*\]", data)
    ]
    fitting = [end for end in ends if end <= len(data)]
    if not fitting:
        return data
    last = max(fitting)
    return data[: min(fitting) if revision == "dau" or last >= len(data) - 2 else last]


def _draw_pdf(data: bytes, page: int, width: int) -> tuple[bytes, int]:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise UnreadableError("Tệp PDF không mở được để xem trước") from error
    try:
        count = min(len(pdf), _PAGES)
        if not 0 <= page < count:
            raise NotFoundError("Không có trang này")
        pdf.init_forms()
        sheet = pdf[page]
        wide, high = sheet.get_size()
        scale = min(width / max(wide, 1), 3000 / max(high, 1), 6)
        image = sheet.render(scale=scale).to_pil()
    except pypdfium2.PdfiumError as error:
        raise UnreadableError("Trang này không vẽ được") from error
    finally:
        pdf.close()
    return _png(image), count


def _draw_image(data: bytes, width: int) -> bytes:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = 120_000_000
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP")) as image:
            image.thumbnail((width, 3000))
            return _png(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableError("Tệp này không xem trước được") from error


def _png(image: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue()


def mail_text(blobs: str, sha256: str) -> str:
    """What a person wrote in the mail, as plain text. Runs in a worker."""
    from congvan_mailbox.message import parse_message

    return parse_message(BlobStore(blobs).read(sha256)).body_text(64 * 1024)


def signer_certificates(blobs: str, sha256: str) -> list[bytes]:
    """The DER certificates that signed a PDF. Runs in a worker."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(BlobStore(blobs).read(sha256)), strict=False)
    return [s.signer_cert.dump() for s in reader.embedded_signatures[:50]]


def page_says(blobs: str, sha256: str) -> dict[str, str]:
    """Number, date, type, subject, author and signer as the text of the pages says them. Runs in a worker."""
    from congvan_core.documents.page_facts import read_text
    from congvan_core.integrity.facts import from_page
    from congvan_gateway.judgement.content import page_texts

    texts = page_texts(BlobStore(blobs).read(sha256))
    if not any(t.strip() for t in texts):
        return {}
    return facts_in_words(from_page(read_text(texts[0], texts[1:])))


def facts_in_words(facts: Any) -> dict[str, str]:
    """A source's facts as a person reads them, empty ones left out."""
    said = {
        "number": str(facts.number or ""),
        "date": f"{facts.issued_on:%d/%m/%Y}" if facts.issued_on else "",
        "type": facts.type_name,
        "subject": facts.subject,
        "author": facts.author,
        "signer": facts.signer,
    }
    return {key: value for key, value in said.items() if value}


class Pictures:
    """The pictures and texts of one console, the latest kept in memory; made in a worker of its own."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[Any, ...], tuple[Any, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        # A clerk who looks at a page does not wait for the judges, nor they for her.
        self._sandbox = Sandbox(app.settings.verification.model_copy(update={"workers": 1}))

    def page(self, sha256: str, page: int, width: int, *, revision: str = "") -> tuple[bytes, int]:
        """PNG and page count. Raises UnreadableError, NotFoundError, SandboxError."""
        width = min(_WIDTHS, key=lambda w: abs(w - width))
        made: tuple[bytes, int] = self._make(draw_page, sha256, page, width, revision)
        return made

    def text(self, raw_sha256: str) -> str:
        return str(self._make(mail_text, raw_sha256))

    def says(self, sha256: str) -> dict[str, str]:
        return dict(self._make(page_says, sha256))

    def certificates(self, sha256: str) -> list[bytes]:
        return list(self._make(signer_certificates, sha256))

    def close(self) -> None:
        self._sandbox.close()

    def _make(self, function: Callable[..., Any], *given: Any) -> Any:
        key = (function.__name__, *given)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        made = self._sandbox.run(function, str(self._app.settings.path(self._app.settings.storage.blobs)), *given)
        weight = len(made[0]) if isinstance(made, tuple) else 1000 + len(made)
        with self._lock:
            self._kept[key] = (made, weight)
            self._size += weight
            while self._size > _KEEP and len(self._kept) > 1:
                _, (_, old) = self._kept.popitem(last=False)
                self._size -= old
        return made

    def forget(self) -> None:
        """Nothing stays: called when a mail is sealed."""
        with self._lock:
            self._kept.clear()
            self._size = 0
