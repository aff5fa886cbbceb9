"""Archives opened within limits; every published way to abuse one is a finding and costs nothing."""

import io
import struct
import zipfile
import zlib

import py7zr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import archive_guard
from congvan_core.documents.archive_guard import Limits, Member, Opening

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\nstartxref\n0\n%%EOF\n"


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def sevenzipped(members: dict[str, bytes], password: str | None = None) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password) as archive:
        for name, data in members.items():
            archive.writef(io.BytesIO(data), name)
    return out.getvalue()


def rar(members: dict[str, bytes], method: int = 0x30) -> bytes:
    """A RAR 3 archive whose members are stored (0x30) or claim to be packed."""

    def block(kind: int, flags: int, body: bytes) -> bytes:
        head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head

    out = b"Rar!\x1a\x07\x00" + block(0x73, 0, b"\0" * 6)
    for name, data in members.items():
        raw = name.encode()
        crc = zlib.crc32(data) & 0xFFFFFFFF
        body = struct.pack("<IIBIIBBHI", len(data), len(data), 0, crc, 0, 29, method, len(raw), 0x20) + raw
        out += block(0x74, 0x8000, body) + data
    return out + block(0x7B, 0x4000, b"")


def opened(data: bytes, name: str = "a.zip", **limits: float) -> tuple[list[Member], Opening]:
    members, opening = archive_guard.walk(data, name, Limits(**limits))  # type: ignore[arg-type]
    return list(members), opening


def codes(opening: Opening) -> list[str]:
    return [f.code for f in opening.findings]


@pytest.mark.parametrize(("name", "make"), [("a.zip", zipped), ("a.7z", sevenzipped), ("a.rar", rar)])
def test_files_come_out(name: str, make: object) -> None:
    assert callable(make)
    members, opening = opened(make({"thư mục/12-QĐ.pdf": PDF, "ghi chu.txt": b"xin chao"}), name)
    assert [(m.path, m.name, m.format.name) for m in members] == [
        ((name, "thư mục/12-QĐ.pdf"), "12-QĐ.pdf", "pdf"),
        ((name, "ghi chu.txt"), "ghi chu.txt", "txt"),
    ]
    assert members[0].data == PDF and opening.findings == [] and opening.unpacked == len(PDF) + 8


def test_names_of_older_tools() -> None:
    for raw, name in (("Đề án".encode(), "Đề án"), (b"C\xf4ng v\xe3n", "Công văn"), (b"Vi\xea\xf2t", "Việt")):
        placeholder = b"A" * len(raw)
        members, _ = opened(zipped({f"{placeholder.decode()}.txt": b"x"}).replace(placeholder, raw))
        assert members[0].name == f"{name}.txt"


def test_nested_archives_down_to_the_limit() -> None:
    data = zipped({"c.pdf": PDF})
    for level in ("b.zip", "a2.zip", "a1.zip"):
        data = zipped({level: data})
    members, opening = opened(data, "top.zip", depth=4)
    assert members[-1].path == ("top.zip", "a1.zip", "a2.zip", "b.zip", "c.pdf") and opening.findings == []
    members, opening = opened(data, "top.zip", depth=2)
    assert codes(opening) == ["FORMAT-ARCHIVE-LIMIT"] and members[-1].name == "a2.zip"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\Windows\\x.pdf", "a/../../x.pdf"])
@pytest.mark.parametrize("make", [zipped, rar])
def test_paths_that_lead_out_are_told_and_the_file_still_judged(name: str, make: object) -> None:
    assert callable(make)
    members, opening = opened(make({name: PDF}))
    assert codes(opening) == ["FORMAT-ARCHIVE-UNSAFE"]
    assert [m.data for m in members] == [PDF] and "/" not in members[0].name


def test_symbolic_links_are_not_followed() -> None:
    info = zipfile.ZipInfo("link.pdf")
    info.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    members, opening = opened(out.getvalue())
    assert members == [] and codes(opening) == ["FORMAT-ARCHIVE-UNSAFE"]


def test_two_files_of_one_name_are_both_seen() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.pdf", PDF)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.pdf", PDF + b" ")
    members, opening = opened(out.getvalue())
    assert len(members) == 2 and codes(opening) == ["FORMAT-ARCHIVE-UNSAFE"]


