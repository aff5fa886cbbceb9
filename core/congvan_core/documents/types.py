"""The types of official documents: names, abbreviations (NĐ 30/2020 Điều 7, Phụ lục III), packet codes (QCVN 102)."""

from __future__ import annotations

from dataclasses import dataclass

from congvan_core.documents.text import fold, nfc


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One type of document.

    ``abbreviation`` is empty for Công văn and Thư công, which have none. ``packet_type`` is ``DocumentType/Type`` of
    the packet (1 = legal normative, 2 = administrative) and ``packet_code`` its ``TypeDetail``; the code is None where
    the published list has no row for the type.
    """

    name: str
    abbreviation: str
    packet_code: int | None
    normative: bool = False
    copy: bool = False

    @property
    def packet_type(self) -> int:
        return 1 if self.normative else 2


def _administrative(*rows: tuple[str, str, int | None]) -> tuple[DocumentType, ...]:
    return tuple(DocumentType(name, abbreviation, code) for name, abbreviation, code in rows)


#: The 29 types of NĐ 30/2020 Điều 7, in the order of the decree.
ADMINISTRATIVE: tuple[DocumentType, ...] = _administrative(
    ("Nghị quyết", "NQ", 1),
    ("Quyết định", "QĐ", 2),
    ("Chỉ thị", "CT", 3),
    ("Quy chế", "QC", 4),
    ("Quy định", "QyĐ", 5),
    ("Thông cáo", "TC", 6),
    ("Thông báo", "TB", 7),
    ("Hướng dẫn", "HD", 8),
    ("Chương trình", "CTr", 9),
    ("Kế hoạch", "KH", 10),
    ("Phương án", "PA", 11),
    ("Đề án", "ĐA", 12),
    ("Dự án", "DA", 13),
    ("Báo cáo", "BC", 14),
    ("Biên bản", "BB", 15),
    ("Tờ trình", "TTr", 16),
    ("Hợp đồng", "HĐ", 17),
    ("Công văn", "", 18),
    ("Công điện", "CĐ", 19),
    ("Bản ghi nhớ", "BGN", 20),
    ("Bản thỏa thuận", "BTT", 22),
    ("Giấy ủy quyền", "GUQ", 24),
    ("Giấy mời", "GM", 25),
    ("Giấy giới thiệu", "GGT", 26),
    ("Giấy nghỉ phép", "GNP", 27),
    ("Phiếu gửi", "PG", 30),
    ("Phiếu chuyển", "PC", 31),
    ("Phiếu báo", "PB", None),
    ("Thư công", "", 32),
)

#: The three kinds of copies (NĐ 30/2020 Điều 25); they share one series of numbers of their own.
COPIES: tuple[DocumentType, ...] = (
    DocumentType("Bản sao y", "SY", None, copy=True),
    DocumentType("Bản trích sao", "TrS", None, copy=True),
    DocumentType("Bản sao lục", "SL", None, copy=True),
)

#: Legal normative documents (Law 64/2025/QH15): these carry the year between number and symbol.
NORMATIVE: tuple[DocumentType, ...] = tuple(
    DocumentType(name, abbreviation, code, normative=True)
    for name, abbreviation, code in (
        ("Hiến pháp", "", 1),
        ("Bộ luật", "", 12),
        ("Luật", "", 2),
        ("Pháp lệnh", "PL", 3),
        ("Lệnh", "L", 4),
        ("Nghị quyết", "NQ", 5),
        ("Nghị quyết liên tịch", "NQLT", 6),
        ("Nghị định", "NĐ", 7),
        ("Quyết định", "QĐ", 8),
        ("Thông tư", "TT", 9),
        ("Thông tư liên tịch", "TTLT", 10),
        ("Chỉ thị", "CT", 11),
    )
)

ALL: tuple[DocumentType, ...] = ADMINISTRATIVE + COPIES + NORMATIVE

CONG_VAN: DocumentType = next(t for t in ADMINISTRATIVE if t.name == "Công văn")
THU_CONG: DocumentType = next(t for t in ADMINISTRATIVE if t.name == "Thư công")

_BY_NAME: dict[tuple[str, bool], DocumentType] = {(fold(t.name), t.normative): t for t in ALL}
#: Spoken and older forms of a type's name that occur in packets.
_ALIASES = {
    "nghi quyet ca biet": "nghi quyet",
    "quyet dinh ca biet": "quyet dinh",
    "cong van hanh chinh": "cong van",
    "ban ghi nho hop tac": "ban ghi nho",
    "sao y": "ban sao y",
    "sao y ban chinh": "ban sao y",
    "trich sao": "ban trich sao",
    "sao luc": "ban sao luc",
    "giay moi hop": "giay moi",
}


def by_name(name: str, *, normative: bool = False) -> DocumentType | None:
    """The type of that name, in any case and with or without the words "(cá biệt)"; None where there is none."""
    key = fold(name).replace("(", "").replace(")", "").strip()
    key = _ALIASES.get(key, key)
    return _BY_NAME.get((key, normative)) or _BY_NAME.get((key, not normative))


def by_abbreviation(abbreviation: str, *, normative: bool = False) -> DocumentType | None:
    """The type of that abbreviation; ``QĐ`` and ``QyĐ``, ``CT`` and ``CTr`` are different, ``CTR`` is ``CTr``."""
    wanted = nfc(abbreviation).upper()
    if not wanted:
        return None
    pool = NORMATIVE if normative else ADMINISTRATIVE + COPIES
    return next((t for t in pool if t.abbreviation.upper() == wanted), None)


def by_packet_code(packet_type: int | None, code: int | None) -> DocumentType | None:
    """The type of ``DocumentType/Type`` and ``TypeDetail``; real packets disagree on both, so this is a hint only."""
    if code is None:
        return None
    return next((t for t in ALL if t.packet_code == code and t.packet_type == (packet_type or 2)), None)
