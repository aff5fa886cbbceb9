"""CMS structures that asn1crypto lacks: RFC 5083, RFC 5084, RFC 5753."""

from __future__ import annotations

from typing import Any, ClassVar

from asn1crypto import core

OID_DATA = "1.2.840.113549.1.7.1"
AES_GCM = {16: "2.16.840.1.101.3.4.1.6", 24: "2.16.840.1.101.3.4.1.26", 32: "2.16.840.1.101.3.4.1.46"}
AES_CBC = {16: "2.16.840.1.101.3.4.1.2", 24: "2.16.840.1.101.3.4.1.22", 32: "2.16.840.1.101.3.4.1.42"}
AES_WRAP = {"2.16.840.1.101.3.4.1.5": 16, "2.16.840.1.101.3.4.1.25": 24, "2.16.840.1.101.3.4.1.45": 32}
#: dhSinglePass-stdDH with the X9.63 derivation over these digests (RFC 5753 7.1.4).
ECDH_DIGESTS = {
    "1.3.133.16.840.63.0.2": "sha1",
    "1.3.132.1.11.0": "sha224",
    "1.3.132.1.11.1": "sha256",
    "1.3.132.1.11.2": "sha384",
    "1.3.132.1.11.3": "sha512",
}


class KeyWrapAlgorithm(core.Sequence):  # type: ignore[misc]
    """AlgorithmIdentifier of the key wrap inside the key agreement's parameters."""

    _fields: ClassVar[list[Any]] = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


class EccCmsSharedInfo(core.Sequence):  # type: ignore[misc]
    """ECC-CMS-SharedInfo (RFC 5753 7.2)."""

    _fields: ClassVar[list[Any]] = [
        ("key_info", KeyWrapAlgorithm),
        ("entity_u_info", core.OctetString, {"explicit": 0, "optional": True}),
        ("supp_pub_info", core.OctetString, {"explicit": 2}),
    ]


class GcmParameters(core.Sequence):  # type: ignore[misc]
    """GCMParameters (RFC 5084 3.2)."""

    _fields: ClassVar[list[Any]] = [("nonce", core.OctetString), ("icv_length", core.Integer, {"default": 12})]
