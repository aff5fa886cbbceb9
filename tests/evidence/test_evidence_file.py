"""The evidence file: made for sender and receiver, checked offline by the program and by plain openssl."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from congvan_core.errors import ConflictError, InputError, UnreadableError
from congvan_core.evidence.bundle import Bundle, plain_name
from congvan_core.evidence.checking import check_evidence
from congvan_core.evidence.contents import EvidenceContents
from congvan_core.evidence.making import make
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.cli import main
from support_exchange import Exchange
from support_station import B_CODE


@pytest.fixture(scope="module")
def made(exchanged: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sender's evidence for the one recipient."""
    target = tmp_path_factory.mktemp("evidence") / "chung-cu.zip"
    exchanged.a.cli("evidence", exchanged.sent.document_id, "-o", str(target), "--to", B_CODE, "--by", "Đỗ Văn Thư")
    return target


def unpack(archive: Path, folder: Path) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


def repack(archive: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy in which ``change`` alters or (None) leaves out parts."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target


def test_every_promised_part_is_there(made: Path, exchanged: Exchange) -> None:
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        card = json.loads(archive.read("ho-so.json"))
        (document,) = [name for name in names if name.startswith("van-ban/")]
        assert archive.read(document) == exchanged.document.read_bytes()
        assert names == sorted(names)
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        guide = archive.read("HUONG-DAN.txt").decode()
        recipients = json.loads(archive.read("bao-cao/noi-nhan.json"))
    assert any(name.startswith("thu-gui/") for name in names), "the package that was sent"
    assert any(name.startswith("thu-nhan/") for name in names), "the receipt that came back"
    assert {"SHA256SUMS", "SHA256SUMS.p7s", "kiem-tra.sh", "chung-thu/goc.pem"} <= set(names)
    assert len([name for name in names if name.endswith(".tst") and name.startswith("chu-ky/")]) == 2
    assert card["document"]["number"] == "12" and card["recipient"] == B_CODE
    assert recipients[0]["state"] == "received" and recipients[0]["register_number"] == "1"
    assert {"receipt_03"} <= {proof["kind"] for proof in recipients[0]["proofs"]}
    assert "HỒ SƠ CHỨNG CỨ" in guide and "openssl cms -verify" in guide and "12/QĐ-STNA" in guide


def test_verified_offline_without_settings_or_database(
    made: Path, exchanged: Exchange, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    trust = str(exchanged.a.folder / "trust")
    assert main(["evidence", "verify", str(made), "--trust", trust, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["outcome"] == "valid"
    assert {check["name"]: check["ok"] for check in report["checks"]} == dict.fromkeys(
        ("names", "sums", "seal", "card", "journal"), True
    )
    assert report["documents"][0]["integrity"] == "intact"
    assert main(["evidence", "verify", str(made)]) == 0
    assert "ĐÚNG" in capsys.readouterr().out


def test_plain_openssl_confirms_every_step(made: Path, tmp_path: Path) -> None:
    folder = unpack(made, tmp_path / "giai-nen")
    done = subprocess.run(["sh", "kiem-tra.sh"], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(line.startswith("ĐÚNG") for line in lines[:-1]), done.stdout
    assert lines[-1] == "Kết quả: mọi bước đều đúng."
    said = "\n".join(lines)
    for words in ("dẫn tới chứng thư gốc", "đóng trên đúng chữ ký", "Thư gửi số 001", "Thư nhận số 001", "Đầu nhật ký"):
        assert words in said


@pytest.mark.parametrize("ending", [".pdf", ".eml", ".p7s", ".tst", ".gia-tri", "doan-01.txt", "dien-bien.txt"])
def test_openssl_notices_a_changed_byte(made: Path, tmp_path: Path, ending: str) -> None:
    folder = unpack(made, tmp_path / "giai-nen")
    victim = next(path for path in sorted(folder.rglob("*")) if path.name.endswith(ending) and path.is_file())
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    done = subprocess.run(["sh", "kiem-tra.sh"], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and "SAI" in done.stdout


@pytest.mark.parametrize(
    ("victim", "check"),
    [("van-ban/", "sums"), ("nhat-ky/muc/", "sums"), ("SHA256SUMS.p7s", "seal"), ("SHA256SUMS", "sums")],
)
def test_a_changed_part_is_named(made: Path, tmp_path: Path, victim: str, check: str) -> None:
    def change(name: str, data: bytes) -> bytes:
        if name == victim or (victim.endswith("/") and name.startswith(victim)):
            return data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]
        return data

    report = check_evidence(repack(made, tmp_path / "sua.zip", change))
    assert report.outcome == "invalid"
    assert check in {one.name for one in report.checks if one.ok is False}


def test_parts_added_or_taken_away_are_named(made: Path, tmp_path: Path) -> None:
    fewer = repack(made, tmp_path / "thieu.zip", lambda name, data: None if name.startswith("thu-nhan/") else data)
    assert "thiếu tệp" in next(one.message for one in check_evidence(fewer).checks if one.name == "sums")
    more = repack(made, tmp_path / "them.zip", lambda name, data: data)
    with zipfile.ZipFile(more, "a") as archive:
        archive.writestr("thu-nhan/999.eml", b"From: x\n\n")
    assert "tệp lạ" in next(one.message for one in check_evidence(more).checks if one.name == "sums")
    unsealed = repack(made, tmp_path / "khong-ky.zip", lambda name, data: None if name == "SHA256SUMS.p7s" else data)
    assert check_evidence(unsealed).outcome == "indeterminate"


def test_a_rewritten_journal_with_right_sums_is_still_found(made: Path, tmp_path: Path) -> None:
    """Whoever changes an entry and makes new sums breaks the chain, and has no key for the seal."""
    import hashlib

    with zipfile.ZipFile(made) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    entry = next(name for name in parts if name.startswith("nhat-ky/muc/"))
    parts[entry] = parts[entry].replace(b"system", b"nobody").replace(b"congvan", b"nobodyx", 1) + b" "
    sums = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(parts.items()) if "SHA256" not in name
    )
    parts["SHA256SUMS"] = sums.encode()
    target = tmp_path / "viet-lai.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert {one.name for one in check_evidence(target).checks if one.ok is False} == {"seal", "journal"}


def test_the_receiver_has_evidence_too(exchanged: Exchange, tmp_path: Path) -> None:
    target = tmp_path / "den.zip"
    exchanged.b.cli("evidence", exchanged.received_id, "-o", str(target))
    report = check_evidence(target)
    assert report.outcome == "valid", report.checks
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        assert "Số đến" in archive.read("HUONG-DAN.txt").decode()
    assert "thu-nhan/001.eml" in names and "thu-gui/001.eml" in names
    folder = unpack(target, tmp_path / "giai-nen")
    done = subprocess.run(["sh", "kiem-tra.sh"], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_wrong_use_is_one_sentence(made: Path, exchanged: Exchange, tmp_path: Path) -> None:
    a, document = exchanged.a, exchanged.sent.document_id
    assert a.cli("evidence", document, "-o", str(made), check=1) == ""
    a.cli("evidence", document, check=2)
    a.cli("evidence", document, "-o", str(tmp_path / "khong-co" / "x.zip"), check=2)
    a.cli("evidence", document, "-o", str(tmp_path / "x.zip"), "--to", "H24.99", check=1)
    a.cli("evidence", "99/KHONG-CO", "-o", str(tmp_path / "x.zip"), check=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not really", b"%PDF-1.4"])
def test_what_is_no_archive_is_unreadable(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(UnreadableError):
        check_evidence(path)
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    path.write_bytes(empty.getvalue())
    with pytest.raises(UnreadableError):
        check_evidence(path)


def test_same_content_same_bytes(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    contents = EvidenceContents({"document": {"number": "12"}}, [("Văn bản", "12/QĐ-UBND")], seal=lambda data: data[:9])
    for name in ("a.zip", "b.zip"):
        make(contents, blobs).write(tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with pytest.raises(ConflictError):
        make(contents, blobs).write(tmp_path / "a.zip")


def test_names_need_no_quoting() -> None:
    assert plain_name("Quyết định số 12; rm -rf $HOME.pdf") == "Quyet-dinh-so-12-rm--rf-HOME.pdf"
    assert plain_name("../../đường.pdf") == "duong.pdf"
    assert plain_name("Đ" * 300 + ".pdf").endswith(".pdf") and len(plain_name("Đ" * 300 + ".pdf")) == 100
    bundle = Bundle()
    bundle.add("a.txt", b"")
    for path in ("a.txt", "../a", "a b", "a'b", "/a", ""):
        with pytest.raises(InputError):
            bundle.add(path, b"")
