"""Published attacks: none is accepted, and each is named.

Quy chế Điều 11.2-11.3.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import attacks
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

from congvan_core.signatures.sign_signer import KeySigner
from congvan_core.signatures.signing import sign_pdf
from congvan_core.signatures.trust_store import TrustStore
from support_pki import LivePki
from support_signed import codes, seal, store, verdict

BYTES = {"INTEGRITY-BYTES-NOT-COVERED"}
CONTENT = {"INTEGRITY-CONTENT-CHANGED"}
SHADOW = {"INTEGRITY-SHADOW-CONTENT"}
BLANK = (60.0, 400.0, 200.0, 480.0)


def refused(out: dict[str, object], integrity: str, names: set[str]) -> None:
    assert (out["outcome"], out["integrity"]) == ("invalid", integrity), out["findings"]
    assert codes(out) & names, codes(out)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attack", "names"),
    [
        (attacks.isa_page_text, CONTENT),
        (attacks.isa_new_page, {"INTEGRITY-CONTENT-CHANGED", "INTEGRITY-SHADOW-CONTENT"}),
        (attacks.isa_no_xref, BYTES),
        (attacks.isa_trailer_only, BYTES | {"INTEGRITY-SIGNATURE-REMOVED"}),
        (attacks.isa_old_startxref, BYTES),
        (attacks.isa_broken_startxref, BYTES | {"INTEGRITY-SIGNATURE-REMOVED"}),
        (attacks.isa_copied_signature, CONTENT | {"INTEGRITY-SIGNATURE-WRAPPED", "INTEGRITY-SIGNATURE-REPLACED"}),
    ],
)
@pytest.mark.parametrize("base", ["person_signed", "certified", "two_signed"])
def test_incremental_saving(
    attack: Callable[[bytes], bytes], names: set[str], base: str, trust: TrustStore, request: pytest.FixtureRequest
) -> None:
    out = verdict(attack(request.getfixturevalue(base)), trust)
    assert (out["outcome"], out["integrity"] in ("modified", "broken")) == ("invalid", True), out["findings"]
    assert codes(out) & names, codes(out)


@pytest.mark.parametrize("attack", [attacks.swa_moved_tail, attacks.swa_wide_gap])
def test_wrapping(attack: Callable[[bytes], bytes], certified: bytes, trust: TrustStore) -> None:
    out = verdict(attack(certified), trust)
    assert (out["outcome"], out["integrity"] in ("modified", "broken")) == ("invalid", True), out["findings"]


@pytest.mark.parametrize("variant", attacks.USF_VARIANTS)
def test_universal_forgery(variant: str, certified: bytes, trust: TrustStore) -> None:
    refused(
        verdict(attacks.usf(certified, variant), trust),
        "broken",
        {"INTEGRITY-SIGNATURE-EMPTY", "INTEGRITY-SIGNATURE-WRAPPED"},
    )


def test_a_flipped_byte_breaks(certified: bytes, trust: TrustStore) -> None:
    bad = bytearray(certified)
    bad[certified.find(b"stream") + 12] ^= 1
    refused(verdict(bytes(bad), trust), "broken", {"SIG-DIGEST-MISMATCH"})


@pytest.mark.parametrize(
    ("kind", "attack", "names"),
    [
        ("hide", attacks.shadow_hide, SHADOW | CONTENT),
        ("hide", attacks.shadow_hide_by_free, SHADOW),
        ("hide-and-replace", attacks.shadow_hide_and_replace, SHADOW),
        ("hide-and-replace", attacks.shadow_table_only, SHADOW | BYTES),
        ("form", attacks.shadow_replace_value, {"INTEGRITY-FIELD-CHANGED"}),
        ("font", attacks.shadow_replace_font, SHADOW),
    ],
)
def test_shadow(kind: str, attack: Callable[[bytes], bytes], names: set[str], pki: LivePki, trust: TrustStore) -> None:
    signed = sign_pdf(attacks.shadow_original(kind), pki.signing_key("leader"), certify=False)
    assert verdict(signed, trust)["outcome"] == "valid"
    refused(verdict(attack(signed), trust), "modified", names)


def test_shadow_then_signed_again_is_still_refused(pki: LivePki, trust: TrustStore) -> None:
    signed = sign_pdf(attacks.shadow_original("hide"), pki.signing_key("leader"), certify=False)
    again = sign_pdf(attacks.shadow_hide(signed), pki.signing_key("agency-a"), kind="agency")
    refused(verdict(again, trust), "modified", SHADOW | CONTENT)


@pytest.mark.parametrize("subtype", ["/FreeText", "/Stamp", "/Redact", "/Square", "/Text"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_evil_annotation(subtype: str, level: int, pki: LivePki, plain: bytes, trust: TrustStore) -> None:
    signed = sign_pdf(plain, pki.signing_key("leader"), certify=True, docmdp=level)
    out = verdict(attacks.evil_annotation(signed, subtype), trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]


def test_evil_annotation_under_a_later_signature(pki: LivePki, certified: bytes, trust: TrustStore) -> None:
    out = verdict(attacks.attacker_signs(attacks.evil_annotation(certified), pki.signing_key("agency-a"), BLANK), trust)
    refused(out, "modified", {"INTEGRITY-ANNOTATION-ADDED"})


@pytest.mark.parametrize("base", ["person_signed", "certified"])
@pytest.mark.parametrize("name", ["stranger", "agency-a"])
def test_sneaky_signature_covering_text(
    base: str, name: str, pki: LivePki, trust: TrustStore, request: pytest.FixtureRequest
) -> None:
    signed = request.getfixturevalue(base)
    out = verdict(attacks.attacker_signs(signed, pki.signing_key(name), (55, 690, 420, 720)), trust)
    refused(out, "modified", {"INTEGRITY-SIGNATURE-COVERS-CONTENT"})


def test_a_later_signature_that_does_not_verify(pki: LivePki, person_signed: bytes, trust: TrustStore) -> None:
    out = verdict(attacks.attacker_signs(person_signed, pki.signing_key("agency-a"), BLANK, spoil=True), trust)
    refused(out, "modified", {"INTEGRITY-LATER-SIGNATURE-INVALID"})


def test_an_untrusted_signature_on_a_certified_document(pki: LivePki, certified: bytes) -> None:
    trust = store(pki)
    given = attacks.attacker_signs(certified, pki.signing_key("revoked"), BLANK)
    refused(verdict(given, trust), "modified", {"INTEGRITY-LATER-SIGNATURE-INVALID"})


@pytest.mark.parametrize(
    ("attack", "names"),
    [
        (attacks.without_prev, SHADOW | {"INTEGRITY-SIGNATURE-REMOVED"}),
        (attacks.open_action, SHADOW),
        (attacks.move_page_box, CONTENT),
        (attacks.replace_signature_look, {"INTEGRITY-SIGNATURE-REPLACED"}),
    ],
)
def test_other_changes(
    attack: Callable[[bytes], bytes], names: set[str], person_signed: bytes, trust: TrustStore
) -> None:
    refused(verdict(attack(person_signed), trust), "modified", names)


def test_even_a_trusted_signature_may_not_cover_text(pki: LivePki, person_signed: bytes, trust: TrustStore) -> None:
    out = verdict(seal(pki, person_signed, rect=(60, 690, 160, 790)), trust)
    refused(out, "modified", {"INTEGRITY-SIGNATURE-COVERS-CONTENT"})


def test_nothing_may_follow_a_signature_that_permits_nothing(pki: LivePki, plain: bytes, trust: TrustStore) -> None:
    class Careless(signers.PdfSigner):  # type: ignore[misc]
        def _enforce_certification_constraints(self, reader: object) -> None:
            """An attacker's tool asks nobody."""

    signed = sign_pdf(plain, pki.signing_key("leader"), certify=True, docmdp=1)
    meta = signers.PdfSignatureMetadata(field_name="Them", md_algorithm="sha256")
    tool = Careless(meta, signer=KeySigner(pki.signing_key("agency-a")))
    out = tool.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(signed)), existing_fields_only=False)
    refused(verdict(out.getvalue(), trust), "modified", {"INTEGRITY-SIGNATURE-AFTER-LOCK"})


