"""The file of a draft: a Word file becomes PDF, a PDF gets its fields for number and date, before anyone sees it."""

from __future__ import annotations

from pathlib import Path

from congvan_core.documents.text import nfc
from congvan_core.errors import InputError, RefusedError, UnreadableError
from congvan_core.signatures.sign_fields import NUMBER_FIELD, lay_fields
from congvan_core.signatures.sign_find import find_signature_place
from congvan_core.storage.blobs import StoredBlob
from congvan_core.workflow.number_places import NumberingPlaces, find_numbering_places
from congvan_core.workflow.office_to_pdf import EXTENSIONS, office_to_pdf
from congvan_core.workflow.signing_round import Place, form_values
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.main import App

#: A draft is read by several people and signed several times.
MAX_DRAFT = 100 << 20


def lay_out(pdf: bytes) -> bytes:
    """The PDF with its fields for number and date. A file that has them stays as it is. Runs in a worker.

    Raises RefusedError (signed already, or no blank on the page), UnreadableError.
    """
    if b"/ByteRange" in pdf:
        raise RefusedError("Tệp đã có chữ ký số; dự thảo phải là bản chưa ký. Văn bản đã ký số gửi ở mục Gửi văn bản.")
    if NUMBER_FIELD in form_values(pdf):
        return pdf
    return lay_fields(pdf, find_numbering_places(pdf).fields)


def take_file(app: App, name: str, data: bytes, *, on_paper: bool = False) -> tuple[str, StoredBlob]:
    """What the drafter uploaded, ready to be read and signed, and in the store: its name and blob.

    ``on_paper``: it will be printed and signed by hand, so that nothing needs to stay open. Raises InputError,
    RefusedError with what must be mended on the page, UnreadableError, TemporaryError.
    """
    plain = nfc(name.replace("\\", "/").rpartition("/")[2])[:200] or "du-thao"
    if not data or len(data) > MAX_DRAFT:
        raise InputError("Tệp dự thảo trống hoặc lớn hơn 100 MB.")
    if Path(plain).suffix.lower() in EXTENSIONS:
        data, plain = office_to_pdf(data, plain), f"{Path(plain).stem}.pdf"
    elif b"%PDF-" not in data[:1024]:
        raise InputError(f"Dự thảo phải là tệp PDF hoặc {', '.join(EXTENSIONS)}; “{plain}” không phải.")
    if not on_paper:
        data = _limited(app, lay_out, data)
    return plain, app.blobs.put_bytes(data)


def _limited(app: App, work: object, data: bytes) -> bytes:
    try:
        done: bytes = app.sandbox.run(work, data)  # type: ignore[arg-type]
    except SandboxError as error:
        raise RefusedError(
            "Tệp dự thảo quá nặng hoặc hỏng nên không đọc được; hãy xuất lại PDF rồi tải lên."
        ) from error
    return done


def page_total(pdf: bytes) -> int:
    """How many pages a PDF has. Runs in a worker. Raises UnreadableError."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise UnreadableError("Tệp PDF không mở được để xem trước") from error
    try:
        return len(document)
    finally:
        document.close()


def place_of(pdf: bytes, full_name: str, position: str) -> Place:
    """Where this person signs. Raises RefusedError where their name is not printed on the last pages."""
    from congvan_core.errors import NotFoundError

    try:
        found = find_signature_place(pdf, full_name, position.removeprefix("Q. "))
    except NotFoundError:
        raise RefusedError(
            f"Văn bản không in họ tên “{full_name}” ở chỗ ký nên chưa ký được. Nếu người khác ký thay (KT., TL., TUQ.), hãy "
            "trả lại để người soạn thảo sửa chỗ ký rồi trình lại."
        ) from None
    return Place(found.page, found.rect)


def printed_places(app: App, pdf: bytes) -> NumberingPlaces:
    """What of the date is printed already. Raises RefusedError, UnreadableError."""
    try:
        return app.sandbox.run(find_numbering_places, pdf)
    except SandboxError as error:
        raise RefusedError("Không đọc được trang 1 của văn bản.") from error
