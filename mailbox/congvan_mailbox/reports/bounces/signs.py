"""By what one knows that a letter is a mail system's report on delivery, though it has no delivery-status part."""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re

from congvan_mailbox.reports.addresses import addresses_in
from congvan_mailbox.reports.automatic import null_path
from congvan_mailbox.reports.letter import Part
from congvan_mailbox.reports.original import returned_part
from congvan_mailbox.reports.phrases import fold

_DAEMON = re.compile(
    r"(mailer[-_. ]?daemon|mail[-_. ]?daemon|post[-_]?master|post[-_]?office|mail[-_ ]?(delivery|system|server|admin|router)|delivery[-_ ]?(subsystem|system|failure|notification|status)|"
    r"\bmdaemon\b|mailsystem|mail[- ]?gateway|smtp[-_ ]?(gateway|server|agent|mail_service)|system administrator|systemadministrator|microsoft ?exchange|internet mail delivery|"
    r"\bmailer\b|maildelivery|bounce[s+-]|mail ?enable|returned mail|undeliverable|mta[-_ ]?(admin|agent)|no-?reply.{0,12}(mail|bounce)|message (transfer|router)|quan tri (he thong|thu)|he thong (thu|mail|email)|"
    r"<>|root@|daemon@|esafe|interscan|mailsweeper|mailmarshal|groupwise|listserv|list[- ]?manager)"
)
_SUBJECT = re.compile(
    r"(^\s*(delivered|relayed|expanded|da phat|da chuyen|da gui)\s*:|success(ful)? (mail )?delivery|deliver(y|ed) success|undeliver(ed|able|y)|non[- ]?deliver|not delivered|delivery (status )?(notification|notice|report|failure|failed|problem|error|incomplete|delayed|delay|has failed|warning|attempt|unsuccessful)|deliver(y|ed)? fail|"
    r"(mail|message|e-?mail|mailer)[a-z ]{0,20} (delivery|transmission|system)?[a-z ]{0,10}(fail|problem|error|delayed|bounce|returned|not delivered|could not|cannot|rejected|undeliver)|fail(ed|ure)[a-z ]{0,12} (deliver|mail|notice|notification|message)|"
    r"returned (mail|message|e-?mail|to sender)|return(ed)? mail|mail returned|message returned|bounced?( mail| message| e-?mail)\b|bounce (message|report)|delivery ?fail|failure (notice|notification|report|delivery)|"
    r"(unable|failed|failure) to (deliver|send)|could ?(not|n't) (be )?(deliver|send|sent)|cannot (be )?(deliver|send|sent)|can'?t be (delivered|sent)|rejected posting to|warning:? (message|could not|e-?mail|mail)|message (delayed|status|frozen|rejected|blocked)|"
    r"user unknown|unknown (user|recipient|address)|mailbox (full|unavailable|not found)|over quota|rejected( mail| message|:)|(mail|message|nachricht) (system )?error|error (sending|delivering|report)|nondeliverable|"
    r"delayed mail|mail status|status (of|report)|problem (delivering|with)|delivery to|delivery unsuccessful|transport error|"
    r"(thu|tin nhan|email|e-mail|mail|tin)[a-z ,:\"']{0,40}(khong|chua|bi) (the |duoc )?(gui|chuyen|phat|toi|tra lai|tu choi|loi|hoan)|(gui|chuyen|phat)( thu| mail| email)? (khong thanh cong|that bai|bi loi|loi)|(khong|chua) (the |duoc )?(gui|chuyen|phat)( duoc)?\b|thong bao (trang thai|tinh trang|ket qua)? ?(gui|phat|chuyen|loi|hoan)|trang thai (gui|phat|chuyen)|tra lai thu|thu (bi )?tra lai|hoan tra|bi tra lai|loi gui|gui lai cho nguoi gui|"
    r"unzustellbar|nicht zugestellt|zustellung|non remis|non distribu|echec (de )?(la )?(remise|livraison|distribution)|no se (puede|pudo) entregar|no entregado|devuelto|mancato recapito|impossibile recapitare|non recapitabile|falha na entrega|nao entregue|devolvida|"
    r"не доставлено|недоставлен|доставк|配信(不能|エラー|失敗)|送信(エラー|失敗|できません)|エラー|退信|系统退信|无法投递|投递失败|반송)"
)
#: Opening words of mail systems; one of these in the text is as good as a sender's name.
_BODY = re.compile(
    r"((has been|was|were) (successfully )?(delivered|relayed) to|successfully delivered|delivery notification was sent|this (message|mail|e-?mail|report) was (created|generated|sent) automatically by (the |our )?(mail|smtp|e-?mail|exim|postfix)|hi\.? ?this is the|qmail-send program|this is the (mail|postfix|smtp|qmail|deliver|dragonfly|exim|email server|[a-z0-9.-]+ (mail|program|mta))|"
    r"i'?m (sorry|afraid)[a-z ,']{0,60}(wasn'?t able|unable|could not|couldn'?t|have to inform)|(was not|wasn'?t|were not) able to deliver|could ?(not|n't) be (delivered|sent)|(can ?not|can'?t) be (delivered|sent)|(un|not )able to (deliver|send)|"
    r"(was|were|is|has been|could be) (not|un)[ -]?(yet )?(been )?(deliver|sent)|undeliver(ed|able)|(has|have) not (yet )?(been )?(delivered|reach)|did not (reach|receive)|(delivery|transmission|message|mail)[a-z ,'\"]{0,60}(has |have |was |were )?(been )?(failed|failure|unsuccessful|delayed|aborted|problem|bounced)|"
    r"had (permanent|transient|delivery|fatal)[a-z ]{0,20} ?(errors?|problems?|fail)|permanent (fatal )?(error|failure)|following (address|recipient|user|person|e-?mail)s?(\(e?s\))?[a-z ,']{0,60}(fail|not|could|undeliver|problem|error|reject|unknown|invalid|had|were|was|is|cannot)|transcript of (the )?session|session transcript|failed recipient|"
    r"failed to (deliver|send)|returned (to (you|sender)|mail|message)|delivery attempt|unknown (user|recipient)|user unknown|user ?mailbox exceeds|wasn'?t delivered|couldn'?t be delivered|message blocked|address not found|message not delivered|delivery incomplete|"
    r"(was|is) (rejected|refused|bounced|returned) (by|because|due|for|to|with)|error(s)? (occurred|while|from remote|encountered)|no such user|recipient (address )?rejected|delivery report|non-?delivery|delivery status|generating server|"
    r"(thu|tin nhan|email|e-mail|mail|tin)[a-z0-9 @.<>_,:\"'-]{0,120}(khong|chua|bi) (the |duoc )?(gui|chuyen|phat|den|toi|tra lai|tu choi)|(khong|chua) (the )?(gui|chuyen|phat|phan phoi)( duoc)?( thu| email| tin)?|gui (thu |mail |email )?(khong thanh cong|that bai)|khong tim thay dia chi|"
    r"ihre nachricht|konnte nicht|n'a pas (pu|ete)|no (se )?(pudo|ha podido)|non e stato|impossibile|nao (foi|pode)|не (удалось|может|было)|配信|届きません|送信できません|无法(投递|送达)|未能)"
)
_MAILERS = re.compile(
    r"(smtp32|imail|mdaemon|internet mail service|mailenable|mercury|communigate|groupwise|notes|surgemail|worldmail|esafe)",
    re.IGNORECASE,
)


