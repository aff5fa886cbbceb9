"""Short forms of the long tail: what dozens of mail systems wrote, each with recipient, action and code."""
# One form, one line: the table is compared by eye with the published formats.

from __future__ import annotations

import pytest

from congvan_mailbox.reports import MailKind, classify

L = "lan@xamau.example.vn"
M = "minh@xamau.example.vn"
F, D, OK, R = "failed", "delayed", "delivered", "relayed"
DAEMON = "MAILER-DAEMON@mx.example.net"

#: (name, subject, text, recipients as (address, action, status)); the sender is DAEMON unless the text begins "From: ".
FORMS: list[tuple[str, str, str, list[tuple[str, str, str]]]] = [
    ("postfix expanded from", "Undelivered Mail Returned to Sender", f"<lan@box.example.vn> (expanded from <{L}>): unknown user: \"lan\"", [("lan@box.example.vn", F, "5.1.1")]),
    ("postfix loop", "Undelivered Mail Returned to Sender", f"<{L}>: mail for xamau.example.vn loops back to myself", [(L, F, "5.4.6")]),
    ("postfix size", "Undelivered Mail Returned to Sender", f"<{L}>: message size 30000000 exceeds size limit 25000000 of server\n    mx.xamau.example.vn[203.0.113.5]", [(L, F, "5.3.4")]),
    ("postfix name service", "Undelivered Mail Returned to Sender", f"<{L}>: Host or domain name not found. Name service error for\n    name=xamau.example.vn type=A: Host not found", [(L, F, "5.1.2")]),
    ("postfix temporary dns", "Delayed Mail (still being retried)", f"Your message could not be delivered for 0.2 hours.\nIt will be retried until it is 5.0 days old.\n\n<{L}>: Host or domain name not found. Name service error for\n    name=xamau.example.vn type=MX: Host not found, try again", [(L, D, "4.4.3")]),
    ("postfix pipe", "Undelivered Mail Returned to Sender", f"<{L}>: Command died with status 1: \"/usr/bin/giao\". Command output: quota exceeded for user", [(L, F, "5.2.2")]),
    ("postfix relay", "Undelivered Mail Returned to Sender", f"<{L}>: host mx.xamau.example.vn[203.0.113.5] said: 454 4.7.1\n    <{L}>: Relay access denied (in reply to RCPT TO command)", [(L, F, "4.7.1")]),
    ("postfix tls", "Undelivered Mail Returned to Sender", f"<{L}>: TLS is required, but was not offered by host mx.xamau.example.vn[203.0.113.5]", [(L, F, "5.7.10")]),
    ("postfix lost connection", "Undelivered Mail Returned to Sender", f"<{L}>: lost connection with mx.xamau.example.vn[203.0.113.5] while sending end of data -- message may be sent more than once", [(L, F, "4.4.1")]),
    ("postfix null mx", "Undelivered Mail Returned to Sender", f"<{L}>: Domain xamau.example.vn does not accept mail (nullMX)", [(L, F, "5.1.10")]),
    ("aol screen names", "Mail Delivery Problem", "From: MAILER-DAEMON@aol.com\nYour mail to the following recipients could not be delivered because they are not accepting mail from vanthu@somau.example.vn:\n\tscreenname\n", [("screenname@aol.com", F, "5.7.1")]),
    ("exchange 5.5 x400", "Undeliverable: 67", f"Your message\n\n  To:      Van phong\n  Subject: 67\n  Sent:    Mon, 23 Nov 2026 08:00:00 +0700\n\ndid not reach the following recipient(s):\n\nc=VN;a= ;p=XAMAU;o=VP;dda:SMTP={L}; on Mon, 23 Nov 2026 08:00:05\n    The recipient name is not recognized\n    MSEXCH:IMS:XAMAU:VP:MAIL 0 (000C05A6) Unknown Recipient", [(L, F, "5.1.1")]),
    ("exchange date forms", "Undeliverable: 67", f"Your message\n\n  To:      a@b.example\n  Subject: 67\n  Sent:    4/29/2026 9:19 AM\n\ndid not reach the following recipient(s):\n\n{L} on 4/29/2026 9:19 AM\n            The message could not be delivered because the recipient's mailbox is full.\n            <mail.xamau.example.vn #5.2.2>\n", [(L, F, "5.2.2")]),
    ("smtpsvc", "Delivery failure", f"------Transcript of session follows -------\n{L}\nThe user's email name is not found.", [(L, F, "5.1.1")]),
    ("smtpsvc following user", "Delivery failed", f"The email below could not be delivered to the following user:\n\n<{L}>:\n\nOld message:\n", [(L, F, "5.0.0")]),
    ("netscape", "Mail System Error - Returned Mail", f"This Message was undeliverable due to the following reason:\n\nThe following destination addresses were unknown (please check\nthe addresses and re-mail the message):\n\nSMTP <{L}>\n\nPlease reply to <postmaster@mx.example.net>\nif you feel this message to be in error.", [(L, F, "5.1.1")]),
    ("netscape quota", "Mail System Error - Returned Mail", f"This Message was undeliverable due to the following reason:\n\nOne or more of the recipients of your message did not receive it\nbecause they would have exceeded their mailbox size limit.\n\nUser quota exceeded: SMTP <{L}>\n\nPlease reply to <postmaster@mx.example.net>", [(L, F, "5.2.2")]),
    ("smtp32 undeliverable to", "Undeliverable Mail", f"undeliverable to {L}\nOriginal message follows.\n", [(L, F, "5.0.0")]),
    ("smtp32 userid", "Undeliverable Mail", f"Invalid final delivery userid: {L}\n\nOriginal message follows.", [(L, F, "5.1.1")]),
    ("smtp32 attempts", "Undeliverable Mail", f"Delivery failed 20 attempts: {L}\n\nOriginal message follows.", [(L, F, "4.4.7")]),
    ("smtp32 unknown host", "Undeliverable Mail", f"Unknown host: {L}\n\nOriginal message follows.", [(L, F, "5.1.2")]),
    ("hotpop", "Undeliverable mail", f"Undeliverable Address:  {L}\nReason: Mailbox unavailable\n\nOriginal message attached.", [(L, F, "5.1.1")]),
    ("demon", "Mail delivery failed", f"This message was created automatically by mail delivery software.\n\nA message that you sent, addressed to '{L}', could not be delivered.\nReason: no such user.\n\n---- START OF RETURNED MESSAGE ----\n", [(L, F, "5.1.1")]),
    ("prodigy", "Returned mail", f"User's mailbox is full: <{L}>\nUnable to deliver mail.", [(L, F, "5.2.2")]),
    ("ademe", "Undeliverable message", f"A message could not be delivered to:\n\n  {L}\n\nSubject: 67\nReason: user unknown", [(L, F, "5.1.1")]),
    ("lsmtp", "Undeliverable mail", f"--> Error description:\nError-for:  {L}\nError-Code: 3\nError-text: No such local user\nError-End: One error reported.", [(L, F, "5.1.1")]),
    ("mdaemon did not receive", "Permanent Delivery Failure", f"The following addresses did NOT receive a copy of your message:\n\n> {L}\n> {M}\n\n--- Session Transcript ---\n  >> 550 Unknown user account", [(L, F, "5.1.1"), (M, F, "5.1.1")]),
    ("mailenable error type", "Message Delivery Failure", f"MailEnable: Message could not be delivered to some recipients.\nThe following recipient(s) could not be reached:\n\n{L}\n      Error Type: SMTP\n      Error Description: No mail servers appear to be responding.\n", [(L, F, "4.4.1")]),
    ("failed recipient", "Undeliverable message returned to sender", f"Could not deliver message to the following recipient(s):\n\nFailed Recipient: {L}\nReason: Remote host said: 553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\n\n   -- The header and top 20 lines of the message follows --\n", [(L, F, "5.7.1")]),
    ("usa.net", "Undeliverable mail", f"Intended recipient:  {L}\nReason: over quota\n\n--------RETURNED MAIL FOLLOWS--------\n", [(L, F, "5.2.2")]),
    ("failed recipients block", "Delivery failure", f"------ Failed Recipients ------\n  <{L}>: Requested mail action not taken: mailbox unavailable. [SMTP Error Code 550]\n-------- Returned Mail --------\n", [(L, F, "5.1.1")]),
    ("earthlink", "Delivery Failure", f"Sorry, unable to deliver your message to {L} for the following reason:\n\n552 Quota violation for {L}\n\nA copy of the original message below this line:\n", [(L, F, "5.2.2")]),
    ("dashes", "Mail delivery failed", f"This is a delivery failure notification message indicating that\nan email you addressed to email address :\n-- {L}\n\ncould not be delivered. The problem appears to be :\n-- Recipient email address is possibly incorrect\n\nAdditional information follows :\n-- 550 5.1.1 unknown user\n", [(L, F, "5.1.1")]),
    ("message switch", "Delivery delayed", f"Your message to:\n\n   {L}\n\nhas not yet been delivered. This is just a warning, you do not need to take any action.", [(L, D, "4.0.0")]),
    ("einsundeins", "Mail delivery failed: returning message to sender", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to\none or more of its recipients. The following addresses failed:\n\n    <{L}>:\n        Mail size limit exceeded. For explanation visit\n", [(L, F, "5.3.4")]),
    ("x6", "There was an error sending your mail", f"We had trouble delivering your message. Full details follow:\n\nSubject: '67'\nDate: Mon, 23 Nov 2026 08:00:00 +0700\n\n1 error(s):\n\nSMTP Server <mx.xamau.example.vn> rejected recipient <{L}>\n  (Error following RCPT command). It responded as follows: [550 5.1.1 unknown user]\n", [(L, F, "5.1.1")]),
    ("dragonfly", "Mail delivery failed", f"This is the DragonFly Mail Agent v0.9 at mx.example.net.\n\nThere was an error delivering your mail to <{L}>.\n\nmx.xamau.example.vn [203.0.113.5] did not like our RCPT TO:\n550 5.1.1 <{L}>: Recipient address rejected: User unknown\n\nMessage headers follow:\n", [(L, F, "5.1.1")]),
    ("outlook hotmail", "Delivery Status Notification (Failure)", f"This is an automatically generated Delivery Status Notification.\n\nDelivery to the following recipients failed.\n\n       {L}\n\n", [(L, F, "5.0.0")]),
    ("exchange delivered", "Delivered: 67", f"Your message has been delivered to the following recipients:\n\nNguyen Thi Lan ({L})\n\nSubject: 67\n", [(L, OK, "2.0.0")]),
    ("exchange relayed", "Relayed: 67", f"Delivery to these recipients or groups is complete, but no delivery notification was sent by the destination server:\n\n{L} ({L})\n\nSubject: 67\n", [(L, R, "2.0.0")]),
    ("mercury", "Mail delivery failure", f"The attached message has failed delivery for the reason shown:\n\n   {L}\n     [550 5.2.1 This mailbox is disabled]\n", [(L, F, "5.2.1")]),
    ("gmail blocked", "Delivery Status Notification (Failure)", f"** Message blocked **\n\nYour message to {L} has been blocked. See technical details below for more information.\n\nThe response was:\n\n550 5.7.1 Message rejected as spam by Content Filtering.\n", [(L, F, "5.7.1")]),
    ("gmail incomplete", "Delivery Status Notification (Delay)", f"** Delivery incomplete **\n\nThere was a temporary problem delivering your message to {L}. Gmail will retry for 46 more hours. You'll be notified if the delivery fails permanently.\n\nThe response was: timed out", [(L, D, "4.4.1")]),
    ("gmail incomplete vi", "Thông báo trạng thái gửi (Trì hoãn)", f"** Gửi chưa hoàn tất **\n\nĐã xảy ra sự cố tạm thời khi gửi thư của bạn tới {L}. Gmail sẽ thử lại trong 46 giờ nữa.\n", [(L, D, "4.0.0")]),
    ("o365 html words", "Undeliverable: 67", f"Your message to {L} couldn't be delivered.\n\nlan wasn't found at xamau.example.vn.\n\nvanthu\tOffice 365\tlan\nAction Required\tRecipient\n\nUnknown To address\n", [(L, F, "5.1.1")]),
    ("o365 vi", "Không thể gửi: 67", f"Không chuyển phát được tới những người nhận hoặc nhóm sau:\n\n{L}\n\nKhông tìm thấy địa chỉ email bạn đã nhập.\n\nThông tin chẩn đoán cho người quản trị:\nMáy chủ tạo: SG2PR01.prod.outlook.com\n{L}\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\n", [(L, F, "5.1.10")]),
    ("exchange fr", "Non remis : 67", f"Échec de la remise à ces destinataires ou groupes :\n\n{L}\nL'adresse de messagerie que vous avez entrée est introuvable.\n\nInformations de diagnostic pour les administrateurs :\nServeur de génération : a.example\n{L}\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n", [(L, F, "5.1.1")]),
    ("exchange de", "Unzustellbar: 67", f"Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\n{L}\nDas Postfach des Empfängers ist voll.\n", [(L, F, "5.2.2")]),
    ("vi provider list", "Thông báo: thư không gửi được", f"Không gửi được tới các địa chỉ sau:\n\n- {L}: 550 Không tồn tại người dùng\n- {M}: 552 Hộp thư đã đầy\n", [(L, F, "5.1.1"), (M, F, "5.2.2")]),
    ("vi locked", "Thư bị trả lại", f"Thư của quý vị gửi tới <{L}> bị trả lại vì tài khoản đã bị khóa.", [(L, F, "5.2.1")]),
    ("vi too big", "Gửi thư không thành công", f"Gửi thư tới {L} không thành công: thư quá lớn, vượt quá dung lượng cho phép 25MB", [(L, F, "5.3.4")]),
    ("vi host", "Gửi thư không thành công", f"Không gửi được thư tới {L}: tên miền xamau.example.vn không tồn tại", [(L, F, "5.1.2")]),
    ("vi spam", "Thư bị từ chối", f"Thư gửi tới {L} bị từ chối do hệ thống coi là thư rác.", [(L, F, "5.7.1")]),
    ("greylist", "Warning: could not send message for past 4 hours", f"The following address had transient non-fatal errors:\n<{L}>\n   (reason: 451 4.7.1 Greylisting in action, please come back later)\nWill keep trying until message is 5 days old", [(L, D, "4.7.1")]),
    ("exim unrouteable", "Mail delivery failed: returning message to sender", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  {L}\n    Unrouteable address\n", [(L, F, "5.1.2")]),
    ("exim retry timeout", "Mail delivery failed: returning message to sender", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  {L}\n    host mx.xamau.example.vn [203.0.113.5]: retry timeout exceeded\n", [(L, F, "4.4.7")]),
    ("exim colon", "Mail delivery failed: returning message to sender", f"A message that you sent could not be delivered to all of its recipients.\nThe following address(es) failed:\n\n  {L}: unknown local-part \"lan\" in domain \"xamau.example.vn\"\n", [(L, F, "5.1.1")]),
    ("exim local part only pipe", "Mail delivery failed: returning message to sender", f"The following address(es) failed:\n\n  pipe to |/usr/local/bin/giao\n    generated by {L}\n    local delivery failed\n", [(L, F, "5.3.0")]),
    ("exim many", "Mail delivery failed: returning message to sender", f"The following address(es) failed:\n\n  {L}\n    SMTP error from remote mail server after RCPT TO:<{L}>:\n    550 5.1.1 no such user\n  {M}\n    SMTP error from remote mail server after RCPT TO:<{M}>:\n    552 5.2.2 mailbox full\n", [(L, F, "5.1.1"), (M, F, "5.2.2")]),
    ("qmail remote", "failure notice", f"Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<{L}>:\n203.0.113.5 does not like recipient.\nRemote host said: 550 5.1.1 <{L}>: Recipient address rejected: User unknown\nGiving up on 203.0.113.5.\n", [(L, F, "5.1.1")]),
    ("qmail relay", "failure notice", f"Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<{L}>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.\n", [(L, F, "4.4.1")]),
    ("sendmail mailbox", "Returned mail: Service unavailable", f"   ----- The following addresses had permanent fatal errors -----\n<{L}>\n    (reason: 552 5.2.2 <{L}>... Mailbox full)\n\n   ----- Transcript of session follows -----\n... while talking to mx.xamau.example.vn.:\n>>> DATA\n<<< 552 5.2.2 <{L}>... Mailbox full\n554 5.0.0 Service unavailable\n", [(L, F, "5.2.2")]),
    ("sendmail two", "Returned mail: see transcript for details", f"   ----- The following addresses had permanent fatal errors -----\n<{L}>\n    (reason: 550 5.1.1 User unknown)\n<{M}>\n    (reason: 554 5.7.1 Spam rejected)\n\n   ----- Transcript of session follows -----\n550 5.1.1 <{L}>... User unknown\n", [(L, F, "5.1.1"), (M, F, "5.7.1")]),
    ("sendmail expired", "Returned mail: Cannot send message for 5 days", f"   ----- The following addresses had permanent fatal errors -----\n<{L}>\n\n   ----- Transcript of session follows -----\n<{L}>... Deferred: Connection timed out with mx.xamau.example.vn.\nMessage could not be delivered for 5 days\nMessage will be deleted from queue\n", [(L, F, "4.4.7")]),
    ("domino two", "DELIVERY FAILURE: 550 relaying denied", f"Your message\n\n  Subject: 67\n\nwas not delivered to:\n\n  {L}\n\nbecause:\n\n  550 5.7.1 Unable to relay for {L}\n", [(L, F, "5.7.1")]),
    ("google groups", "Delivery Status Notification (Failure)", "X-Failed-Recipients: cacxa@nhom.example.vn\nHello vanthu@somau.example.vn,\n\nWe're writing to let you know that the group you tried to contact (cacxa) may not exist, or you may not have permission to post messages to the group.\n", [("cacxa@nhom.example.vn", F, "5.7.2")]),
    ("llnl", "Undeliverable mail", f"The mail system could not deliver your message: the recipient, {L}, was not found in the LLNL directory.", [(L, F, "5.1.1")]),
    ("ezweb", "Mail System Error - Returned Mail", f"The user(s) account is disabled.\n\n<{L}>: 550 5.2.1 account disabled\n", [(L, F, "5.2.1")]),
    ("surgemail", "Message delivery failed", f"Your message could not be delivered to the following recipients:\n\n  {L}\n\nReason: 550 Sorry, user has moved to lan@moi.example.vn\n", [(L, F, "5.1.6")]),
    ("kerio", "Undeliverable Mail: 67", f"Your message could not be delivered to the following recipients:\n{L}: 554 5.7.1 <{L}>: Sender address rejected: not authorized by SPF\n", [(L, F, "5.7.1")]),
    ("dmarc", "Undelivered Mail Returned to Sender", f"<{L}>: host gmail-smtp-in.l.google.example said: 550-5.7.26\n    Unauthenticated email from somau.example.vn is not accepted due to\n    domain's DMARC policy. (in reply to end of DATA command)", [(L, F, "5.7.26")]),
    ("auth required", "Undelivered Mail Returned to Sender", f"<{L}>: host smtp.example.vn said: 530 Authentication required (in reply to MAIL FROM command)", [(L, F, "5.7.0")]),
    ("rate", "Undelivered Mail Returned to Sender", f"<{L}>: host mx said: 421 Too many messages from your IP, try again later", [(L, F, "4.7.0")]),
    ("virus", "Undelivered Mail Returned to Sender", f"<{L}>: host mx said: 554 Your message contains a virus (Eicar)", [(L, F, "5.7.0")]),
    ("system full", "Undelivered Mail Returned to Sender", f"<{L}>: host mx said: 452 Insufficient system storage", [(L, F, "4.3.1")]),
    ("yale", "Returned mail", "Message not delivered to the following:\n\n    lan.nguyen        Unknown user\n\nError Detail\n", [("lan.nguyen@mx.example.net", F, "5.1.1")]),
    ("to oneself", "Undelivered Mail Returned to Sender", "<vanthu@somau.example.vn>: 552 5.2.2 mailbox full", [("vanthu@somau.example.vn", F, "5.2.2")]),
    ("o365 two", "Undeliverable: 67", f"Delivery has failed to these recipients or groups:\n\nLan ({L})\nThe recipient's mailbox is full.\n\n{M}\nThe address wasn't found.\n\nDiagnostic information for administrators:\nGenerating server: a.example\n\n{L}\nRemote Server returned '554 5.2.2 mailbox full'\n\n{M}\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\n", [(L, F, "5.2.2"), (M, F, "5.1.10")]),
    ("envelope expired", "Delivery status notification: error", f"    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\n{L}: Envelope expired\n", [(L, F, "4.4.7")]),
    ("exim address and pipe", "Mail delivery failed: returning message to sender", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  {L}\n    host mx.xamau.example.vn [203.0.113.5]: 550 5.1.1 User unknown\n  pipe to |/usr/bin/giao\n    generated by {M}\n    local delivery failed\n\n------ This is a copy of the message, including all the headers. ------\n", [(L, F, "5.1.1"), (M, F, "5.3.0")]),
    ("zoho two", "Undelivered Mail Returned to Sender", f"This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of its recipients. This is a permanent error.\n\n{L} Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 User Unknown\n{M}  ,ERROR_CODE :550, ERROR_CODE :5.2.2 Mailbox Full\n", [(L, F, "5.1.1"), (M, F, "5.2.2")]),
    ("quota of the forwarded", "failure notice", f"Sorry, unable to deliver your message to {L} for\nthe following reason:\n\n 552 Quota violation for {M}\n", [(L, F, "5.2.2"), (M, F, "5.2.2")]),
    ("notes directory ja", "Undeliverable message", f"------- Failure Reasons  --------\n\nディレクトリのリストにありません\n{L}\n", [(L, F, "5.1.1")]),
    ("unknown reason", "Undelivered Mail Returned to Sender", f"<{L}>: 550 xyzzy plugh", [(L, F, "5.0.0")]),
]  # fmt: skip


def letter(subject: str, text: str) -> bytes:
    sender, extra = DAEMON, ""
    first, _, rest = text.partition("\n")
    if first.startswith("From: "):
        sender, text = first[6:], rest
    elif first.startswith("X-Failed-Recipients: "):
        extra, text = first + "\r\n", rest
    head = f"Return-Path: <>\r\nFrom: {sender}\r\nTo: vanthu@somau.example.vn\r\nSubject: {subject}\r\n{extra}"
    return (f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.replace("\n", "\r\n")).encode()


@pytest.mark.parametrize(("name", "subject", "text", "want"), FORMS, ids=[f[0] for f in FORMS])
def test_form(name: str, subject: str, text: str, want: list[tuple[str, str, str]]) -> None:
    reading = classify(letter(subject, text))
    assert reading.kind is MailKind.BOUNCE, reading.because
    assert reading.report is not None
    assert [(r.address, r.action.value, r.status) for r in reading.report.recipients] == want
    assert all(r.reason for r in reading.report.recipients)


def test_a_telephone_company_that_sends_as_no_reply_encloses_our_mail() -> None:
    text = f"送信先のメールボックスが一杯のため、送信できませんでした。\r\n\r\nCould not be delivered to: <{L}>\r\n As their mailbox is full.\r\n"
    raw = (
        "From: no-reply@tel.example.jp\r\nTo: vanthu@somau.example.vn\r\nSubject: メールエラー通知\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{text}--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <goc@somau.example.vn>\r\nTo: {L}\r\n\r\n\r\n--b--\r\n"
    )
    reading = classify(raw.encode())
    assert reading.kind is MailKind.BOUNCE and reading.report is not None
    assert [(r.address, r.status) for r in reading.report.recipients] == [(L, "5.2.2")]
    assert reading.report.original_message_id == "<goc@somau.example.vn>"
    alone = raw.replace("message/rfc822", "text/x-none")  # without our mail in it, a no-reply sender proves nothing
    assert classify(alone.encode()).kind is MailKind.PLAIN


def test_an_inner_host_name_gives_way_to_the_address_we_wrote_to() -> None:
    raw = (
        f"From: {DAEMON}\r\nSubject: Delivery has failed\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;kho.example.vn\r\n\r\nAction: failed\r\nStatus: 5.0.0 (quota)\r\n"
        f"Original-Recipient: rfc822;{L}\r\nFinal-Recipient: rfc822;lan@kho-noi-bo\r\n--b--\r\n"
    )
    report = classify(raw.encode()).report
    assert report is not None and [r.address for r in report.recipients] == [L]


def test_the_reporter_writes_as_its_own_user() -> None:
    raw = (
        f"From: <quantri@xamau.example.vn>\r\nX-Original-To: <{L}>\r\nTo: vanthu@somau.example.vn\r\nSubject: Non-Delivery: 67\r\n"
        f'X-Mailer: Microsoft CDO for Windows 2000\r\n\r\n--- Non-Delivery Report ---\r\nThe email below could not be delivered to the following user:\r\n\r\n"{L}" <{L}>\r\n\r\nOld message:\r\n'
    )
    report = classify(raw.encode()).report
    assert report is not None and [r.address for r in report.recipients] == [L]
