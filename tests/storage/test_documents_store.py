"""Documents in the database: stored whole, found again by every key, never merged by one alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from congvan_core.documents.finding_again import find_candidates, resolve_document
from congvan_core.documents.model import DocumentMetadata, FileRole, LegalValue, Party, SignerInfo, Urgency
from congvan_core.documents.search import Query, search
from congvan_core.documents.search_index import index
from congvan_core.documents.store import (
    StoredFile,
    add_arrival,
    add_files,
    arrivals_of,
    files_of,
    get_document,
    insert_document,
    move_state,
    number_key,
    set_registered_in_qlvbdh,
)
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.storage.blobs import recorded
from congvan_core.storage.database import Database

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
META = DocumentMetadata(
    document_id="H24.15.2026.000123",
    number="05",
    symbol="QĐ-UBND",
    issued_on=date(2026, 8, 5),
    type_name="Quyết định",
    subject="Về việc rà soát hộp thư công vụ",
    urgency=Urgency.URGENT,
    author=Party(code="000.00.15.H24", name="Sở Mẫu Thử"),
    signer=SignerInfo("KT.", "Phó Giám đốc", "Trần Văn Mẫu"),
)


def file(text: bytes, role: FileRole = FileRole.MAIN, name: str = "văn bản.pdf") -> StoredFile:
    return StoredFile(name, hashlib.sha256(text).hexdigest(), len(text), role, "application/pdf", "pdf")


def store(database: Database, agency: str, metadata: DocumentMetadata = META, text: bytes = b"1", **more) -> str:  # type: ignore[no-untyped-def]
    settings = {
        "direction": "incoming",
        "legal_value": LegalValue.PENDING_REGISTRATION,
        "channel": "email",
        "state": "registered",
        **more,
    }
    with database.write() as connection:
        return insert_document(
            connection,
            agency_id=agency,
            metadata=metadata,
            files=[file(text), file(b"draft", FileRole.FINAL_DRAFT, "dự thảo.docx")],
            at=NOW,
            **settings,
        )


def test_a_document_comes_back_as_it_went_in(database: Database, agency: str) -> None:
    made = store(database, agency, verification={"outcome": "valid", "at": NOW, "odd": "\x00\ud800"})
    with database.write() as connection:
        there = get_document(connection, made)
        assert (there.number_symbol, there.author_code, there.author_name) == ("05/QĐ-UBND", "H24.15", "Sở Mẫu Thử")
        assert there.issued_on == date(2026, 8, 5) and there.urgency == 1
        assert there.packet is not None and there.packet["author"]["code"] == "000.00.15.H24"
        assert there.verification == {"outcome": "valid", "at": NOW.isoformat(), "odd": "\ufffd?"}
        names = [(one.role, one.name) for one in files_of(connection, made)]
        assert names == [(FileRole.MAIN, "văn bản.pdf"), (FileRole.FINAL_DRAFT, "dự thảo.docx")]
        digests = [one.sha256 for one in files_of(connection, made)]
        assert recorded(connection, digests) == set(digests)
        assert there.main_sha256 == digests[0]
        add_files(connection, made, [file(b"later", FileRole.ENCLOSURE)], at=NOW, first=2)
        assert len(files_of(connection, made)) == 3
        with pytest.raises(NotFoundError):
            get_document(connection, "0" * 32)


def test_a_strangers_overlong_fields_are_cut_not_refused(database: Database, agency: str) -> None:
    long = replace(
        META,
        document_id="x" * 5000,
        number="9" * 50,
        symbol="Đ" * 500,
        subject="a\x00" * 5000,
        author=Party(code="z" * 90, name="n" * 900),
        signer=SignerInfo("c" * 99, "p" * 999, "f" * 999),
    )
    made = store(database, agency, long)
    with database.read() as connection:
        there = get_document(connection, made)
        assert there.subject is not None and len(there.subject) == 1000
        assert there.packet is not None and len(there.packet["subject"]) == 10000


def test_candidates_and_what_each_key_is_worth(database: Database, agency: str) -> None:
    made = store(database, agency)
    other_commune = store(database, agency, replace(META, document_id="other", author=Party("H24.99", "Khác")), b"2")
    unknown = store(database, agency, replace(META, document_id="", author=Party()), b"3")
    last_year = replace(META, document_id="", issued_on=date(2025, 8, 5))
    store(database, agency, last_year, b"4")
    with database.read() as connection:

        def found(**keys: object) -> dict[str, set[str]]:
            return {
                one.document.id: set(one.by)
                for one in find_candidates(connection, agency, **keys)  # type: ignore[arg-type]
            }

        whole = {"author_code": "H24.15", "number": "5", "symbol": "qđ-ubnd", "issued_on": date(2026, 8, 5)}
        assert found(**whole) == {made: {"number"}, unknown: {"number_author_unknown"}}
        assert found(**{**whole, "author_code": None}) == {
            made: {"number_author_unknown"},
            other_commune: {"number_author_unknown"},
            unknown: {"number_author_unknown"},
        }
        assert found(**{**whole, "symbol": "QD-UBND"}) == {}  # accents count
        assert found(identifier=META.document_id, main_sha256=file(b"1").sha256) == {made: {"identifier", "digest"}}
        assert found() == {}
        assert find_candidates(connection, "0" * 32, identifier=META.document_id) == []
        assert find_candidates(connection, agency, identifier=META.document_id, direction="outgoing") == []


def test_the_document_a_person_names(database: Database, agency: str) -> None:
    made = store(database, agency)
    with database.read() as connection:
        for text in (made, "05/QĐ-UBND", "5/qđ-ubnd", META.document_id, f" {made.upper()} "):
            assert resolve_document(connection, text).id == made
        for text in ("", "6/QĐ-UBND", "x" * 300):
            with pytest.raises(NotFoundError):
                resolve_document(connection, text)
        with pytest.raises(NotFoundError):
            resolve_document(connection, made, agency_id="0" * 32)
    second = store(database, agency, replace(META, document_id="b", author=Party("H24.99", "Khác")))
    with database.read() as connection, pytest.raises(InputError, match="Có nhiều văn bản") as several:
        resolve_document(connection, "5/QĐ-UBND")
    assert made in several.value.message and second in several.value.message


def test_search_with_and_without_accents(database: Database, agency: str) -> None:
    made = store(database, agency)
    with database.write() as connection:
        index(connection, [made], at=NOW)
        for text in ("ra soat", "RÀ SOÁT", "tran van mau", "05/qđ", "dự thảo.docx", "", "_"):
            assert [hit.document.id for hit in search(connection, [agency], Query(text)).hits] == [made], text
        for text in ("khong co", "100%"):
            assert search(connection, [agency], Query(text)).hits == (), text


def test_registering_in_qlvbdh_raises_the_value_only_of_what_was_signed(database: Database, agency: str) -> None:
    signed = store(database, agency)
    picture = store(database, agency, text=b"5", legal_value=LegalValue.FOR_INFORMATION)
    with database.write() as connection:
        for made in (signed, picture):
            set_registered_in_qlvbdh(connection, made, qlvbdh_number="88", registered_at=NOW, actor="văn thư")
        assert get_document(connection, signed).legal_value == "equivalent_to_paper"
        assert "khoản 1 Điều 10" in (get_document(connection, signed).legal_reason or "")
        assert get_document(connection, picture).legal_value == "for_information"
        assert get_document(connection, picture).qlvbdh_number == "88"


def test_states_move_only_from_where_they_stand(database: Database, agency: str) -> None:
    made = store(database, agency)
    with database.write() as connection:
        move_state(connection, made, "recalled", expected=("registered",), actor="a", at=NOW)
    with database.write() as connection, pytest.raises(ConflictError, match="recalled"):
        move_state(connection, made, "recalled", expected=("registered",), actor="a", at=NOW)


def test_all_arrivals_are_kept(database: Database, agency: str) -> None:
    made = store(database, agency)
    with database.write() as connection:
        for hour, channel in ((1, "zalo"), (3, "email"), (2, "paper")):
            add_arrival(
                connection,
                made,
                channel=channel,
                arrived_at=datetime(2026, 8, 5, hour, tzinfo=UTC),
                first=hour == 1,
            )
        assert [one["channel"] for one in arrivals_of(connection, made)] == ["zalo", "paper", "email"]


@pytest.mark.parametrize(
    ("parts", "key"),
    [(("05", "QĐ-UBND"), "5/QĐ-UBND"), (("5", "qđ-ubnd"), "5/QĐ-UBND"), ((None, None), None), (("", "QĐ"), "QĐ")],
)
def test_number_keys(parts: tuple[str | None, str | None], key: str | None) -> None:
    assert number_key(*parts) == key
