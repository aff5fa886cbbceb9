"""Letters that no person wrote: vacation notes, automatic answers, challenges (RFC 3834 and the habits before it)."""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re

from congvan_mailbox.reports.letter import Part
from congvan_mailbox.reports.phrases import fold

#: Subjects of automatic answers, folded. A reply prefix before them is allowed ("Re: Automatic reply: ...").
_SUBJECT = re.compile(
    r"^\s*((re|tl|aw|sv|rv)\s*:\s*)?\W{0,3}("
    r"auto(matic|mated|matisch[a-z]*|matique|matica)?[ -]?(e-?mail )?(reply|response|answer|repl|respond|antwort)|autoreply|auto ?responder?|auto\s*:|autosvar|autoantwort|"
    r"automatische? antwort|automatisch antwoord|reponse automatique|respuesta automatica|risposta automatica|resposta automatica|"
    r"out[ -]of[ -](the[ -])?office|ooo\b|away from (the |my )?(office|mail|desk)|i('m| am) (away|out of|on leave|on vacation|on holiday)|on (vacation|holiday|leave)\b|vacation( (message|reply|notice|response))?\b|"
    r"abwesenheit|absence|absent du bureau|fuera de (la )?oficina|fuori sede|"
    r"(thu )?(tra loi|phan hoi|hoi am|dap)( thu)? tu dong|tu dong (tra loi|phan hoi)|thong bao (vang mat|nghi phep|di cong tac)|vang mat|(dang )?(nghi phep|di cong tac)|khong co mat tai (van phong|co quan)|"
    r"automatyczna odpowiedz|automaticka odpoved|automatikus valasz|automatiskt svar|automatisk svar|automaattinen vastaus|automatine atsakymas|otomatik (yanit|cevap)|balasan otomatis|raspuns automat|"
    r"автоматическии ответ|автоответ|자동|自動(応答|返信)|不在|自动回复|การตอบกลับอัตโนมัติ"
    r")|^[^:]{0,60}\b(automatiska atbilde|automatic reply|automatische antwort)\s*:"
)
#: Senders that ask the writer to prove that he is a person.
_CHALLENGE = re.compile(
    r"(confirm|verify|validate|authenticate|approve)[a-z ,']{0,40}(your (message|e-?mail|address|identity)|that you are (a )?(human|person|real))|"
    r"(click|follow|reply to|visit)[a-z ,']{0,60}(so that|in order|to)[a-z ,']{0,30}(deliver|release|accept)[a-z ]{0,20}(your )?(message|e-?mail)|"
    r"(click|follow|visit)[a-z ,']{0,60}(have|get|add)[a-z ,']{0,30}(address|sender)[a-z ,']{0,40}(allowed|white|safe|approved)[ -]?(list|sender)|"
    r"challenge[- ]response|spamarrest|boxbe|tmda|one[- ]time (confirmation|verification)|has been (held|quarantined) until you|sender (verification|confirmation) (request|required)"
)
_BODY = re.compile(
    r"(i am|i'm|i will be|i'll be)( currently)? (out of (the )?office|on (annual |sick |maternity )?(leave|vacation|holiday)|away (from|until|on))|this is an auto(matic|mated)? ?(reply|response|e-?mail reply)|"
    r"day la (thu|email|tin nhan|thong bao)( duoc)? (tra loi|phan hoi|gui)?( lai)? ?tu dong|(toi|minh|em)( hien| dang| se| hien dang)* (nghi phep|di cong tac|vang mat|di vang)|"
    r"(thu|email) (nay )?duoc (he thong )?(tra loi|phan hoi) tu dong|he thong (da )?(tu dong )?(tiep nhan|nhan duoc) (thu|email) cua (ban|quy)"
)
#: Thanks for a mail, and at once the absence: no person answers so, whatever the subject.
_THANKS = re.compile(
    r"\W*(hello|hi|dear [a-z ]{2,30}|xin chao|kinh gui[a-z :,]{0,60}|chao (anh|chi|ban|quy)[a-z /]{0,30})?\W*(thank you|thanks|cam on|xin cam on)[^.!]{0,60}(e-?mail|mail|message|thu)\b[^.!]{0,40}[.!]\W{0,4}"
    r"(currently |hien |hien nay |hien tai )?(i am|i'm|i will be|toi|chung toi|minh)( hien| dang| currently| se| hien dang)* (out of|on |away|nghi|di cong tac|vang)"
)
_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "X-Vacation",
    "X-FC-MachineGenerated",
    "X-Auto-Response",
)


def vacation_sign(letter: Part) -> str | None:
    """What says for certain that this is an automatic answer and not a report: a header or a subject; else None."""
    for name in _HEADERS:
        value = letter.raw(name)
        if value is not None and value.strip().lower() not in ("no", "false", "0"):
            return name
    if letter.get("Precedence").strip().lower() in ("auto_reply", "auto-reply", "autoreply"):
        return "Precedence"
    if "vacation" in letter.get("Auto-Submitted").lower():
        return "Auto-Submitted"
    if _SUBJECT.match(fold(letter.get("Subject"))):
        return "Subject"
    return None


def answer_sign(letter: Part, prose: str) -> str | None:
    """What says that this is an automatic answer, weaker signs included; asked only after the letter was no report."""
    strong = vacation_sign(letter)
    if strong:
        return strong
    submitted = letter.get("Auto-Submitted").split(";")[0].strip().lower()
    if submitted.startswith("auto-replied"):
        return "Auto-Submitted"
    folded = fold(prose[:2500])
    if _CHALLENGE.search(fold(letter.get("Subject"))) or (
        (is_automatic(letter) or (len(folded) < 1500 and "http" in folded)) and _CHALLENGE.search(folded)
    ):
        return "challenge"
    if submitted.startswith("auto-") and (letter.raw("In-Reply-To") or letter.raw("References")):
        return "Auto-Submitted"
    if letter.get("Precedence").strip().lower() in ("bulk", "junk") and _BODY.search(folded):
        return "Precedence"
    if _THANKS.match(folded) or (
        _BODY.search(folded[:600])
        and (
            letter.raw("In-Reply-To")
            or null_path(letter)
            or re.match(r"\s*(re|tl|tra loi)\s*:", fold(letter.get("Subject")))
        )
    ):
        return "text"
    return None


def null_path(letter: Part) -> bool:
    """The envelope sender was empty, as far as the letter tells."""
    value = letter.raw("Return-Path")
    return value is not None and value.strip().replace(" ", "") in ("<>", "")


def is_automatic(letter: Part) -> bool:
    """No person pressed "send" for this letter (RFC 3834 2): it is never to be answered automatically."""
    submitted = letter.get("Auto-Submitted").split(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if letter.get("Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return True
    return null_path(letter) or letter.raw("List-Id") is not None or vacation_sign(letter) is not None
