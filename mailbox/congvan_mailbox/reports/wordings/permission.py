"""Who may send to whom: relaying, lists, restricted recipients."""
# ruff: noqa: E501
# The patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

from congvan_mailbox.reports.wordings.phrase import Phrase, row

ROWS: tuple[Phrase, ...] = (
    row(
        "relay_denied",
        "7.1",
        r"relay(ing)? (access )?(is )?(denied|not (permitted|allowed|authori[sz]ed)|prohibited|refused|disallowed|forbidden)",
        r"(unable|not (allowed|permitted|authori[sz]ed)|unauthori[sz]ed|cannot|denied|won't|will not|do not|don't|insecure)( mail| to)? ?relay",
        r"not (allowed|permitted) to relay",
        r"open relay",
        r"isn'?t in my list of allowed rcpthosts",
        r"allowed rcpthosts",
        r"not a gateway",
        r"we do not relay",
        r"relay (attempt )?(blocked|rejected)",
        r"no relaying",
        r"relay not",
        r"domain (is )?not hosted here",
        r"requires authentication when attempting to send to a non-local",
        r"not local host .{0,60}not a gateway",
        r"i am not a relay",
        r"khong (duoc phep |cho phep )?(chuyen tiep|relay)",
    ),
    row(
        "list",
        "7.2",
        r"members?[- ]only",
        r"not (a )?(member|subscribed)",
        r"(closed|moderated|restricted) (mailing )?list",
        r"only (list )?(members|subscribers) (can|may|are)",
        r"posting(s)? (to|from).{0,40}(not allowed|restricted|denied)",
        r"subscriber-only",
        r"may not (post|have permission)",
        r"you do not have permission to post",
        r"permission to post (messages )?to the group",
        r"google groups.{0,120}permission",
        r"khong co quyen dang",
    ),
    row(
        "not_authorized",
        "7.1",
        r"resolver\.rst\.(notauthorized|authrequired|restrictedtorecipientspermission)",
        r"authrequired",
        r"only accept(s|ing) (mail|messages|e-?mail)s? from",
        r"delivery not authori[sz]ed",
        r"sender (is )?not (allowed|authori[sz]ed|permitted|pre-approved)",
        r"not (allowed|authori[sz]ed|permitted) to send",
        r"you (do not|don'?t) have permission",
        r"recipient (not authori[sz]ed|preferences|rejected you)",
        r"you have been blocked by",
        r"user reject",
        r"not accepting (e-?mails?|mails?|messages?) from",
        r"refused? to (receive|accept) (your )?(mail|message)",
        r"you are not allowed",
        r"restricted (address|recipient|distribution)",
        r"internal (use )?only|internal address",
        r"this account is protected",
        r"is not accepting any mail",
        r"khong (co|duoc) (quyen|phep) gui",
        r"chi nhan thu tu",
    ),
)
