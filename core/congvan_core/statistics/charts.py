"""Charts as SVG without script or style: bars in pairs over months, bars with their names; a table says the same beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr


def _top(values: Sequence[int]) -> int:
    """A round number at or above the greatest."""
    most = max([1, *values])
    step: int = 10 ** (len(str(most)) - 1)
    return min(step * factor // 2 for factor in range(2, 42) if step * factor // 2 >= most)


def paired_bars(
    labels: Sequence[str], first: Sequence[int], second: Sequence[int], *, title: str, names: tuple[str, str]
) -> str:
    """Two bars for each label. Classes ``in`` and ``out``; values stand above the bars, so that colour is not all."""
    wide, high, left, floor = 460, 190, 32, 162
    top = _top([*first, *second])
    room = (wide - left - 8) / max(1, len(labels))
    parts = [_open(wide, high, title, f"{title}: {names[0]}, {names[1]}")]
    for line in range(5):
        y = floor - (floor - 20) * line / 4
        parts.append(f'<line class="axis" x1="{left}" x2="{wide - 4}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{left - 4}" y="{y + 4:.1f}" text-anchor="end">{top * line // 4}</text>')
    for place, label in enumerate(labels):
        x = left + room * place
        for number, (kind, values) in enumerate((("in", first), ("out", second))):
            tall = (floor - 20) * values[place] / top
            bar = x + room * (0.12 + 0.39 * number)
            parts.append(
                f'<rect class="{kind}" x="{bar:.1f}" y="{floor - tall:.1f}" width="{room * 0.36:.1f}" height="{tall:.1f}">'
                f"<title>{escape(label)}: {names[number]} {values[place]}</title></rect>"
            )
            if values[place]:
                parts.append(
                    f'<text class="tick" x="{bar + room * 0.18:.1f}" y="{floor - tall - 3:.1f}" text-anchor="middle">'
                    f"{values[place]}</text>"
                )
        parts.append(
            f'<text class="tick" x="{x + room / 2:.1f}" y="{floor + 16}" text-anchor="middle">{escape(label)}</text>'
        )
    return "".join(parts) + "</svg>"


def named_bars(values: Mapping[str, int], *, title: str, most: int = 10) -> str:
    """One bar per name, the longest first; what lies beyond ``most`` is summed as "khác"."""
    shown = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    if len(shown) > most:
        shown = [*shown[: most - 1], ("khác", sum(count for _, count in shown[most - 1 :]))]
    line, wide, left = 20, 460, 170
    top = max([1, *(count for _, count in shown)])
    parts = [_open(wide, line * max(1, len(shown)) + 6, title, title)]
    for place, (name, count) in enumerate(shown):
        y = line * place + 4
        long = (wide - left - 60) * count / top
        short = name if len(name) <= 26 else name[:25] + "…"
        parts.append(f'<text class="tick" x="{left - 6}" y="{y + 13}" text-anchor="end">{escape(short)}</text>')
        parts.append(
            f'<rect class="in" x="{left}" y="{y}" width="{long:.1f}" height="{line - 6}"><title>{escape(name)}</title></rect>'
        )
        parts.append(f'<text class="tick" x="{left + long + 5:.1f}" y="{y + 13}">{count}</text>')
    return "".join(parts) + "</svg>"


def _open(wide: int, high: int, title: str, text: str) -> str:
    return f'<svg viewBox="0 0 {wide} {high}" role="img" aria-label={quoteattr(text)}><title>{escape(title)}</title>'
