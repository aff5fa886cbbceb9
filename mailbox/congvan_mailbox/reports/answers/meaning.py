"""A person's answer understood, carefully: only plain words of receipt confirm; doubt is left to the clerk.

The order of judgement: "chưa nhận được" before "nhận được"; a refusal or a problem overrules a confirmation in the same
answer ("đã nhận nhưng không mở được"); a question beside a confirmation leaves it unclear what was meant.
Accents may be there, missing, or decomposed (NFD): everything is compared folded.
"""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

from congvan_mailbox.reports.answers.own_words import own_words
from congvan_mailbox.reports.phrases import fold


class Meaning(str, Enum):
    """What the answer says of our document."""

    RECEIVED = "received"
    RECEIVED_WITH_NUMBER = "received_with_number"
    REFUSED = "refused"
    PROBLEM = "problem"
    QUESTION = "question"
    NOT_RECEIVED = "not_received"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class ReplyMeaning:
    """``confidence`` is 0 to 1; ``evidence`` the words (folded) that decided; ``confirms`` is true only for receipt."""

    kind: Meaning
    register_number: str | None = None
    confidence: float = 0.0
    evidence: str = ""

    @property
    def confirms(self) -> bool:
        return self.kind in (Meaning.RECEIVED, Meaning.RECEIVED_WITH_NUMBER)


