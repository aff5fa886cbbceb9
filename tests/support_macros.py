"""Office files that do something when they are opened, made by hand: a compound file (MS-CFB), a VBA project
(MS-OVBA), an Excel 4 macro sheet (MS-XLS), packed objects, fields, relations.
"""

from __future__ import annotations

import io
import struct
import zipfile

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SOURCE = 'Attribute VB_Name = "Module1"\r\nSub AutoOpen()\r\n  Shell "powershell -enc AAAA"\r\nEnd Sub\r\n'


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file of version 3 with these streams, each shorter than 4096 octets, all in the mini stream; a path
    holds at most one storage: ``VBA/dir``."""
    names: list[tuple[str, int]] = [("Root Entry", 5)]
    names += [(storage, 1) for storage in sorted({path.split("/")[0] for path in streams if "/" in path})]
    names += [(path, 2) for path in streams]
    mini, mini_fat, starts = b"", [], {}
    for path, data in streams.items():
        assert len(data) < 4096
        starts[path] = len(mini) // 64
        count = max(1, -(-len(data) // 64))
        mini += data.ljust(count * 64, b"\0")
        mini_fat += [*range(starts[path] + 1, starts[path] + count), _END]
    sectors: list[bytes] = []
    fat: list[int] = []

    def put(data: bytes) -> int:
        first, count = len(sectors), max(1, -(-len(data) // 512))
        sectors.extend(data[i * 512 : i * 512 + 512].ljust(512, b"\0") for i in range(count))
        fat.extend([*range(first + 1, first + count), _END])
        return first

    def last(number: int) -> str:
        return names[number][0].split("/")[-1] if names[number][1] == 2 else names[number][0]

    children: dict[str, list[int]] = {}
    for number, (path, kind) in enumerate(names):
        if number:
            owner = path.split("/")[0] if kind == 2 and "/" in path else ""
            children.setdefault(owner, []).append(number)
    right = {}
    for numbers in children.values():
        numbers.sort(key=lambda n: (len(last(n)), last(n).upper()))
        right |= dict(zip(numbers, [*numbers[1:], _FREE], strict=True))
    content = put(mini)
    table = put(struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(-(-len(mini_fat) * 4 // 512) * 512, b"\xff"))
    entries = b""
    for number, (path, kind) in enumerate(names):
        raw = last(number).encode("utf-16-le") + b"\0\0"
        owned = children.get("" if kind == 5 else path, []) if kind != 2 else []
        begin, size = (starts[path], len(streams[path])) if kind == 2 else (content, len(mini)) if kind == 5 else (0, 0)
        entries += raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
        entries += struct.pack("<III", _FREE, right.get(number, _FREE), owned[0] if owned else _FREE)
        entries += b"\0" * 36 + struct.pack("<IQ", begin, size)
    unused = b"\0" * 68 + struct.pack("<III", _FREE, _FREE, _FREE) + b"\0" * 48
    entries += unused * (-len(names) % 4)
    directory = put(entries)
    count = 1
    while count * 128 < len(sectors) + count:
        count += 1
    places = range(len(sectors), len(sectors) + count)
    whole = [*fat, *([_FAT] * count)]
    whole += [_FREE] * (count * 128 - len(whole))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, count, directory, 0, 4096, table, -(-len(mini_fat) // 128), _END, 0)
    head += b"".join(struct.pack("<I", place) for place in places).ljust(436, b"\xff")
    return head + b"".join(sectors) + struct.pack(f"<{len(whole)}I", *whole)


def compressed(data: bytes) -> bytes:
    """MS-OVBA 2.4.1: chunks of literal tokens only."""
    out = b"\x01"
    for at in range(0, len(data), 3600):
        body = b""
        piece = data[at : at + 3600]
        for group in range(0, len(piece), 8):
            body += b"\0" + piece[group : group + 8]
        out += struct.pack("<H", (len(body) + 2 - 3) | 0xB000) + body
    return out


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HI", kind, len(data)) + data


def vba_project(source: str = SOURCE) -> bytes:
    """A ``vbaProject.bin`` with one module, as little as olevba needs to read its code."""
    module = "Module1"
    wide = module.encode("utf-16-le")
    listing = b"".join(
        (
            _record(0x01, struct.pack("<I", 1)), _record(0x02, struct.pack("<I", 0x409)),
            _record(0x14, struct.pack("<I", 0x409)), _record(0x03, struct.pack("<H", 1252)), _record(0x04, b"VBAProject"),
            _record(0x05, b""), _record(0x40, b""), _record(0x06, b""), _record(0x3D, b""),
            _record(0x07, struct.pack("<I", 0)), _record(0x08, struct.pack("<I", 0)),
            struct.pack("<HIIH", 0x09, 4, 1, 1), _record(0x0C, b""), _record(0x3C, b""),
            _record(0x0F, struct.pack("<H", 1)), _record(0x13, struct.pack("<H", 0xFFFF)),
            _record(0x19, module.encode()), _record(0x47, wide), _record(0x1A, module.encode()), _record(0x32, wide),
            _record(0x1C, b""), _record(0x48, b""), _record(0x31, struct.pack("<I", 0)),
            _record(0x1E, struct.pack("<I", 0)), _record(0x2C, struct.pack("<H", 0xFFFF)), _record(0x21, b""),
            _record(0x2B, b""), _record(0x10, b""),
        )
    )  # fmt: skip
    text = 'ID="{00000000-0000-0000-0000-000000000000}"\r\nModule=Module1\r\nName="VBAProject"\r\n'
    return compound(
        {
            "VBA/_VBA_PROJECT": struct.pack("<HHBH", 0x61CC, 0xFFFF, 0, 0),
            "VBA/dir": compressed(listing),
            "VBA/Module1": compressed(source.encode("cp1252")),
            "PROJECT": text.encode(),
        }
    )


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def docx(body: str = "", parts: dict[str, bytes] | None = None) -> bytes:
    """A small .docx; ``parts`` are further members by name."""
    document = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
        f"<w:t>Kinh gui</w:t></w:r>{body}</w:p></w:body></w:document>"
    )
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName='
        '"/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document'
        '.main+xml"/></Types>'
    )
    return zipped({"[Content_Types].xml": types.encode(), "word/document.xml": document.encode(), **(parts or {})})


def workbook_stream() -> bytes:
    """A BIFF8 globals stream with one sheet of type 1, an Excel 4 macro sheet."""
    begin = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 0)
    sheet = struct.pack("<IBB", 0, 0, 1) + bytes([6, 0]) + b"Macro1"
    return begin + struct.pack("<HH", 0x85, len(sheet)) + sheet + struct.pack("<HH", 0x0A, 0)


def package_object(label: str = "hoa-don.exe") -> bytes:
    """An embedded object of the Packager: ``\\x01Ole10Native``."""
    native = struct.pack("<IH", 100, 2) + label.encode() + b"\0C:\\" + label.encode() + b"\0"
    return compound({"\x01Ole10Native": native})
