"""What happened to the mail as a whole, by a report's own words: failed, delayed, delivered, relayed or expanded."""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re

from congvan_mailbox.reports.model import Action
from congvan_mailbox.reports.phrases import fold

_FAILED = re.compile(
    r"permanent(ly)?\b|giving up|given up|gave up|i'm not going to try|will not be (retried|attempted)|no further attempts|(message|mail) (has been |was )?(returned|bounced)|undeliverable|returned to sender|"
    r"failed because|(was|has been) aborted after|fatal error|could not be delivered to (one|the following|these)|delivery (has )?failed|delivery failure|stopped trying|too long in the queue|in the queue too long|removed from the queue|"
    r"gui (thu )?that bai|gui khong thanh cong|da bi tra lai|khong the gui thu|loi vinh vien"
)
_DELAYED = re.compile(
    r"this is a warning message only|you do not need to (resend|take any action)|no action is required|(delivery|transmission|message|mail|e-?mail|it)[a-z0-9 ,'<>@._-]{0,60}(has been|have been|was|were|is|are|will be|being) (delayed|deferred|postponed|queued|retried|held in)|"
    r"delayed mail|delay(ed)? (delivery|notification|report|reason)|delivery status notification \(delay\)|status notification \(delay|still (trying|being tried|in the (mail )?queue|retrying|attempting)|(will|shall) (keep|continue|be) (on )?(to )?(try|retr|attempt|deliver)|(will|would) (try|retry|attempt)[a-z ]{0,20}(again|for|until|to)|will be re-?tried|"
    r"delivery attempts will (be )?continue|attempts will continue|not yet been delivered|has not yet been (delivered|collected)|has not been (delivered|collected) (for|after|in|within) |not yet (been )?deliver|warning: (message|could not send|mail|e-?mail)|temporar(y|ily)[a-z ]{0,20}(problem|fail|error|undeliver|unable|defer|not)[^.]{0,80}(retr|again|continue)|"
    r"delivery incomplete|there was a temporary problem|transient (non-fatal )?error|had transient|could not send message for (the )?(past|last)|for (more than )?\d+ (minutes|hours)[^.]{0,40}(not|unable|delay)|advisory-only|just a warning|"
    r"(gui|phat|chuyen)( thu)? (bi )?(cham|tri hoan)|(bi )?tri hoan|tam hoan|tiep tuc (thu|gui)|se (tiep tuc )?thu (gui )?lai|se thu lai|gui chua hoan tat|thu dang (cho|nam trong hang doi)"
)
_DELIVERED = re.compile(
    r"(was|were|has been|have been|is) successfully (delivered|relayed|sent|transferred)|successfully delivered|success(ful)? delivery|delivery (to [a-z ]{0,60})?(was |is )?success|(message|mail|e-?mail)[a-z ,'\"]{0,60}(was|has been|have been) delivered (to|into|on|at)|status notification \(success\)|delivered (successfully|to the following|to mailbox|to recipient)|"
    r"delivery receipt|delivery confirmation|return receipt: delivered|da (duoc )?(gui|phat|chuyen) (den|toi|thanh cong)|gui thanh cong|thong bao (da )?phat thanh cong"
)
_RELAYED = re.compile(
    r"status notification \(relay\)|(was|has been|have been) (successfully )?relayed|delivery to these recipients or (groups|distribution lists) is complete, but no delivery notification|no delivery (notification|confirmation) (was|will be) (sent|returned)|the destination server did not send delivery notification|may or may not receive|does not support delivery (status )?(notification|report)|da chuyen tiep"
)
_EXPANDED = re.compile(
    r"status notification \(expanded\)|(was|has been|have been) expanded|distribution list (was |has been )?expand"
)


def tone_of(subject: str, text: str) -> Action:
    """The action that the words give to all recipients. In doubt it is a failure: a delay says that it is one."""
    head, body = fold(subject), fold(text[:8000])
    if _EXPANDED.search(head) or _EXPANDED.search(body[:1500]):
        return Action.EXPANDED
    if _RELAYED.search(head) or _RELAYED.search(body[:1500]):
        return Action.RELAYED
    if re.search(
        r"\(fail|undeliver|returned mail|failure notice|failed|khong gui duoc|that bai", head
    ) and not re.search(r"delay|warning|cham|tri hoan|will", head):
        return Action.FAILED
    delayed = _DELAYED.search(head) or _DELAYED.search(body)
    failed = _FAILED.search(body)
    if delayed and (
        not failed
        or delayed.string is head
        or re.search(
            r"this is a warning message only|\(delay\)|will (keep|continue)|delivery incomplete", f"{head} {body}"
        )
    ):
        return Action.DELAYED
    if not failed and (
        re.match(r"\s*(delivered|da phat|da gui|relayed)\s*:", head)
        or _DELIVERED.search(head)
        or (
            _DELIVERED.search(body)
            and not re.search(r"(not|n't|khong|chua|could|unable|fail|error)[a-z ]{0,20}(deliver|phat|gui)", body)
        )
    ):
        return Action.DELIVERED
    return Action.FAILED