def sent_by_mail_system(letter: Part) -> bool:
    """The sender is a mail system and no person: by its name, or by an empty envelope sender with a system's subject."""
    return _daemon(letter) or (null_path(letter) and bool(_SUBJECT.search(fold(letter.get("Subject")))))


def _daemon(letter: Part) -> bool:
    names = [fold(letter.get(n)) for n in ("From", "Sender", "Return-Path") if letter.raw(n) is not None]
    return any(_DAEMON.search(n) for n in names if n != "<>") or (
        not addresses_in(letter.get("From")) and bool(_DAEMON.search(fold(letter.get("From", "<>"))))
    )


#: Opening formulas that no person writes: with one of these even an ordinary sender is a mail system.
_FORMULA = re.compile(
    r"\W*(this (message|mail|e-?mail) was created automatically by (the |our )?(mail|e-?mail|smtp)|message from interscan|non-?delivery report\b|"
    r"hi\. this is the [a-z0-9 .-]{2,60}(program|server|mta)|votre message n'a pas pu etre (de|re)livre a|your message could not be delivered to|the (e-?mail|message) below could not be delivered to the following)"
)
_QUARANTINE = re.compile(
    r"quarantin|spam (digest|report|summary|notification)|digest|thu (rac )?bi (giu|cach ly)|newsletter|quota (warning|report)|(sap|gan) (day|het)"
)
_CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]#?[45]\.\d{1,2}\.\d|(?<![\d.])(55[0-6]|45[0-2]|421)[ -]\D|#[45]\.\d\.\d")
#: A notice about our own mailbox names no recipient of ours.
_OWN_MAILBOX = re.compile(
    r"your (mail ?box|account|quota|password)|(hop thu|tai khoan|mat khau) cua (ban|quy vi|quy co quan|anh|chi)"
)


