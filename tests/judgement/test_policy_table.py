"""The default table over the whole catalogue, and what it makes of a set of findings."""

from __future__ import annotations

import pytest

from congvan_core.errors import ConfigurationError
from congvan_core.findings import CATALOGUE, Finding, Severity
from congvan_gateway.judgement.actions import DEFAULT_ACTIONS, NAMED, Action
from congvan_gateway.judgement.policy import Policy, decide


def test_every_code_named_in_the_table_exists_and_every_code_has_an_action() -> None:
    assert set(CATALOGUE) >= NAMED
    assert set(DEFAULT_ACTIONS) == set(CATALOGUE)


def test_no_error_is_waved_through_and_no_note_refuses() -> None:
    for code, action in DEFAULT_ACTIONS.items():
        severity = CATALOGUE[code].severity
        if severity is Severity.ERROR and not code.startswith("REPORT-"):
            assert action.rank >= Action.HOLD.rank, code
        if action in (Action.REFUSE, Action.SEAL):
            assert severity is Severity.ERROR, code


@pytest.mark.parametrize("code", [c for c in CATALOGUE if c.startswith("FILE-NAME-")])
def test_names_never_hold(code: str) -> None:
    assert DEFAULT_ACTIONS[code] is Action.NOTE


@pytest.mark.parametrize(
    ("codes", "decision"),
    [
        ([], "accept"),
        (["SIG-NO-TIMESTAMP", "SIG-TIME-LOCAL-AS-UTC", "SIG-TIMESTAMP-SHA1"], "accept"),
        (["SIG-ISSUER-MISSING"], "quarantine"),
        (["SIG-NUMBER-AFTER-SIGNATURE"], "quarantine"),
        (["SIG-NONE"], "quarantine"),
        (["SIG-ISSUER-MISSING", "SIG-DIGEST-MISMATCH"], "refuse"),
        (["ORIGIN-LOOP"], "ignore"),
    ],
)
def test_the_heaviest_finding_decides(codes: list[str], decision: str) -> None:
    found = decide(Policy(), [Finding(c) for c in codes], kind="document")
    assert found.recommended == decision
    assert not found.sealed


def test_a_marking_seals_whatever_else_was_found() -> None:
    found = decide(Policy(), [Finding("SIG-BROKEN"), Finding("SECRET-MARKING")], kind="plain")
    assert found.sealed
    assert found.because == ("SECRET-MARKING",)


def test_a_mail_that_hides_something_is_not_ignored() -> None:
    assert decide(Policy(), [Finding("MIME-NOT-DECRYPTED")], kind="plain").recommended == "quarantine"
    assert decide(Policy(), [Finding("FORMAT-EMPTY")], kind="plain").recommended == "ignore"


def test_unknown_codes_and_actions_are_refused() -> None:
    for table in ({"SIG-LALA": "note"}, {"SIG-NONE": "lala"}):
        with pytest.raises(ConfigurationError):
            Policy.from_json(table)