_DOC = r"(?:(?:cac |nhung |duoc |van ban|vb|cong van|cv|thu|mail|email|file|tep|tai lieu|giay moi|quyet dinh|to trinh|ho so|bao cao|ke hoach|thong bao|hsmt|tb|qd)[ ,]*)"
_NOT_RECEIVED = re.compile(
    rf"\b(chua|khong|ko|k|kg|chang|van chua|van khong|chua he)( he)?( co)?( duoc)? ?(thay|nhan( duoc| dc| dk| đc)?|co nhan|tim thay|den)\b(?!.{{0,12}}\b(van de|sao|gi)\b)(?! ?(tep |file )?dinh kem| thay (tep|file|chu ky|dau|phu luc)| (them|lai))|\b(not|n't|never)( yet)? (yet )?(received?|got|gotten|arrived)|(have|has|did) ?(not|n't) (received?|get|arrive)|nothing (was |has been )?received|{_DOC}chua (den|toi)|chua (den|toi) (noi|hop thu)"
)
_REFUSED = re.compile(
    r"\b(tu choi|khong (tiep nhan|dong y nhan|nhan van ban|chap nhan|thuoc tham quyen|phai (van ban )?(cua|gui)|thuoc (don vi|co quan|chuc nang))|(?<!kiem )(?<!ra )tra lai( van ban| cong van| vb| cv| noi gui)?|xin (phep )?(tra|hoan) lai|gui (nham|sai)( dia chi| noi nhan| noi| don vi| co quan)?|nham (dia chi|don vi|noi nhan|co quan)|khong dung (tham quyen|dia chi|noi nhan|don vi)|wrong (recipient|address|addressee|agency|department)|refus(e|ed|ing)|reject(ed|ing)?|declin(e|ed)|not (for|addressed to) us|return(ed|ing)? (it )?to (the )?sender)"
)
_PROBLEM = re.compile(
    r"(khong|ko|k|kg|chua|chang)( the| co the)? ?(mo|xem|doc|tai|giai nen|hien thi|load|download|kiem tra|xac thuc)( duoc| ra| len| ve| xuong| noi|\b)|(mo|xem|doc|tai|load|kiem tra)( file| tep| van ban| vb| ve| xuong| len)? (khong|ko|k|chua) (duoc|dc|len|ra|noi)|(?<!tra )(?<!thuan )(?<!nhan )(?<!khong )(?<!khong bi )(?<!khong co )\bloi\b(?! (nhan|chao|cam on))|\b(bi|file|tep|dinh kem|ban) (hong|hu)\b|\bhong (file|tep|roi)\b|"
    r"(?<!khong )(?<!khong bi )(?<!khong co )(?<!ko )thieu (trang|file|tep|phu luc|chu ky|dau|van ban|noi dung|kem|dinh kem|mat|so|ngay|ban)|(khong|ko|k|chua|kg)( co| thay| kem)+ (file|tep|dinh kem|kem|phu luc|chu ky|dau|van ban|vb|noi dung)|file (trang|rong|trong)|trang trang|sai (font|so|ngay|ten|file|van ban|noi dung|tep|the thuc|chinh ta|dia chi)|khong (hop le|dung the thuc)|chu ky( so)? (khong|chua|bi|da het)|(gui|cho|xin|de nghi|vui long|nho)( giup| lai| cho| quy co quan| anh| chi| em| minh| ban)* gui lai|gui lai (giup|cho|file|ban|van ban|vb|cv)|virus|ma doc|"
    r"\b(can(not|'?t| not)|could ?(not|n't)|unable to|fail(ed|s)? to) (open|read|view|download|verify)|(is|are|was|file|seems) (corrupt|damaged|broken|empty|missing|unreadable)|missing (attachment|page|file|signature)|no attachment|resend|send (it )?again|invalid signature|nhung (?=.{0,40}(loi|thieu|khong|chua|ko))"
)
_QUESTION = re.compile(
    r"\?|\b(co phai|phai khong|dung khong|duoc khong|the nao|nhu the nao|tai sao|vi sao|bao gio|khi nao|bao nhieu|la sao|la gi|o dau|cho (em|toi|minh|hoi|xin)|xin hoi|hoi (ve|them|lai)|de nghi (cho biet|giai thich|lam ro|huong dan|bo sung|xac nhan)|can (phai|gi)|chua ro|chua hieu|nho (anh|chi|em|quy)[a-z ]{0,20}(xem|kiem tra)|ha (em|anh|chi|ban)|vay (em|anh|chi)|hay khong|hay chua|co [a-z0-9 ]{1,30} khong(( a| anh| chi| em| ban| vay)*)\s*($|[.!])|(duoc|nhan|gui|dung|phai) (khong|chua|k|ko|ha)(( a| anh| em| chi| ban)*)\s*($|[.!]))"
)
#: Conditions and guesses: a receipt that hangs on them is none.
_UNCERTAIN = re.compile(
    r"\b(se (tiep )?nhan|neu|hinh nhu|chac la|khong biet|cho xac nhan|dang (cho|doi|tim)|probably|maybe|i think|not sure|if|once|will receive)\b"
)
#: Promises beside a receipt: they make it less sure, not void.
_PROMISE = re.compile(
    r"\b(se (xem|kiem tra|xu ly|phan hoi|tra loi|xac nhan|bao (lai|sau))|de (em|toi|minh|anh|chi)[a-z ]{0,12}(xem|kiem tra)|dang kiem tra|will (check|confirm|let))\b"
)
_RECEIVED = re.compile(
    rf"\b(da|d|vua|moi|don vi da|xac nhan( la)?( da)?|bao( da)?|ok( da)?|oke( da)?|vang( a)?( da)?|da( a)?,? da|em da|chung toi da|minh da|toi da|e da)[ ,.]*(tiep )?nhan( duoc| dc| dk| du| day du| roi| xong)*\b(?! (viec|nhiem vu|xet|dinh|thay|thuc|loi))|\b(nhan|tiep nhan) ?(duoc|dc|du|day du) ?{_DOC}{{0,4}}(roi|a|nhe|cua|so|ngay|$|[.,!])|\bnhan (duoc|dc|du)? ?{_DOC}{{0,3}}roi\b|\bxac nhan (da )?(tiep )?nhan\b|\b{_DOC}{{1,3}}(da|d) (den|toi|nhan|duoc (tiep )?nhan|vao so)|\bda vao so\b|\bda (duoc )?(vao|dang ky) (so|van ban den)\b|"
    r"\b(we |i )?(have |has |was |been |already |well |duly |confirm(ed)? )*(received|got it|got your|receipt confirmed|receipt of)\b|confirm(s|ed|ing)? (the )?receipt|\brec'?d\b|acknowledge(d|s)? (the )?receipt|\breceived\b"
)
_NUMBER = re.compile(
    r"(?:so (?:van ban |vb |cong van |cv )?den|so (?:dang ky|vao so|tiep nhan)|vao so(?: van ban)?(?: den)?(?: so)?|so den la|den so|sd|s[oố] đ[eế]n|registration (?:no\.?|number)|register(?:ed)? (?:no\.?|number|under)|incoming (?:no\.?|number))\s*(?:la|is|:|=|#|so|thu|van ban)*\s*[:=#.]*\s*(\d{1,3}(?:\.\d{3})+|\d{1,6})(?![\d/-]*/\d{4}\b.{0,3}ngay)(/[a-z0-9-]{1,12})?",
)
#: "Số đến của văn bản 67/SMT-VP là 310".
_NUMBER_OF = re.compile(
    r"\bso den (?:cua|cho) (?:van ban|vb|cong van|cv)[^.;:]{0,40}? la (\d{1,3}(?:\.\d{3})+|\d{1,6})\b(?!/)"
)
_BARE_OK = re.compile(
    r"^\W*((ok|oke|okay|vang|da|dạ|roi|cam on|cam on (em|anh|chi|ban|a|e|c)|thanks?|thank you|tks|thk|thx|da vang|noted|ok (em|anh|chi|a|e|ban|nhe|roi)|duoc|dc)\W*){1,4}$"
)


def understand_reply(text: str, subject: str = "") -> ReplyMeaning:
    """What a person's answer says. ``text`` is the plain text of the mail; ``subject`` is used only where the text is empty.

    Raises nothing. Conservative: a question, a condition, or words that are not understood never confirm.
    """
    own = own_words(text)
    folded = _spell(fold(_other_words(own)))[:4000]
    if not folded:
        stripped = re.sub(r"^((re|tl|tra loi|fw|fwd)\s*:\s*)+", "", fold(subject))
        if re.match(r"^\W*(da|xac nhan)( xac nhan| da)? (tiep )?nhan\W*(van ban|vb|cv|cong van|thu)?\W*$", stripped):
            return ReplyMeaning(Meaning.RECEIVED, None, 0.5, stripped)
        return ReplyMeaning(Meaning.UNCLEAR, None, 0.0, "")
    return _judge(folded)


