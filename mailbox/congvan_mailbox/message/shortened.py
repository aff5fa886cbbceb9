"""A mail without the bulk of its long attachments, for readers that want its words and its form only."""

from __future__ import annotations

from congvan_mailbox.message.part import Message

#: A base64 body longer than this keeps its beginning only: enough to tell what kind of file it is.
LONG = 1 << 20
KEPT = 48 * 1024


def shortened(message: Message) -> bytes:
    """The raw bytes, long base64 bodies cut after a line; the same bytes object where there are none.

    Never for anything that is hashed, verified or stored.
    """
    pieces: list[bytes] = []
    last = message.root.start
    for part in message.walk():
        body = part.end - part.body_start
        if part.buffer is not message.root.buffer or part.children or part.encoding != "base64" or body <= LONG:
            continue
        stop = part.buffer.find(b"\n", part.body_start + KEPT, part.end)
        if stop < 0 or part.body_start < last:
            continue
        pieces.append(part.buffer[last : stop + 1])
        last = part.end
    if not pieces:
        return message.raw
    return b"".join([*pieces, message.root.buffer[last : message.root.end]])
