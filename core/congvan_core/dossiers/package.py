"""A dossier handed over as one file: documents in time order, metadata, verification data, and the submission package.

The package follows the shape that TT 05/2025/TT-BNV gives to digital archive work (an OAIS submission package): a METS
file names every file with its digest, EAD describes the dossier, PREMIS tells its life. The circular's own annexes were
not at hand: what they add is not claimed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from sqlalchemy import Connection, select

from congvan_core.documents.store import files_of, number_symbol
from congvan_core.dossiers.exporting import dossier_pdf, dossier_xml, maintenance
from congvan_core.dossiers.keeping import documents_in, get
from congvan_core.evidence.bundle import SUMS, Bundle, plain_name
from congvan_core.ids import iso_vn
from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.schema import event
from congvan_core.storage.sheets import plain

_METS, _XLINK = "http://www.loc.gov/METS/", "http://www.w3.org/1999/xlink"
_EAD, _PREMIS = "urn:isbn:1-931666-22-9", "http://www.loc.gov/premis/v3"


def dossier_package(
    connection: Connection, blobs: BlobStore, dossier_id: str, *, organ_id: str, organ_name: str, at: datetime
) -> Bundle:
    """The bundle, ready to be written. Raises NotFoundError or UnreadableError where a stored file is gone or damaged."""
    bundle = Bundle()
    listed: list[tuple[str, str, int, str]] = []
    for place, one in enumerate(documents_in(connection, dossier_id), 1):
        folder = f"representations/rep1/data/{place:04d}"
        for number, file in enumerate(files_of(connection, one.id), 1):
            path = f"{folder}/{number:02d}_{plain_name(file.name, 80)}"
            bundle.add_blob(path, blobs, file.sha256)
            listed.append((path, file.sha256, file.size, file.media_type or "application/octet-stream"))
        if one.verification is not None:
            report = json.dumps(one.verification, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
            listed.append(_put(bundle, f"{folder}/kiem-tra-chu-ky.json", report, "application/json"))
    for path, data, kind in (
        ("muc-luc.pdf", dossier_pdf(connection, dossier_id), "application/pdf"),
        ("ho-so.xml", dossier_xml(connection, dossier_id, organ_id=organ_id), "application/xml"),
        ("metadata/descriptive/ead.xml", _ead(connection, dossier_id, organ_id, organ_name), "application/xml"),
        ("metadata/preservation/premis.xml", _premis(connection, dossier_id), "application/xml"),
    ):
        listed.append(_put(bundle, path, data, kind))
    bundle.add("METS.xml", _mets(connection, dossier_id, organ_id, organ_name, listed, at))
    bundle.add(SUMS, bundle.sums())
    return bundle


def _put(bundle: Bundle, path: str, data: bytes, kind: str) -> tuple[str, str, int, str]:
    bundle.add(path, data)
    return path, hashlib.sha256(data).hexdigest(), len(data), kind


def _mets(
    connection: Connection, dossier_id: str, organ_id: str, organ_name: str, listed: list[Any], at: datetime
) -> bytes:
    row = get(connection, dossier_id)
    root = ET.Element(
        f"{{{_METS}}}mets",
        {
            "OBJID": f"{organ_id}.{row.year}.{row.notation}",
            "TYPE": "Other",
            "LABEL": plain(row.title),
            "PROFILE": "SIP",
        },
    )
    head = ET.SubElement(root, f"{{{_METS}}}metsHdr", CREATEDATE=iso_vn(at) or "", RECORDSTATUS="NEW")
    agent = ET.SubElement(head, f"{{{_METS}}}agent", ROLE="ARCHIVIST", TYPE="ORGANIZATION")
    ET.SubElement(agent, f"{{{_METS}}}name").text = plain(organ_name)
    files = ET.SubElement(ET.SubElement(root, f"{{{_METS}}}fileSec"), f"{{{_METS}}}fileGrp", USE="SIP")
    order = ET.SubElement(ET.SubElement(root, f"{{{_METS}}}structMap", TYPE="physical"), f"{{{_METS}}}div", LABEL="SIP")
    for number, (path, sha256, size, kind) in enumerate(listed, 1):
        item = ET.SubElement(
            files, f"{{{_METS}}}file",
            {"ID": f"f{number:05d}", "MIMETYPE": kind, "SIZE": str(size), "CHECKSUM": sha256, "CHECKSUMTYPE": "SHA-256"},
        )  # fmt: skip
        ET.SubElement(item, f"{{{_METS}}}FLocat", {"LOCTYPE": "URL", f"{{{_XLINK}}}href": path})
        ET.SubElement(order, f"{{{_METS}}}fptr", FILEID=f"f{number:05d}")
    return _xml(root, {"": _METS, "xlink": _XLINK})


def _ead(connection: Connection, dossier_id: str, organ_id: str, organ_name: str) -> bytes:
    row, held = get(connection, dossier_id), documents_in(connection, dossier_id)
    root = ET.Element(f"{{{_EAD}}}ead")
    whole = ET.SubElement(root, f"{{{_EAD}}}archdesc", level="file")
    about = ET.SubElement(whole, f"{{{_EAD}}}did")
    for name, value in (
        ("unitid", f"{organ_id}.{row.year}.{row.notation}"), ("unittitle", row.title), ("origination", organ_name),
        ("unitdate", f"{row.opened_on or ''}/{row.closed_on or ''}"), ("langmaterial", row.language),
    ):  # fmt: skip
        ET.SubElement(about, f"{{{_EAD}}}{name}").text = plain(value)
    ET.SubElement(ET.SubElement(whole, f"{{{_EAD}}}appraisal"), f"{{{_EAD}}}p").text = maintenance(row.retention_years)
    ET.SubElement(ET.SubElement(whole, f"{{{_EAD}}}accessrestrict"), f"{{{_EAD}}}p").text = plain(row.rights or "")
    items = ET.SubElement(whole, f"{{{_EAD}}}dsc")
    for one in held:
        did = ET.SubElement(ET.SubElement(items, f"{{{_EAD}}}c", level="item"), f"{{{_EAD}}}did")
        for name, value in (
            ("unitid", one.identifier or number_symbol(one.number, one.symbol)), ("unittitle", one.subject),
            ("unitdate", one.issued_on), ("origination", one.author_name),
        ):  # fmt: skip
            ET.SubElement(did, f"{{{_EAD}}}{name}").text = plain(value)
    return _xml(root, {"": _EAD})


def _premis(connection: Connection, dossier_id: str) -> bytes:
    """What was done to the dossier and its documents, from the journal."""
    subjects = [f"dossier:{dossier_id}", *(f"document:{one.id}" for one in documents_in(connection, dossier_id))]
    root = ET.Element(f"{{{_PREMIS}}}premis", version="3.0")
    rows = connection.execute(
        select(event).where(event.c.subject.in_(subjects)).order_by(event.c.at, event.c.id).limit(5000)
    )
    for row in rows:
        item = ET.SubElement(root, f"{{{_PREMIS}}}event")
        for name, value in (("eventType", row.kind), ("eventDateTime", iso_vn(row.at)), ("eventDetail", row.subject)):
            ET.SubElement(item, f"{{{_PREMIS}}}{name}").text = value
        linking = ET.SubElement(item, f"{{{_PREMIS}}}linkingAgentIdentifier")
        ET.SubElement(linking, f"{{{_PREMIS}}}linkingAgentIdentifierValue").text = plain(row.actor)
    return _xml(root, {"": _PREMIS})


def _xml(root: Any, prefixes: dict[str, str]) -> bytes:
    for prefix, uri in prefixes.items():
        if prefix:
            ET.register_namespace(prefix, uri)
    ET.indent(root)
    out: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return out