def weigh(letter: Part, text: str) -> int:
    """How much speaks for a bounce: below 2 nothing, 3 and more certain. ``text`` is the report's text without the original.

    A sender's name alone, or words alone, are never enough: administrators write as postmaster too, and people complain
    about mails that did not arrive.
    """
    if letter.raw("X-Failed-Recipients") is not None:
        return 5
    subject, body = fold(letter.get("Subject")), fold(text[:6000])
    about, words, code = bool(_SUBJECT.search(subject)), bool(_BODY.search(body)), bool(_CODE.search(text[:6000]))
    daemon, silent = _daemon(letter), null_path(letter)
    formal = (
        letter.media_type == "multipart/report" and "disposition" not in letter.params.get("report-type", "").lower()
    )
    machine = formal or bool(_MAILERS.search(letter.get("X-Mailer"))) or letter.raw("X-MS-Embedded-Report") is not None
    if _QUARANTINE.search(subject):
        return 0
    if about and _FORMULA.match(body) and not re.match(r"\s*(fwd?|wg|tr|chuyen tiep)\s*:", subject):
        return 5
    machine = machine or (_unanswerable(letter) and about and words and returned_part(letter) is not None)
    if not (daemon or silent or machine) and (_person(letter) or not (about and words and code)):
        return 0
    weight = 2 * daemon + silent + 2 * formal + (machine and not formal) + 2 * about + words + (code and not about)
    if not (about or words or code):
        weight = min(weight, 1)
    if re.match(r"\s*(re|tl|tra loi|fwd?)\s*:", subject) and not daemon:
        weight -= 2
    elif letter.raw("In-Reply-To") is not None and not daemon and not silent:
        weight -= 1
    return weight


def may_be_nameless(letter: Part, text: str) -> bool:
    """A report may name nobody and still be one: its subject says so, and it does not speak of our own mailbox."""
    return bool(_SUBJECT.search(fold(letter.get("Subject")))) and not _OWN_MAILBOX.search(fold(text[:3000]))


def _unanswerable(letter: Part) -> bool:
    """The sender reads no answers; with our own mail enclosed that is a mail system (the Japanese telephone companies)."""
    return any(re.match(r"(no|do-?not)[-_.]?reply", a, re.IGNORECASE) for a in addresses_in(letter.get("From")))


def _person(letter: Part) -> bool:
    """The envelope sender and From are one ordinary address, and nothing says that the letter is automatic."""
    path, sender = addresses_in(letter.get("Return-Path")), addresses_in(letter.get("From"))
    submitted = letter.get("Auto-Submitted").strip().lower()
    return bool(path and sender and path[0].lower() == sender[0].lower()) and submitted in ("", "no")