def _judge(folded: str) -> ReplyMeaning:
    missing, refused, problem = _NOT_RECEIVED.search(folded), _REFUSED.search(folded), _PROBLEM.search(folded)
    received, question, doubt = _RECEIVED.search(folded), _QUESTION.search(folded), _UNCERTAIN.search(folded)
    number = _number(folded)
    if missing and not (received and problem and received.start() < missing.start()):
        if question and re.search(r"\b(chua|khong|ko|k|ha)\W*\?|\b(da|co) (nhan|thay)[a-z ]{0,20}chua\b", folded):
            return _found(Meaning.QUESTION, question.group(0), 0.6, folded, question)
        return _found(Meaning.NOT_RECEIVED, "", 0.8 if not received else 0.5, folded, missing)
    if refused:
        sure = 0.85 if not question else 0.6
        return _found(Meaning.REFUSED, "", sure, folded, refused)
    if problem:
        return _found(Meaning.PROBLEM, "", 0.85 if received or not question else 0.7, folded, problem)
    if received and question:
        return _found(Meaning.QUESTION, "", 0.6, folded, question)
    if received and doubt and number is None:
        return _found(Meaning.UNCLEAR, "", 0.4, folded, doubt)
    if received or (number and len(folded) < 200 and not question and not doubt):
        if number:
            found = _NUMBER_OF.search(folded) or _NUMBER.search(folded)
            return ReplyMeaning(Meaning.RECEIVED_WITH_NUMBER, number, 0.95 if received else 0.8, _around(folded, found))
        long = len(folded) > 600
        sure = 0.6 if long else 0.75 if _PROMISE.search(folded) else 0.9
        return _found(Meaning.RECEIVED, "", sure, folded, received)
    if question:
        return _found(Meaning.QUESTION, "", 0.7, folded, question)
    if _BARE_OK.match(folded):
        return ReplyMeaning(Meaning.UNCLEAR, None, 0.3, folded[:80])
    return ReplyMeaning(Meaning.UNCLEAR, None, 0.1, folded[:80])


#: Words that differ only by their marks from the ones that decide: folded, "nhắn" would be "nhận" and "Hồng" "hỏng".
_LOOKALIKES = {
    "loi": "lời lợi lôi lối lội lơi lòi",
    "hong": "hồng hông hống hóng",
    "nhan": "nhân nhãn nhẫn nhấn nhắn nhăn nhàn",
    "chua": "chữa chứa chùa chúa",
    "hu": "hú hủ",
    "neu": "nêu",
}
_MARKED = {word: f"{plain}_" for plain, words in _LOOKALIKES.items() for word in words.split()}


def _other_words(text: str) -> str:
    """The text with those words set apart, where they are written with their marks."""
    composed = unicodedata.normalize("NFC", text)
    return re.sub(r"\w+", lambda m: _MARKED.get(m.group(0).lower(), m.group(0)), composed)


def _spell(folded: str) -> str:
    """Common short writings spelled out, so that one pattern serves all."""
    out = re.sub(r"\b(dc|dk|duoc|đc)\b", "duoc", folded)
    out = re.sub(r"\b(v\.?b)\b", "vb", out)
    out = re.sub(r"\b(c\.?v)\b", "cv", out)
    out = re.sub(r"\b(kh|ko|kg|hok|k)\b(?= (mo|xem|doc|nhan|thay|co|tai|duoc|len|ra|phai|dung|the))", "khong", out)
    out = re.sub(r"\bdã\b|\bđa\b", "da", out)
    return re.sub(r"\bnhan duoc duoc\b", "nhan duoc", out)


def _number(folded: str) -> str | None:
    """The register number as digits, thousands dots removed; a number with a symbol after a slash is our own and no số đến."""
    if of_ours := _NUMBER_OF.search(folded):
        return of_ours.group(1).replace(".", "")
    for match in _NUMBER.finditer(folded):
        tail = match.group(2) or ""
        own_book = re.match(
            r"(so den|sd)\b", match.group(0)
        )  # "Số đến: 45/SYT-VT": their register's number, their symbol
        if tail and not own_book and not re.fullmatch(r"/(\d{2}|\d{4}|vbd|vb|den|vbden)", tail):
            continue
        return match.group(1).replace(".", "")
    return None


def _found(kind: Meaning, word: str, confidence: float, folded: str, match: re.Match[str] | None) -> ReplyMeaning:
    return ReplyMeaning(kind, None, confidence, _around(folded, match) or word)


def _around(folded: str, match: re.Match[str] | None) -> str:
    if match is None:
        return ""
    return folded[max(0, match.start() - 25) : match.end() + 35].strip()
