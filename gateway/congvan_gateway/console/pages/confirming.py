"""The public page behind a confirmation link: GET shows a button and changes nothing, POST confirms."""

from __future__ import annotations

from starlette.responses import Response

from congvan_core.errors import InputError
from congvan_gateway.console.desk import Ask
from congvan_gateway.receipts import confirm_links


def show(ask: Ask) -> Response:
    """Who asks, about which document, and the button. A scanner that fetches the link gets this and no more."""
    with ask.app.database.read() as connection:
        about = confirm_links.asked(connection, ask.path("code"), ask.now)
    return _page(ask, about)


def press(ask: Ask) -> Response:
    """The button: the name is asked for again where it is missing."""
    name, number = ask.form.text("name", 120), ask.form.text("number", 40)
    try:
        about = confirm_links.confirm(ask.app, ask.path("code"), name=name, register_number=number)
    except InputError as error:
        with ask.app.database.read() as connection:
            about = confirm_links.asked(connection, ask.path("code"), ask.now)
        return _page(ask, about, wrong=error.message, name=name, number=number, status=400)
    return _page(ask, about, pressed=True)


def _page(ask: Ask, about: confirm_links.Asked, *, status: int = 200, **values: object) -> Response:
    answer = ask.render(
        "confirming.html",
        status=status,
        about=about,
        **({"pressed": False, "wrong": "", "name": "", "number": ""} | values),
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
