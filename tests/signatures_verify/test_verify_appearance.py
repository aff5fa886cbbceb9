"""What later signatures and time stamps draw: beside the text and in view, or the file is modified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attacks_appearance
import pytest

from congvan_core.signatures.signing import HttpTimeStamper, sign_pdf
from congvan_core.signatures.trust_store import TrustStore
from support_pki import LivePki
from support_signed import codes, page_pdf, verdict

LEVELS = (None, 2, 3)


@pytest.fixture(scope="module")
def bases(pki: LivePki) -> dict[int | None, bytes]:
    """Two pages, signed without DocMDP and certified with each level."""
    made = {None: sign_pdf(page_pdf(pages=2), pki.signing_key("leader"), certify=False)}
    for level in (1, 2, 3):
        made[level] = sign_pdf(page_pdf(pages=2), pki.signing_key("leader"), certify=True, docmdp=level)
    return made


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", list(attacks_appearance.SNEAKY))
def test_even_a_trusted_signature_shows_itself_openly_and_beside_the_text(
    name: str, level: int | None, bases: dict[int | None, bytes], pki: LivePki, trust: TrustStore
) -> None:
    attack: Callable[[bytes, Any], bytes] = attacks_appearance.SNEAKY[name]
    out = verdict(attack(bases[level], pki.signing_key("agency-a")), trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
    assert codes(out) & {"INTEGRITY-SIGNATURE-COVERS-CONTENT", "INTEGRITY-ANNOTATION-ADDED"}, codes(out)


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_signature_in_a_blank_place_is_permitted(
    level: int | None, bases: dict[int | None, bytes], pki: LivePki, trust: TrustStore
) -> None:
    out = verdict(attacks_appearance.sneaky(bases[level], pki.signing_key("agency-a"), attacks_appearance.BLANK), trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]


@pytest.mark.parametrize("level", [None, 1, 2])
def test_a_time_stamp_says_nothing_on_the_page(
    level: int | None, bases: dict[int | None, bytes], pki: LivePki, trust: TrustStore
) -> None:
    out = verdict(attacks_appearance.speaking_time_stamp(bases[level], pki.tsa_url), trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
    assert "INTEGRITY-ANNOTATION-ADDED" in codes(out)


def test_an_unsigned_field_paints_nothing(bases: dict[int | None, bytes], trust: TrustStore) -> None:
    out = verdict(attacks_appearance.unsigned_field(bases[None]), trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
    out = verdict(attacks_appearance.reserve(bases[None]), trust)
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]


def test_an_ordinary_time_stamp_of_a_certified_file(pki: LivePki, trust: TrustStore) -> None:
    signed = sign_pdf(
        page_pdf(), pki.signing_key("leader"), certify=True, docmdp=1, timestamper=HttpTimeStamper(pki.tsa_url)
    )
    assert verdict(signed, trust)["outcome"] == "valid"
