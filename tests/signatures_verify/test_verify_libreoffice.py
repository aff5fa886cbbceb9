"""Word files that LibreOffice 7.4 signed, with certificates of a test authority: intact as they are, modified once touched."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from congvan_core.signatures.verify import verify_file

FILES = sorted((Path(__file__).parent / "libreoffice").glob("*.docx"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_as_signed(path: Path) -> None:
    report = verify_file(path.read_bytes(), name=path.name).to_json()
    assert report["integrity"] == "intact"
    assert report["signatures"]
    assert all(one["intact"] for one in report["signatures"])


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("word/document.xml", b"</w:body>", b" </w:body>"),
        ("word/_rels/document.xml.rels", b'Target="styles.xml"', b'Target="fontTable.xml"'),
        ("word/_rels/document.xml.rels", b'Id="rId2"', b'Id="rId9"'),
    ],
)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_touched(path: Path, part: str, old: bytes, new: bytes) -> None:
    out = BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == part:
                assert old in content
                content = content.replace(old, new)
            target.writestr(entry, content)
    report = verify_file(out.getvalue(), name=path.name).to_json()
    assert report["outcome"] == "invalid"
    assert not any(one["intact"] for one in report["signatures"])
