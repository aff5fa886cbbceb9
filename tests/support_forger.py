"""Mails as a stranger, a careless clerk or a broken server would send them, built with the program's own packer."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from congvan_core.documents.filename import build
from congvan_core.documents.model import DocumentLink, DocumentMetadata, FileRef, FileRole, Party, StatusReport
from congvan_core.documents.number import from_parts
from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.ids import VIETNAM, now
from congvan_core.signatures.sign_timestamp import HttpTimeStamper
from congvan_core.signatures.signing import sign_pdf
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_mailbox.message import Address
from congvan_mailbox.package.cover import Cover
from congvan_mailbox.package.pack import build_package, new_message_id, outer_headers
from congvan_mailbox.receipts.content import ReceiptContent
from congvan_mailbox.receipts.render import receipt_mail
from congvan_mailbox.receipts.wording import Letter
from congvan_mailbox.smime.sign import KeySigner
from support_pki import LivePki
from support_station import A_CODE, A_MAIL, A_NAME, B_CODE, B_MAIL, B_NAME

SYMBOL = "QĐ-STNA"
SUBJECT = "phê duyệt Kế hoạch số hóa"
_names = itertools.count()


@dataclass
class Forger:
    """Knows every key of the test PKI and uses the wrong ones on request."""

    pki: LivePki
    folder: Path

    def pdf(self, number: str, *, leader: str = "leader", agency: str = "agency-a", subject: str = SUBJECT) -> bytes:
        """A decision with both signatures and live time stamps."""
        today = now().astimezone(VIETNAM).date()
        sample = make(SampleSpec(author=A_NAME, symbol=SYMBOL, number=number, issued_on=today, subject=subject))
        stamper = HttpTimeStamper(self.pki.tsa_url)
        signed = sign_pdf(sample.pdf, self.pki.signing_key(leader), timestamper=stamper, reserve_agency=False)
        return sign_pdf(
            signed, self.pki.signing_key(agency), kind="agency", timestamper=stamper, rect=(60, 60, 160, 160), page=0
        )

    def package(
        self,
        number: str,
        pdf: bytes,
        *,
        key: str = "gateway-a",
        message_id: str | None = None,
        to: tuple[tuple[str, str, str], ...] = ((B_CODE, B_NAME, B_MAIL),),
        subject: str = SUBJECT,
    ) -> bytes:
        """The whole mail from A's mailbox, signed by ``key``."""
        today = now().astimezone(VIETNAM).date()
        meta = DocumentMetadata(
            document_id=f"{A_CODE},{today:%Y/%m/%d},{number}/{SYMBOL}",
            number=number,
            symbol=SYMBOL,
            issued_on=today,
            type_name="Quyết định",
            subject=subject,
            author=Party(code=A_CODE, name=A_NAME),
            recipients=tuple(Party(code=c, name=n, email=m) for c, n, m in to),
            pages=1,
        )
        name = build(from_parts(SYMBOL, number), today, subject, "pdf")
        body = build_package(
            meta,
            [(FileRef(name, "application/pdf", FileRole.MAIN), pdf)],
            signer=KeySigner(self.pki.signing_key(key)),
            cover=Cover(sender=A_NAME),
            from_addr=Address(A_NAME, A_MAIL),
            date=now().astimezone(VIETNAM).replace(microsecond=0),
        )
        headers = outer_headers(
            body.data,
            to=[Address(n, m) for _, n, m in to],
            message_id=message_id or new_message_id("a.example.vn"),
            document=meta.document_id,
        )
        return headers + body.data

    def receipt(
        self, document_id: str, *, key: str = "gateway-b", reporter: str = B_CODE, mail: str = B_MAIL, code: str = "03"
    ) -> bytes:
        """A status packet on a document of A's."""
        moment = now().astimezone(VIETNAM).replace(microsecond=0)
        status = StatusReport(
            code=code,
            reporter=Party(code=reporter, name=B_NAME, email=mail),
            document=DocumentLink(organ_id=A_CODE, document_id=document_id),
            description="Đã vào sổ",
            at=moment,
            register_number="999" if code == "03" else "",
            arrived_at=moment,
            registered_at=moment,
            addressee=reporter,
            to=Party(code=A_CODE, name=A_NAME),
        )
        content = ReceiptContent(
            status, Letter("Thông báo tiếp nhận", (("Kính gửi",),)), Address(B_NAME, mail), Address(A_NAME, A_MAIL),
            moment, mail, original_message_id=new_message_id("a.example.vn"),
        )  # fmt: skip
        return receipt_mail(content, KeySigner(self.pki.signing_key(key)), new_message_id("b.example.vn"))

    def hand_in(self, app: App, raw: bytes, rcpt: str, *, sender: str = "") -> dict[str, Any]:
        """The mail as if it had arrived, judged at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{next(_names)}.eml"
        path.write_bytes(raw)
        return take_in_file(app, path, sender=sender, recipients=[rcpt])
