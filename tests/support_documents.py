"""Material for tests of documents: strategies for numbers and symbols, an OLE compound file made by hand."""

import struct

from hypothesis import strategies as st

SYMBOLS = st.from_regex(r"\A[A-ZĐƯ][A-Za-zĐƯđư]{0,6}(-[A-ZĐƯ][A-ZĐƯa-zđư0-9]{0,8}){0,3}\Z")
NUMBERS = st.integers(1, 999_999).map(str) | st.from_regex(r"\A[1-9][0-9]{0,4}[a-z]?\Z")
YEARS = st.none() | st.integers(1945, 2099)


def compound_file(streams: dict[str, bytes]) -> bytes:
    """A minimal compound file ([MS-CFB], version 3) of at most three small streams, each in a sector run of its own."""
    count = len(streams)
    assert count <= 3
    length = 4096  # at the mini-stream cutoff, so that no mini FAT is needed
    fat = [0xFFFFFFFD, 0xFFFFFFFE]
    for index in range(count):
        first = 2 + index * 8
        fat += [first + 1 + i for i in range(7)] + [0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))

    def entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
        raw = name.encode("utf-16-le") + b"\0\0"
        links = struct.pack("<III", 0xFFFFFFFF, right, child)
        return (
            raw.ljust(64, b"\0")
            + struct.pack("<HBB", len(raw), kind, 1)
            + links
            + b"\0" * 36
            + struct.pack("<IQ", start, size)
        )

    directory = entry("Root Entry", 5, 0xFFFFFFFF, 1, 0xFFFFFFFE, 0)
    for index, name in enumerate(streams):
        right = index + 2 if index + 1 < count else 0xFFFFFFFF
        directory += entry(name, 2, right, 0xFFFFFFFF, 2 + index * 8, length)
    directory = directory.ljust(512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (4 * 108)
    bodies = b"".join(data.ljust(length, b"\0") for data in streams.values())
    return header.ljust(512, b"\0") + struct.pack("<128I", *fat) + directory + bodies
