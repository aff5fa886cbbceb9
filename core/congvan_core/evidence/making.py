"""Making the archive of one document: its parts, the commands that check them, the guide, the sums and their seal."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from congvan_core.evidence import steps
from congvan_core.evidence.bundle import SEAL, SUMS, Bundle, plain_name
from congvan_core.evidence.contents import EvidenceContents, EvidenceFile, EvidenceMail
from congvan_core.evidence.guide import guide
from congvan_core.evidence.signature_parts import SignaturePart, certificates_in, pem, signatures_of, stamp_of
from congvan_core.evidence.steps import Steps
from congvan_core.storage.blobs import BlobStore

#: A larger PDF is put in whole, and its signatures are not taken apart.
_MAX_TAKEN_APART = 256 << 20


class Maker:
    """One archive. ``made`` is the bundle, ready to be written, after :meth:`make`."""

    def __init__(self, contents: EvidenceContents, blobs: BlobStore) -> None:
        self._contents = contents
        self._blobs = blobs
        self.made = Bundle()
        self._steps = Steps()
        self._certificates: dict[str, bytes] = {}

    def make(self) -> Bundle:
        """Every part in place. Raises NotFoundError or UnreadableError where a blob is gone or damaged."""
        contents = self._contents
        self._steps.add("Các tệp của hồ sơ còn nguyên như khi lập", f"sha256sum -c --quiet {SUMS}")
        if contents.seal is not None:
            self._steps.add("Danh sách mã băm có chữ ký của cổng văn bản", steps.cms_detached(SEAL, SUMS))
        files = [self._file(number, file) for number, file in enumerate(contents.files, 1)]
        counts = {True: 0, False: 0}
        mails = []
        for mail in contents.mails:
            counts[mail.sent] += 1
            mails.append(self._mail(counts[mail.sent], mail))
        for number, (sha256, pieces) in enumerate(contents.preserved, 1):
            self.made.add_joined(f"luu-tru/{number:02d}-{sha256[:16]}.pdf", self._blobs, pieces)
        for name, report in sorted(contents.reports.items()):
            self.made.add(f"bao-cao/{plain_name(name)}.json", _json(report))
        self._journal()
        self._certificate_files()
        card = {**contents.card, "files": files, "mails": mails, "format": "congvan-evidence:1"}
        self.made.add("ho-so.json", _json(card))
        self.made.add(steps.SCRIPT, self._steps.script())
        self.made.add("HUONG-DAN.txt", guide(contents, files, mails, self._steps, self._fingerprints()))
        sums = self.made.sums()
        self.made.add(SUMS, sums)
        if contents.seal is not None:
            self.made.add(SEAL, contents.seal(sums))
        return self.made

    def _file(self, number: int, file: EvidenceFile) -> dict[str, Any]:
        part = self.made.add_blob(f"van-ban/{number:02d}_{plain_name(file.name)}", self._blobs, file.sha256)
        about: dict[str, Any] = {"path": part.path, "name": file.name, "role": file.role, "sha256": file.sha256}
        if file.verification is not None:
            self.made.add(f"bao-cao/chu-ky-{number:02d}.json", _json(dict(file.verification)))
            about["outcome"] = file.verification.get("outcome")
        if part.size <= _MAX_TAKEN_APART:
            data = self._blobs.read(file.sha256)
            if data[:1024].find(b"%PDF-") >= 0:
                about["signatures"] = self._signatures(number, part.path, signatures_of(data), file)
        return about

    def _signatures(
        self, number: int, path: str, parts: list[SignaturePart], file: EvidenceFile
    ) -> list[dict[str, Any]]:
        judged = list((file.verification or {}).get("signatures") or ())
        own = [part for part in parts if not part.document_stamp]
        told = []
        for place, part in enumerate(parts, 1):
            base = f"chu-ky/{number:02d}-{place}"
            self.made.add(f"{base}.p7s", part.cms)
            self._learn(certificates_in(part.cms))
            cover = steps.covered(path, part.covered)
            report = judged[own.index(part)] if len(judged) == len(own) and part in own else {}
            name = (report.get("signer") or {}).get("name") or f"chữ ký {place}"
            if part.document_stamp:
                stamp = stamp_of(part.cms)
                if stamp is not None:
                    self._steps.add(
                        f"Dấu thời gian lưu trữ {place} của tệp {number:02d} còn nguyên vẹn",
                        f"{cover} && " + steps.stamp_sound(f"{base}.p7s", '"$TAM/ky"', stamp.algorithm),
                    )
            else:
                self._steps.add(
                    f"Chữ ký của {name} trên tệp {number:02d} còn nguyên vẹn",
                    f"{cover} && " + steps.cms_detached(f"{base}.p7s", '"$TAM/ky"'),
                )
                self._trusted(base, cover, report, name)
            if part.stamp is not None:
                self.made.add(f"{base}.tst", part.stamp.token)
                self.made.add(f"{base}.gia-tri", part.value)
                self._steps.add(
                    f"Dấu thời gian của {name} đóng trên đúng chữ ký này",
                    steps.stamp_sound(f"{base}.tst", f"{base}.gia-tri", part.stamp.algorithm),
                )
            told.append({"cms": f"{base}.p7s", "covers": list(part.covered), "signer": name})
        return told

    def _trusted(self, base: str, cover: str, report: dict[str, Any], name: str) -> None:
        """Only where the program itself found the chain: what is undecided here is said so, not tried by openssl."""
        stamp = report.get("timestamp") or {}
        when = stamp.get("time") if stamp.get("trusted") else report.get("claimed_time")
        if report.get("trust") != "trusted" or not when or not self._contents.anchors:
            return
        at = int(datetime.fromisoformat(when).timestamp())
        self._steps.add(
            f"Chứng thư số của {name} dẫn tới chứng thư gốc trong chung-thu/goc.pem, tính tại thời điểm {when}",
            f"{cover} && " + steps.cms_trusted(f"{base}.p7s", '"$TAM/ky"', at),
        )

    def _mail(self, number: int, mail: EvidenceMail) -> dict[str, Any]:
        folder = "thu-gui" if mail.sent else "thu-nhan"
        path = f"{folder}/{number:03d}.eml"
        part = self.made.add_joined(path, self._blobs, mail.parts)
        self._learn(mail.certificates)
        if mail.signed:
            word = "gửi" if mail.sent else "nhận"
            self._steps.add(f"Thư {word} số {number:03d} còn nguyên như người ký đã ký", steps.mail_signed(path))
        return {"path": path, "sha256": part.sha256, "signed": mail.signed, **mail.about}

    def _journal(self) -> None:
        journal = self._contents.journal
        if journal is None or not journal.entries:
            return
        self.made.add("nhat-ky/dien-bien.txt", ("\n".join(journal.story) + "\n").encode())
        for index, text in journal.entries:
            self.made.add(f"nhat-ky/muc/{index:09d}.json", text.encode("ascii"))
        for number, stretch in enumerate(journal.stretches, 1):
            path = f"nhat-ky/doan-{number:02d}.txt"
            self.made.add(path, stretch.text())
            self._steps.add(f"Đoạn {number} của chuỗi nhật ký liền nhau", steps.chain_whole(path))
        self._steps.add("Mỗi mục nhật ký của văn bản đứng đúng chỗ trong chuỗi", steps.entries_chained())
        for number, signed in enumerate(journal.heads, 1):
            base = f"nhat-ky/dau/{number:02d}"
            self.made.add(f"{base}.txt", signed.head.text.encode("ascii"))
            self._steps.add(
                f"Đầu nhật ký {signed.head.index} là mục cuối của chuỗi",
                steps.head_in_chain(signed.head.index, signed.head.hash)
                + f' && [ "$(cat {base}.txt)" = "{signed.head.text}" ]',
            )
            if signed.kind == "timestamp":
                stamp = stamp_of(signed.proof)
                self.made.add(f"{base}.tst", signed.proof)
                self._steps.add(
                    f"Đầu nhật ký {signed.head.index} có dấu thời gian",
                    steps.stamp_sound(f"{base}.tst", f"{base}.txt", stamp.algorithm if stamp else "sha256"),
                )
            else:
                self.made.add(f"{base}.p7s", signed.proof)
                self._steps.add(
                    f"Đầu nhật ký {signed.head.index} có chữ ký", steps.cms_detached(f"{base}.p7s", f"{base}.txt")
                )
            self._learn(certificates_in(signed.proof))

    def _learn(self, certificates: Any) -> None:
        for der in certificates:
            self._certificates.setdefault(hashlib.sha256(der).hexdigest(), der)

    def _certificate_files(self) -> None:
        self._learn(self._contents.known)
        every: dict[str, bytes] = {}
        anchors: dict[str, bytes] = {}
        for source, target in ((self._certificates.values(), every), (self._contents.anchors, anchors)):
            for der in source:
                try:
                    target[hashlib.sha256(der).hexdigest()] = pem(der)
                except ValueError:
                    continue  # a certificate that nobody can read proves nothing
        if every or anchors:
            both = {**every, **anchors}
            self.made.add("chung-thu/tat-ca.pem", b"".join(both[key] for key in sorted(both)))
        if anchors:
            self.made.add("chung-thu/goc.pem", b"".join(anchors[key] for key in sorted(anchors)))

    def _fingerprints(self) -> list[str]:
        return sorted(hashlib.sha256(der).hexdigest() for der in self._contents.anchors)


def make(contents: EvidenceContents, blobs: BlobStore) -> Bundle:
    """The bundle of one document: ``make(...).write(path)``."""
    return Maker(contents, blobs).make()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
