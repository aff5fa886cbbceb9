"""What a verifying worker needs, imported once by the fork server so that a fresh worker starts at once."""

import asn1crypto.cms
import asn1crypto.ocsp
import asn1crypto.tsp
import cryptography.hazmat.primitives.asymmetric.ec
import cryptography.hazmat.primitives.asymmetric.rsa
import pikepdf

import congvan_core.signatures.pdf_verify
import congvan_core.signatures.verify

__all__ = ["asn1crypto", "congvan_core", "cryptography", "pikepdf"]
