"""docs/cai-dat.md, made from the settings themselves: ``python tests/support_settings.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from congvan_gateway.settings_sections import settings_sections

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cai-dat.md"
_HEAD = """# Các mục cài đặt

Mọi mục của `congvan.toml`, giá trị mặc định và ý nghĩa. Trang Quản trị, Cài đặt cho thấy giá trị đang có hiệu lực; cách dùng của từng
nhóm ở [hướng dẫn dành cho quản trị](quan-tri.md). Mỗi mục có thể đặt bằng biến môi trường: `CONGVAN_SMTP__PORT=2526`.
"""


def page() -> str:
    """The page as it must be."""
    lines = [_HEAD]
    for name, kind, several in settings_sections():
        lines += [
            f"## `{'[[' if several else '['}{name}{']]' if several else ']'}`",
            "| Mục | Mặc định | Ý nghĩa |",
            "|---|---|---|",
        ]
        for key, item in kind.model_fields.items():
            value = _value(item.get_default(call_default_factory=True))
            lines.append(f"| `{key}` | {value} | {(item.description or '').replace('|', '/')} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _value(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"`{json.dumps(value, ensure_ascii=False, default=str)}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
