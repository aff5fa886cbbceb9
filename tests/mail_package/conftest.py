"""A document of Sở Mẫu Thử to two agencies, and a station key made for the session."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, Party, SignerInfo, Urgency
from congvan_core.signatures.sign_keys import MemoryKey
from congvan_mailbox.smime import KeySigner


def station_key(name: str = "Trạm Sở Mẫu Thử", mail: str = "vanthu.smt@example.gov.vn") -> MemoryKey:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(mail)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return MemoryKey(key, certificate)


@pytest.fixture(scope="session")
def station() -> KeySigner:
    return KeySigner(station_key())


@pytest.fixture
def metadata() -> DocumentMetadata:
    return DocumentMetadata(
        number="67",
        symbol="SMT-VP",
        issued_on=date(2026, 8, 5),
        place="Hải Phòng",
        type_name="Công văn",
        type_code=2,
        type_detail=18,
        subject="V/v rà soát hộp thư công vụ",
        urgency=Urgency.URGENT,
        due_on=date(2026, 8, 12),
        pages=2,
        author=Party("H24.90", "Sở Mẫu Thử", "vanthu.smt@example.gov.vn", "UBND thành phố Hải Phòng"),
        recipients=(
            Party("H24.91.07", "Ủy ban nhân dân phường Thí Điểm", "vanthu.thidiem@example.gov.vn"),
            Party("H24.91.08", "Ủy ban nhân dân xã Mẫu", "xamau@example.gov.vn"),
        ),
        signer=SignerInfo("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "Trần Thị Bình Minh"),
        to_places=("Như trên", "Lưu: VT, VP"),
    )


@pytest.fixture
def files() -> list[tuple[FileRef, bytes]]:
    pdf = "application/pdf"
    return [
        (FileRef("67-SMT-VP_05082026_Ra-soat-hop-thu-cong-vu.pdf", pdf, FileRole.MAIN), b"%PDF-1.7 " + b"x" * 5000),
        (FileRef("Phụ lục 1 – danh sách hộp thư.pdf", pdf), b"%PDF-1.7 phu luc"),
    ]
