"""A QR code as an SVG of our own: what an authenticator's camera reads, without a script or another site."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

#: Modules of quiet around the code (ISO/IEC 18004, 7.3.4 wants four).
_QUIET = 4


def svg(text: str, label: str) -> Markup:
    """An ``<svg>`` with the text of up to some 500 characters; ``label`` is what a screen reader says."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    code: Any = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    count = code.getModuleCount()
    rows = []
    for row in range(count):
        column = 0
        while column < count:
            begin = column
            while column < count and code.isDark(row, column):
                column += 1
            if column > begin:
                rows.append(f"M{begin + _QUIET} {row + _QUIET}h{column - begin}v1h-{column - begin}z")
            column += 1
    side = count + 2 * _QUIET
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" width="200" height="200" role="img" aria-label="{label}" '
        'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/><path fill="#000" d="{path}"/></svg>'
    ).format(side=side, label=label, path="".join(rows))