@pytest.mark.parametrize(
    "more",
    [
        b"BT /FX 13 Tf 400 700 Td (9) Tj ET",
        b"1 1 1 rg 60 690 300 25 re f",
        b"BT /FX 13 Tf 60 650 Td (Dieu 2. Them) Tj ET",
        b"0 0 0 rg 300 400 60 60 re f",
    ],
)
def test_anything_beside_number_and_date_is_an_alteration(
    more: bytes, pki: LivePki, person_signed: bytes, trust: TrustStore
) -> None:
    out = verdict(seal(pki, attacks.write_number(person_signed, more=more)), trust)
    refused(out, "modified", CONTENT)


def test_a_number_that_no_later_signature_covers_is_an_alteration(person_signed: bytes, trust: TrustStore) -> None:
    refused(verdict(attacks.write_number(person_signed), trust), "modified", CONTENT)


def test_a_number_covered_by_another_person_is_an_alteration(
    pki: LivePki, person_signed: bytes, trust: TrustStore
) -> None:
    out = verdict(sign_pdf(attacks.write_number(person_signed), pki.signing_key("clerk"), certify=False), trust)
    refused(out, "modified", CONTENT)


def test_a_signature_removed_from_the_form_is_noticed(person_signed: bytes, trust: TrustStore) -> None:
    def change(writer: object) -> None:
        del writer.root["/AcroForm"]  # type: ignore[attr-defined]
        writer.update_root()  # type: ignore[attr-defined]

    out = verdict(attacks.increment(person_signed, change), trust)
    refused(out, "modified", {"INTEGRITY-SIGNATURE-REMOVED"})


def test_whose_certificate(pki: LivePki, plain: bytes, trust: TrustStore) -> None:

    def judged(name: str, **given: bool) -> tuple[str, str, set[str]]:
        out = verdict(sign_pdf(plain, pki.signing_key(name)), store(pki, **given) if given else trust)
        return out["outcome"], out["trust"], codes(out)

    assert judged("stranger")[:2] == ("invalid", "untrusted") or judged("stranger")[:2] == (
        "indeterminate",
        "undecided",
    )
    outcome, answer, found = judged("revoked")
    assert (outcome, answer) == ("invalid", "revoked")
    assert "SIG-REVOKED" in found
    outcome, answer, found = judged("expired")
    assert (outcome, answer) == ("invalid", "untrusted")
    assert "SIG-CERTIFICATE-EXPIRED" in found
    outcome, answer, found = judged("leader", crls=False)
    assert (outcome, answer) == ("indeterminate", "undecided")
    assert "SIG-REVOCATION-UNKNOWN" in found
    outcome, answer, found = judged("leader", root=False)
    assert (outcome, answer) == ("indeterminate", "undecided")
    assert "SIG-ISSUER-MISSING" in found
    assert judged("leader", intermediate=False)[:2] == ("valid", "trusted")
