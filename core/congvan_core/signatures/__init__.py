"""Sign and verify PDF and CMS; the trust store; facts stored, judgement derived."""
