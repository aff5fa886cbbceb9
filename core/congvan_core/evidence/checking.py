"""Checking an evidence file offline, without database or settings: every byte, the seal, the chain, the documents."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from congvan_core.errors import UnreadableError
from congvan_core.evidence.bundle import SEAL, SUMS
from congvan_core.evidence.signature_parts import certificates_in
from congvan_core.journal.chain import entry_digest, follow
from congvan_core.journal.proof_check import check_proof
from congvan_core.signatures.trust_store import TrustStore

MAX_PARTS = 20_000
MAX_UNPACKED = 8 << 30
#: What is read whole: documents to be judged, stretches of the chain.
MAX_READ = 512 << 20
_CHUNK = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64})  (\S{1,700})")
_HEAD = re.compile(r"congvan-journal:1:([0-9a-z]*):(\d{1,18}):([0-9a-f]{64})")


@dataclass(slots=True)
class Check:
    """One question: ``ok`` None where it could not be decided."""

    name: str
    ok: bool | None
    message: str


@dataclass(slots=True)
class EvidenceReport:
    """``outcome``: valid (all holds), invalid (something does not), indeterminate (no seal: nothing vouches for it)."""

    file: str
    sha256: str
    checks: list[Check] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    card: dict[str, Any] = field(default_factory=dict)
    seal_fingerprints: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        if any(check.ok is False for check in self.checks):
            return "invalid"
        return "indeterminate" if any(check.ok is None for check in self.checks) else "valid"

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "sha256": self.sha256,
            "outcome": self.outcome,
            "document": self.card.get("document"),
            "recipient": self.card.get("recipient"),
            "made_at": self.card.get("made_at"),
            "seal": {"fingerprints": self.seal_fingerprints},
            "checks": [{"name": one.name, "ok": one.ok, "message": one.message} for one in self.checks],
            "documents": self.documents,
        }


def check_evidence(path: Path, *, trust: TrustStore | None = None) -> EvidenceReport:
    """Judge an archive. ``trust`` judges the document's signatures; the archive's own certificates make no trust.

    Raises UnreadableError for what is no such archive or is beyond the limits.
    """
    try:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            with zipfile.ZipFile(file) as archive:
                return _Checker(archive, EvidenceReport(path.name, digest.hexdigest()), trust).check()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise UnreadableError(f"Không đọc được hồ sơ chứng cứ {path.name} ({type(error).__name__}).") from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise UnreadableError(f"Hồ sơ chứng cứ {path.name} bị hỏng (dữ liệu nén).") from error
        raise


class _Checker:
    def __init__(self, archive: zipfile.ZipFile, report: EvidenceReport, trust: TrustStore | None) -> None:
        self._archive = archive
        self._report = report
        self._trust = trust
        self._digests: dict[str, str] = {}

    def check(self) -> EvidenceReport:
        infos = self._archive.infolist()
        names = [info.filename for info in infos]
        if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_UNPACKED:
            raise UnreadableError("Hồ sơ chứng cứ quá lớn.")
        if SUMS not in names or "ho-so.json" not in names:
            raise UnreadableError("Tệp này không phải hồ sơ chứng cứ của Công Văn.")
        self._say("names", len(set(names)) == len(names), "Mỗi tên tệp xuất hiện một lần")
        self._sums(set(names))
        self._seal(SEAL in names)
        self._card()
        self._journal(sorted(set(names)))
        self._documents()
        return self._report

    def _say(self, name: str, ok: bool | None, message: str) -> None:
        self._report.checks.append(Check(name, ok, message))

    def _read(self, name: str) -> bytes:
        if self._archive.getinfo(name).file_size > MAX_READ:
            raise UnreadableError(f"Tệp {name} trong hồ sơ quá lớn để kiểm tra.")
        return self._archive.read(name)

    def _sums(self, names: set[str]) -> None:
        listed: dict[str, str] = {}
        for line in self._read(SUMS).decode("ascii", "replace").splitlines():
            match = _LINE.fullmatch(line)
            if match is None or match[2] in listed:
                self._say("sums", False, "Danh sách mã băm không đúng dạng")
                return
            listed[match[2]] = match[1]
        present = names - {SUMS, SEAL}
        extra, missing = sorted(present - set(listed)), sorted(set(listed) - present)
        changed = []
        for name in sorted(present & set(listed)):
            digest = hashlib.sha256()
            with self._archive.open(name) as part:
                while chunk := part.read(_CHUNK):
                    digest.update(chunk)
            self._digests[name] = digest.hexdigest()
            if self._digests[name] != listed[name]:
                changed.append(name)
        told = [(extra, "có thêm tệp lạ"), (missing, "thiếu tệp"), (changed, "tệp đã bị thay đổi")]
        faults = [f"{word}: {', '.join(which[:5])}" for which, word in told if which]
        self._say("sums", not faults, "; ".join(faults) or f"{len(listed)} tệp còn nguyên như khi lập hồ sơ")

    def _seal(self, sealed: bool) -> None:
        if not sealed:
            self._say("seal", None, "Hồ sơ không có chữ ký của cổng văn bản: không có gì bảo đảm cho danh sách mã băm")
            return
        proof = self._read(SEAL)
        ok = check_proof(self._read(SUMS), proof, "signature")
        self._report.seal_fingerprints = [hashlib.sha256(der).hexdigest() for der in certificates_in(proof)]
        self._say(
            "seal", ok, "Danh sách mã băm có chữ ký hợp lệ" if ok else "Chữ ký trên danh sách mã băm không hợp lệ"
        )

    def _card(self) -> None:
        try:
            card = json.loads(self._read("ho-so.json"))
        except ValueError:
            card = None
        if not isinstance(card, dict) or not isinstance(card.get("files"), list):
            self._say("card", False, "ho-so.json không đọc được")
            return
        self._report.card = card
        wrong = [
            str(one.get("path"))
            for key in ("files", "mails")
            for one in card.get(key) or ()
            if not isinstance(one, dict) or self._digests.get(str(one.get("path"))) != one.get("sha256")
        ]
        self._say(
            "card", not wrong, f"ho-so.json khai khác tệp: {', '.join(wrong[:5])}" if wrong else "Dữ liệu khớp với tệp"
        )

    def _journal(self, names: list[str]) -> None:
        stretches = [name for name in names if re.fullmatch(r"nhat-ky/doan-\d+\.txt", name)]
        entries = [name for name in names if re.fullmatch(r"nhat-ky/muc/\d+\.json", name)]
        heads = [name for name in names if re.fullmatch(r"nhat-ky/dau/\d+\.txt", name)]
        if not stretches and not entries:
            self._say("journal", None, "Hồ sơ không có nhật ký")
            return
        links: dict[int, tuple[str, str]] = {}
        for name in stretches:
            fault = self._walk(name, links)
            if fault:
                self._say("journal", False, fault)
                return
        for name in entries:
            index = int(name.rpartition("/")[2].removesuffix(".json"))
            if links.get(index, ("", ""))[0] != entry_digest(self._read(name).decode("ascii", "replace")):
                self._say("journal", False, f"Mục nhật ký {index} không có trong chuỗi")
                return
        proved = [index for name in heads if (index := self._head(name, links, names))]
        last = max(int(name.rpartition("/")[2].removesuffix(".json")) for name in entries) if entries else 0
        if len(proved) != len(heads):
            self._say("journal", False, "Có đầu nhật ký mà chữ ký hoặc dấu thời gian không hợp lệ")
        elif not proved or max(proved) < last:
            self._say(
                "journal", None, f"Nhật ký liền nhau nhưng từ mục {max(proved, default=0) + 1} chưa có đầu nào được ký"
            )
        else:
            self._say("journal", True, f"{len(entries)} mục nhật ký nối tới {len(proved)} đầu nhật ký đã ký")

    def _walk(self, name: str, links: dict[int, tuple[str, str]]) -> str | None:
        expected, previous = -1, ""
        for line in self._lines(name):
            parts = line.split(" ")
            if len(parts) != 3 or not parts[0].isdigit():
                return f"{name} không đúng dạng"
            index = int(parts[0])
            if expected < 0:
                if parts[1] != "-":
                    return f"{name} không đúng dạng"
            elif index != expected or follow(previous, parts[1]) != parts[2]:
                return f"Chuỗi nhật ký đứt ở mục {index}"
            else:
                links[index] = (parts[1], parts[2])
            expected, previous = index + 1, parts[2]
        return None

    def _lines(self, name: str) -> Iterator[str]:
        yield from self._read(name).decode("ascii", "replace").splitlines()

    def _head(self, name: str, links: dict[int, tuple[str, str]], names: list[str]) -> int:
        text = self._read(name)
        match = _HEAD.fullmatch(text.decode("ascii", "replace"))
        if match is None or links.get(int(match[2]), ("", ""))[1] != match[3]:
            return 0
        base = name.removesuffix(".txt")
        for ending, kind in ((".p7s", "signature"), (".tst", "timestamp")):
            if base + ending in names and not check_proof(text, self._read(base + ending), kind):
                return 0
        return int(match[2]) if base + ".p7s" in names or base + ".tst" in names else 0

    def _documents(self) -> None:
        from congvan_core.signatures.verify import verify_file

        for file in self._report.card.get("files") or ():
            path = str(file.get("path"))
            if path not in self._digests:
                continue
            report = verify_file(self._read(path), name=str(file.get("name")), trust=self._trust).to_json()
            keys = ("file", "sha256", "outcome", "integrity", "trust")
            self._report.documents.append({"path": path, **{key: report[key] for key in keys}})
