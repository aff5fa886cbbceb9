"""Phụ lục VI NĐ 30/2020: search on every field and on content; the index follows the journal on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from congvan_core.documents.search import Query, excerpt, read_query, search
from congvan_core.documents.search_index import behind, follow, forget, index, keep_text, unread
from congvan_core.documents.search_schema import document_search, search_fold
from congvan_core.errors import InputError
from congvan_core.ids import now
from congvan_core.journal.sealing import seal_all
from congvan_core.journal.writing import append
from congvan_core.storage.database import Database
from congvan_core.storage.schema import document
from support_databases import add_agency, add_document

TEXT = "Ủy ban nhân dân phường thống nhất nghiệm thu tuyến đê biển Tràng Cát, xong khi chưa đến mùa mưa bão."


def made(database: Database, agency: str, *direction: str, **values: object) -> str:
    document_id = add_document(database, agency, *direction, **{"search_text": "x", "main_sha256": "b" * 64, **values})
    with database.write() as connection:
        index(connection, [document_id], at=now())
    return document_id


def found(database: Database, agencies: list[str] | None, asked: Query) -> list[str]:
    with database.read() as connection:
        return [hit.document.id for hit in search(connection, agencies, asked).hits]


def test_every_field_and_the_text_with_and_without_marks(database: Database, agency: str) -> None:
    first = made(
        database, agency, number="12", symbol="QĐ-UBND", number_key="12/QĐ-UBND", subject="Về việc phê duyệt dự toán",
        author_name="Ủy ban nhân dân xã Cẩm Giàng", signer_name="Đặng Thị Hoà", type_name="Quyết định",
        issued_on=date(2026, 5, 1), remark="chuyển lưu trữ", identifier="H24.15-2026-77",
    )  # fmt: skip
    other = made(database, agency, number="13", symbol="BC-UBND", subject="Báo cáo quý")
    with database.write() as connection:
        keep_text(connection, other, None, TEXT, at=now())
    for words in ("phê duyệt", "phe duyet", "PHÊ DUYỆT", "dự toan", "cam giang", "dang thi hoa", "hoà", "hòa",
                  "quyết định", "lưu trữ", "12/QĐ-UBND", "12/qd-ubnd", "H24.15-2026-77", "01/05/2026", "phê duy"):  # fmt: skip
        assert found(database, [agency], Query(words)) == [first], words
    for words in ("đê biển", "de bien", "mua bao", "tràng cát nghiem"):
        assert found(database, [agency], Query(words)) == [other], words
    for words in ("phê duyệt đê", "duyệtx", "ubnd-qđ"):
        assert found(database, [agency], Query(words)) == [], words
    with database.read() as connection:
        (hit,) = search(connection, [agency], Query("de bien"), excerpts=True).hits
    assert "tuyến đê biển Tràng Cát" in hit.excerpt


def test_the_best_first_then_the_newest(database: Database, agency: str) -> None:
    old = made(database, agency, subject="Kế hoạch phòng chống bão")
    in_text = made(database, agency, subject="Công văn khác")
    new = made(database, agency, subject="Kế hoạch phòng chống bão")
    by_number = made(database, agency, number="7", symbol="KH-UBND", number_key="7/KH-UBND", subject="Việc riêng")
    made(database, agency, subject="Nhắc kế hoạch 7/KH-UBND, 7/KH-UBND, 7/KH-UBND")
    with database.write() as connection:
        keep_text(connection, in_text, None, "có nhắc đến bão một lần " + TEXT, at=now())
    assert found(database, [agency], Query("bão")) == [new, old, in_text]
    assert found(database, [agency], Query("7/KH-UBND"))[0] == by_number


def test_each_agency_sees_its_own(database: Database, agency: str) -> None:
    other = add_agency(database, "H24.16", "Khác")
    mine, theirs = (made(database, one, subject="đê điều") for one in (agency, other))
    assert found(database, [agency], Query("đê điều")) == [mine]
    assert set(found(database, None, Query("đê điều"))) == {mine, theirs}
    assert found(database, [], Query("đê điều")) == [] == found(database, [], Query())
    assert found(database, [agency, other], Query("đê điều")) == [theirs, mine]


def test_filters_alone_and_with_words(database: Database, agency: str) -> None:
    first = made(database, agency, type_name="Tờ trình", author_name="Sở Tài chính", issued_on=date(2026, 1, 5),
                 subject="Đề nghị bổ sung", number="15", number_key="15/TTR-STC", urgency=1)  # fmt: skip
    second = made(
        database, agency, "outgoing", type_name="Công văn", issued_on=date(2026, 3, 5), subject="Đề nghị phối hợp"
    )
    for asked, expected in (
        (Query(type_name="to trinh"), [first]),
        (Query("đề nghị", direction="outgoing"), [second]),
        (Query("de nghi", since=date(2026, 2, 1)), [second]),
        (Query(until=date(2026, 1, 5)), [first]),
        (Query(author="tai chinh", urgent=True), [first]),
        (Query(number="15"), [first]),
        (Query(number="15/TTr-STC"), [first]),
        (Query(), [second, first]),
        (Query("100%_"), []),
    ):
        assert found(database, [agency], asked) == expected, asked
    with database.read() as connection:
        page = search(connection, [agency], Query("đề nghị"), limit=1)
        assert page.more and len(page.hits) == 1
        assert not search(connection, [agency], Query("đề nghị"), limit=1, offset=1).more
        assert search(connection, [agency], Query("đề"), visible=document.c.id != second).hits[0].document.id == first


def test_the_index_follows_the_journal(database: Database, agency: str) -> None:
    document_id = add_document(database, agency, subject="Trước", search_text="x", main_sha256="a" * 64)

    def tell() -> None:
        with database.write() as connection:
            append(connection, agency_id=agency, actor="t", kind="document.changed", subject=f"document:{document_id}")

    def catch_up() -> None:
        seal_all(database)
        with database.write() as connection:
            for one in behind(connection):
                while follow(connection, one, at=now(), limit=1):
                    pass

    tell()
    assert found(database, [agency], Query("truoc")) == []
    catch_up()
    assert found(database, [agency], Query("truoc")) == [document_id]
    with database.write() as connection:
        assert [row.document_id for row in unread(connection)] == [document_id]
        keep_text(connection, document_id, "a" * 64, TEXT, at=now())
        assert unread(connection) == []
        connection.execute(update(document).values(subject="Sau này"))
    tell()
    catch_up()
    assert found(database, [agency], Query("truoc")) == [] and found(database, [agency], Query("sau đê")) == [
        document_id
    ]
    with database.write() as connection:  # recalled: content is destroyed in the index too
        connection.execute(update(document).values(search_text=None, packet=None, remark="Đã thu hồi"))
        forget(connection, document_id)
        assert connection.execute(select(func.count()).select_from(document_search)).scalar_one() == 0
    assert found(database, [agency], Query("đê")) == []
    tell()
    catch_up()
    assert found(database, [agency], Query("thu hồi")) == [document_id]
    assert found(database, [agency], Query("đê")) == [] == found(database, [agency], Query("sau này"))


def test_what_is_typed_is_never_a_language(database: Database, agency: str) -> None:
    document_id = made(database, agency, subject='a "quoted" NEAR(x y) AND OR NOT fields:z * ^ - \' : & | ! <->')
    for words in (
        '"',
        "'",
        "AND",
        "NOT x",
        "NEAR(",
        "fields:z",
        "^",
        "a*",
        "& | !",
        "<->",
        "x" * 5000,
        "\x00",
        "' OR 1=1 --",
    ):
        assert found(database, [agency], Query(words)) in ([], [document_id]), words


@given(st.text(max_size=80))
def test_folding_is_stable_and_plain(text: str) -> None:
    folded = search_fold(text)
    assert search_fold(folded) == folded
    assert folded == folded.strip() and "  " not in folded


def test_days_as_people_write_them() -> None:
    assert read_query({"since": "5/1/2026", "until": "2026-02-01"}) == Query(
        since=date(2026, 1, 5), until=date(2026, 2, 1)
    )
    for wrong in ("31/02/2026", "mai", "2026-13-01"):
        with pytest.raises(InputError):
            read_query({"since": wrong})
    assert read_query({"words": "x", "urgent": "1"}).as_json() == {"words": "x", "urgent": True}
    assert excerpt("không có", [["de"]]) == ""
