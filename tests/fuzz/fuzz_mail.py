"""Coverage-guided fuzzing of mail, MIME, packets, CMS and PDF inside mails: ``python tests/fuzz/fuzz_mail.py CORPUS``.

atheris reports any exception that leaves the inspection; the corpus starts from the golden cases.
"""

from __future__ import annotations

import sys


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["congvan_core", "congvan_mailbox", "congvan_gateway"]):
        from congvan_gateway.judgement.inspection import Context, inspect_mail

    context = Context(ocr=False)

    def one(data: bytes) -> None:
        inspect_mail(data, context).to_json()

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
