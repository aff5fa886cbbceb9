"""The commands of an evidence file: plain sh, sha256sum and openssl, each with the sentence that says what it shows."""

from __future__ import annotations

from dataclasses import dataclass, field

SCRIPT = "kiem-tra.sh"


@dataclass(frozen=True, slots=True)
class Step:
    """One check: ``says`` in Vietnamese, ``command`` ends with 0 where it holds."""

    says: str
    command: str


@dataclass(slots=True)
class Steps:
    """The checks in their order, printed in the readable guide and run by the script."""

    every: list[Step] = field(default_factory=list)

    def add(self, says: str, command: str) -> None:
        self.every.append(Step(says, command))

    def script(self) -> bytes:
        """``sh kiem-tra.sh`` in the unpacked folder: a line per check, exit 0 only where all hold."""
        lines = [
            "#!/bin/sh",
            "# Kiểm tra hồ sơ chứng cứ bằng openssl và sha256sum; không cần phần mềm Công Văn.",
            'cd "$(dirname "$0")" || exit 2',
            "TAM=$(mktemp -d) || exit 2; export TAM; trap 'rm -rf \"$TAM\"' EXIT",
            "LOI=0",
            'buoc() { if sh -c "$2" >"$TAM/ra" 2>&1; then echo "ĐÚNG  $1"; else echo "SAI   $1"; cat "$TAM/ra"; LOI=1; fi; }',
        ]
        for number, step in enumerate(self.every, 1):
            quoted = step.command.replace("'", "'\\''")
            said = step.says.replace("'", "’")
            lines.append(f"buoc '{number}. {said}' '{quoted}'")
        lines += [
            '[ "$LOI" = 0 ] && echo "Kết quả: mọi bước đều đúng." || echo "Kết quả: có bước sai."',
            'exit "$LOI"',
            "",
        ]
        return "\n".join(lines).encode()


def covered(path: str, stretches: tuple[int, int, int, int]) -> str:
    """The bytes of a file that a signature covers, written to ``$TAM/ky``."""
    _, length, second, rest = stretches
    return f'{{ head -c {length} {path}; tail -c +{second + 1} {path} | head -c {rest}; }} > "$TAM/ky"'


def cms_detached(signature: str, content: str) -> str:
    """The signature over exactly these bytes verifies; whose key it was is read from its certificate."""
    return f"openssl cms -verify -binary -inform DER -in {signature} -content {content} -noverify -out /dev/null"


def cms_trusted(signature: str, content: str, at: int) -> str:
    """The same, and the chain reaches the included anchors at ``at`` (seconds since 1970)."""
    return (
        f"openssl cms -verify -binary -inform DER -in {signature} -content {content} -purpose any "
        f"-CAfile chung-thu/goc.pem -certfile chung-thu/tat-ca.pem -attime {at} -out /dev/null"
    )


def stamp_sound(token: str, data: str, algorithm: str) -> str:
    """The token's own signature verifies, and it was given for the digest of ``data``."""
    return (
        f'openssl cms -verify -inform DER -in {token} -noverify -out "$TAM/tst" && '
        f'[ "$(openssl asn1parse -inform DER -in "$TAM/tst" | grep "OCTET STRING" | head -n 1 | sed "s/.*://" | tr A-F a-f)"'
        f' = "$(openssl dgst -{algorithm} -r {data} | cut -d" " -f1)" ]'
    )


def mail_signed(path: str) -> str:
    """A mail's S/MIME signature (RFC 8551) over its exact bytes."""
    return f"openssl cms -verify -in {path} -noverify -out /dev/null"


def chain_whole(path: str) -> str:
    """Each hash follows from the one before and the entry's digest."""
    return (
        "while read -r so ma xich; do "
        'if [ "$ma" != - ]; then '
        'tinh=$(printf "%s%s" "$truoc" "$ma" | openssl dgst -sha256 -r | cut -d" " -f1); '
        '[ "$tinh" = "$xich" ] || { echo "mục $so không khớp"; exit 1; }; fi; '
        f"truoc=$xich; done < {path}"
    )


def entries_chained() -> str:
    """Every shown entry's digest stands at its number in one of the stretches."""
    return (
        "for tep in nhat-ky/muc/*.json; do "
        'so=$(basename "$tep" .json | sed "s/^0*//"); '
        'ma=$(openssl dgst -sha256 -r "$tep" | cut -d" " -f1); '
        'grep -q "^$so $ma " nhat-ky/doan-*.txt || { echo "$tep không có trong chuỗi"; exit 1; }; done'
    )


def head_in_chain(index: int, digest: str) -> str:
    """The signed head is the chain's hash at its number."""
    return f'grep -q "^{index} [0-9a-f]* {digest}\\$" nhat-ky/doan-*.txt'
