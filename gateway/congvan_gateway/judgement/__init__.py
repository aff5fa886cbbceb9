"""Origin, validity, integrity, decision: one report per mail."""
