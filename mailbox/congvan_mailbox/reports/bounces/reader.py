"""One free-form report read: is it one, whom does it concern, what happened, and why."""

from __future__ import annotations

import re

from congvan_mailbox.reports import original
from congvan_mailbox.reports.addresses import addresses_in, key_of
from congvan_mailbox.reports.bounces.candidates import Candidate, candidates
from congvan_mailbox.reports.bounces.fallback import by_flufl
from congvan_mailbox.reports.bounces.local_names import local_names
from congvan_mailbox.reports.bounces.signs import may_be_nameless, weigh
from congvan_mailbox.reports.bounces.tone import tone_of
from congvan_mailbox.reports.letter import Part
from congvan_mailbox.reports.model import Action, RecipientResult, Report
from congvan_mailbox.reports.original import Original
from congvan_mailbox.reports.phrases import find_phrase
from congvan_mailbox.reports.prose import near
from congvan_mailbox.reports.status import choose, code_in, is_vague, reason_vi, reply_in

#: From this weight on a letter is a report even where nobody is named.
CERTAIN = 3


def read_bounce(letter: Part, prose: str, raw: bytes) -> Report | None:
    """The report of a free-form bounce, or None where the letter is none."""
    text, copy = original.split_returned(prose)
    announced = copy is not None and bool(copy.sender or copy.message_id) and original.is_announced(text)
    if min((c.rank for c in candidates(text)), default=9) > 3 and not announced:
        text = original.without_returned(prose)  # some put their own words below the original's fields
    weight = weigh(letter, text)
    if weight < 2:
        return None
    returned = original.of_report(letter, prose)
    found, source = _recipients(letter, text, raw, returned, weight)
    if source in ("original", "none") and len(prose) > len(text) and not announced:
        named, where = _recipients(letter, prose, raw, returned, weight)
        found, source = (named, where) if where == "text" else (found, source)
    if not found and (weight < CERTAIN or not (may_be_nameless(letter, text) or returned.found)):
        return None
    tone = tone_of(letter.get("Subject"), text)
    report = Report("delivery", returned.message_id, source=source)
    #: Where nobody has a word of his own beside him, the one reason of the report is everybody's.
    shared = len(found) == 1 or not any(_telling(c.said) for c in found)
    for candidate in found:
        report.recipients.append(_result(candidate, tone, text, len(found) == 1, shared))
    if source == "original":
        for result in report.recipients:
            result.guessed = True
    return report


def _recipients(letter: Part, text: str, raw: bytes, returned: Original, weight: int) -> tuple[list[Candidate], str]:
    """The recipients concerned, from the surest source that names any."""
    known = {key_of(a) for a in returned.recipients}
    strangers = _not_recipients(letter, returned) - known
    everybody = candidates(text)
    every = [c for c in everybody if key_of(c.address) not in strangers]
    if not every:
        # A mail to oneself, or a system that writes in the failed user's name: the report blames this address plainly.
        every = [c for c in everybody if c.rank <= 2 and (_blames(c) or _introduced(c, text))]
    headed = [a for v in letter.all("X-Failed-Recipients") for a in addresses_in(v)]
    if headed:
        beside = {key_of(c.address): c for c in every}
        return [beside.get(key_of(a)) or Candidate(a, near(text, a, len(headed) == 1), 1) for a in headed], "header"
    best = _surest(every, known)
    if best and best[0].rank <= 3:
        return best, "text"
    named = local_names(letter, text, returned)
    if named:
        return named, "local name"
    headline = [c for c in candidates(letter.get("Subject")) if key_of(c.address) not in strangers]
    if not best and len(headline) == 1:
        return [Candidate(headline[0].address, near(text, headline[0].address, True), 3)], "subject"
    by_library = [r for r in by_flufl(raw) if key_of(r.address) not in strangers]
    if by_library:
        return [Candidate(r.address, near(text, r.address, len(by_library) == 1), 3) for r in by_library], "flufl"
    if best and (weight >= CERTAIN or reply_in(text)) and best[0].rank <= 4:
        return best, "text"
    if best and weight >= CERTAIN and (hits := [c for c in best if key_of(c.address) in known]):
        return hits, "text"
    if best and weight >= CERTAIN and len(best) == 1:
        return best, "text"
    if len(returned.recipients) == 1 and weight >= CERTAIN:
        return [Candidate(returned.recipients[0], "", 9)], "original"
    return [], "none"


def _surest(every: list[Candidate], known: set[str]) -> list[Candidate]:
    """Those at the best rank; at rank 2 and 3 the ones to whom the original was sent push out the others."""
    if not every:
        return []
    rank = min(c.rank for c in every)
    level = [c for c in every if c.rank == rank]
    for before, after in zip(reversed(level[:-1]), reversed(level[1:]), strict=True):
        before.said = before.said or after.said  # a list of addresses with one reason below it
    if rank >= 2:
        hits = [c for c in every if c.rank <= 3 and key_of(c.address) in known]
        blamed = [c for c in level if _blames(c)]
        if hits and not [c for c in blamed if key_of(c.address) not in known]:
            return hits
        if rank >= 3 and blamed and len(blamed) < len(level):
            return blamed
    return level


def _blames(candidate: Candidate) -> bool:
    """The words beside it hold a refusal."""
    return bool(re.search(r"(?<!\d)[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}", candidate.said))


def _introduced(candidate: Candidate, text: str) -> bool:
    """The line above names it as the one that failed: "could not be delivered to the following user:"."""
    above = re.search(rf"([^\n]*)\n\s*[^\n]{{0,100}}{re.escape(candidate.address)}", text, re.IGNORECASE)
    return above is not None and bool(
        re.search(
            r"(not|n't|un\w*|fail\w*)\b.{0,60}\bfollowing (user|recipient|address)", above.group(1), re.IGNORECASE
        )
    )


def _not_recipients(letter: Part, returned: Original) -> set[str]:
    """Who reports, and who had sent: never the ones who failed, unless the original was sent to them too."""
    out = {
        key_of(a)
        for n in ("From", "Sender", "Reply-To", "Return-Path", "To", "Delivered-To", "X-Original-To", "Errors-To")
        for a in addresses_in(letter.get(n))
    }
    if returned.sender:
        out.add(key_of(returned.sender))
    if returned.message_id:
        out.add(key_of(returned.message_id.strip("<>")))
    return out


def _telling(said: str) -> bool:
    return reply_in(said) is not None or not is_vague(code_in(said)) or find_phrase(said) is not None


def _result(candidate: Candidate, tone: Action, text: str, only: bool, shared: bool) -> RecipientResult:
    said = candidate.said
    if is_vague(code_in(said)) and shared:
        said = f"{said}\n{text[:5000]}"
    action = tone
    if tone is Action.DELIVERED and re.match(r"\W*relayed (via|to)\b", candidate.said, re.IGNORECASE):
        action = Action.RELAYED  # handed to a server that sends no reports (RFC 3461 6.2.2)
    if not only and tone is Action.DELAYED and re.search(r"(?<!\d)5\d\d[ -]#?5\.\d", candidate.said):
        action = Action.FAILED  # one recipient of a mixed report was refused for good
    status, reason, derived = choose(None, candidate.said or None, said, action)
    if action is Action.DELAYED and status and status[0] == "5":
        status = f"4{status[1:]}"
    diagnostic = re.sub(r"\s+", " ", candidate.said).strip()[:1000] or None
    return RecipientResult(
        candidate.address, action, status, diagnostic, candidate.original, reason, reason_vi(reason), derived=derived
    )