@pytest.mark.parametrize(("name", "make"), [("a.zip", zipped), ("a.7z", sevenzipped)])
def test_a_bomb_costs_little(name: str, make: object) -> None:
    assert callable(make)
    bomb = make({"a.txt": b"0" * 8_000_000})
    members, opening = opened(bomb, name, ratio_floor=1_000_000, ratio=50)
    assert members == [] and codes(opening) == ["FORMAT-ARCHIVE-LIMIT"] and opening.unpacked <= 1_300_000
    members, opening = opened(bomb, name, total=1_000_000)
    assert members == [] and codes(opening) == ["FORMAT-ARCHIVE-LIMIT"]
    members, opening = opened(make({"a.txt": b"0" * 1_000_000}), name)
    assert len(members) == 1 and opening.findings == []


def test_a_directory_that_lies_about_sizes() -> None:
    data = bytearray(zipped({"a.txt": b"0" * 3_000_000}))
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 10)
    members, opening = opened(bytes(data), ratio_floor=1_000_000, ratio=2)
    assert opening.unpacked < 1_300_000
    assert all(len(m.data) <= 10 for m in members) or opening.findings


def test_members_that_share_bytes() -> None:
    data = zipped({"a.txt": b"x" * 100, "b.txt": b"x" * 100}, zipfile.ZIP_STORED)
    at = data.rindex(b"PK\x01\x02")
    overlapping = bytearray(data)
    struct.pack_into("<I", overlapping, at + 42, 0)
    members, opening = opened(bytes(overlapping))
    assert members == [] and codes(opening) == ["FORMAT-ARCHIVE-UNSAFE"]


def test_too_many_files() -> None:
    members, opening = opened(zipped({f"{i}.txt": b"x" for i in range(50)}), entries=20)
    assert len(members) == 20 and codes(opening) == ["FORMAT-ARCHIVE-LIMIT"]


def test_time_runs_out() -> None:
    ticks = iter(range(0, 1000, 10))
    members, opening = archive_guard.walk(zipped({"a.txt": b"x"}), "a.zip", clock=lambda: float(next(ticks)))
    assert list(members) == [] or codes(opening)
    members, opening = archive_guard.walk(
        zipped({f"{i}.txt": b"x" for i in range(9)}), "a.zip", clock=lambda: float(next(ticks))
    )
    assert len(list(members)) < 9 and codes(opening) == ["FORMAT-ARCHIVE-LIMIT"]


def test_passwords_are_never_asked_for() -> None:
    locked = bytearray(zipped({"a.pdf": PDF}))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    for data, name in ((bytes(locked), "a.zip"), (sevenzipped({"a.pdf": PDF}, "bi mat"), "a.7z")):
        members, opening = opened(data, name)
        assert members == [] and codes(opening) == ["FORMAT-ARCHIVE-ENCRYPTED"]
        assert "không hỏi" in opening.findings[0].advice()


def test_a_packed_rar_is_listed_where_no_tool_opens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    members, opening = opened(rar({"12-QD.pdf": PDF}, 0x33), "a.rar")
    assert members == [] and codes(opening) == ["FORMAT-ARCHIVE-UNOPENED"]
    assert opening.listed == [("a.rar", "12-QD.pdf")]


@pytest.mark.parametrize("make", [zipped, sevenzipped, rar])
def test_damaged_archives(make: object) -> None:
    assert callable(make)
    data = make({"a.pdf": PDF * 20})
    for cut in (20, len(data) // 2, len(data) - 10):
        members, _ = opened(data[:cut])
        assert members == [] or members[0].data == PDF * 20
    assert opened(b"khong phai tep nen")[1].findings == []


def test_other_archives_are_named() -> None:
    _, opening = opened(b"\x1f\x8b" + b"\0" * 30, "a.tar.gz")
    assert codes(opening) == ["FORMAT-ARCHIVE-UNOPENED"]


def test_a_member_without_a_name() -> None:
    """Python's own test for a folder fails on it."""
    data = zipped({"a.txt": b"x" * 50})
    _, opening = opened(data.replace(b"a.txt", b"\0.txt"))
    assert all(f.message() for f in opening.findings)


WHOLE = [make({"a.pdf": PDF, "b.txt": b"x" * 50}) for make in (zipped, sevenzipped, rar)]


@given(st.sampled_from(range(3)), st.data())
def test_any_damage_is_answered(which: int, draw: st.DataObject) -> None:
    data = WHOLE[which]
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = data[:at] + draw.draw(st.binary(min_size=1, max_size=6)) + data[at + 1 :]
    _, opening = opened(changed, total=1_000_000)
    for finding in opening.findings:
        assert finding.message()
