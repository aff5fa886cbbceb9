"""From settings and routing tables to couriers: the smarthost or the MX, the axis, a folder; each made once and kept."""

from __future__ import annotations

from collections.abc import Sequence

from congvan_core.errors import ConfigurationError
from congvan_gateway.dispatch.courier import Courier
from congvan_gateway.dispatch.courier_smtp import Hop, SmtpCourier
from congvan_gateway.dispatch.sts_fetching import StsShelf, fetch_sts
from congvan_gateway.dispatch.switching import Way
from congvan_gateway.main import App
from congvan_gateway.routing.model import Transport
from congvan_mailbox.smtp.client_options import ClientOptions, Credentials
from congvan_mailbox.smtp.mta_sts import StsPolicies
from congvan_mailbox.smtp.resolver import DnsResolver
from congvan_mailbox.smtp.tls_policy import TlsMode, TlsPolicy

_MODES = {
    "none": TlsMode.NONE,
    "opportunistic": TlsMode.OPPORTUNISTIC,
    "require": TlsMode.REQUIRED,
    "verify": TlsMode.VERIFIED,
    "pin": TlsMode.PINNED,
    "dane": TlsMode.DANE,
    "implicit": TlsMode.VERIFIED,
}


def smtp_courier(app: App, tls: str | None = None) -> SmtpCourier:
    """The courier that the settings describe; ``tls`` is a route's own policy. Raises ConfigurationError."""
    delivery = app.settings.delivery
    if delivery.attempt_seconds >= delivery.lease_seconds:
        raise ConfigurationError("delivery.attempt_seconds phải ngắn hơn delivery.lease_seconds")
    host = delivery.host if delivery.mode == "smarthost" else None
    credentials = _credentials(app, delivery.username, delivery.password_file, "delivery")
    implicit = delivery.tls == "implicit"
    policy = _policy(app, tls or delivery.tls, delivery.tls_ca, delivery.tls_pins)
    return _courier(app, host, delivery.port, policy, credentials, implicit)


def _policy(app: App, tls: str, ca: str | None, pins: Sequence[str]) -> TlsPolicy:
    if tls == "pin" and not pins:
        raise ConfigurationError("tls = pin cần tls_pins: SHA-256 của chứng thư hoặc khóa công khai của máy chủ nhận")
    wanted = frozenset(pin.replace(":", "").lower() for pin in pins) if tls == "pin" else frozenset()
    return TlsPolicy(mode=_MODES[tls], ca_file=str(app.settings.path(ca)) if ca else None, pins=wanted)


def _courier(
    app: App,
    host: str | None,
    port: int,
    policy: TlsPolicy,
    credentials: Credentials | None,
    implicit: bool,
    chunking: bool = True,
) -> SmtpCourier:
    options = ClientOptions(
        helo=app.settings.delivery.helo or app.settings.smtp.hostname,
        tls=policy,
        credentials=credentials,
        implicit_tls=implicit,
        prefer_bdat=chunking,
    )
    hop = Hop(host, port, options)
    resolver = DnsResolver()
    sts = None
    if host is None and app.settings.delivery.mta_sts:
        sts = StsPolicies(resolver.txt, fetch_sts, memory=StsShelf(app.database))
    return SmtpCourier(lambda _domain: hop, resolver=resolver, deadline=app.settings.delivery.attempt_seconds, sts=sts)


def _credentials(app: App, username: str | None, password_file: str | None, where: str) -> Credentials | None:
    if not username:
        return None
    password = app.settings.secret(password_file)
    if password is None:
        raise ConfigurationError(f"{where}.username cần {where}.password_file")

    async def secret() -> str:
        return password

    return Credentials(username, secret)


class CourierPark:
    """Couriers by transport, made when first needed. ``usual`` carries what no table routes elsewhere."""

    def __init__(self, app: App, usual: Courier) -> None:
        self._app = app
        self._usual = usual
        self._made: dict[tuple[str, str, str], Courier] = {}

    def courier(self, way: Way) -> Courier:
        """Raises ConfigurationError where the transport cannot work as it is set."""
        if way.transport is None and way.terms.tls is None:
            return self._usual
        described = way.transport.model_dump_json() if way.transport else ""
        key = (way.name, described, way.terms.tls or "")
        if key not in self._made:
            self._made[key] = self._make(way.name, way.transport, way.terms.tls)
        return self._made[key]

    def _make(self, name: str, transport: Transport | None, tls: str | None) -> Courier:
        app = self._app
        if transport is None:
            return smtp_courier(app, tls)
        if transport.kind == "axis":
            from congvan_gateway.dispatch.courier_axis import axis_courier

            return axis_courier(app, name, transport)
        if transport.kind == "folder":
            from congvan_gateway.dispatch.courier_folder import FolderCourier

            return FolderCourier(app.settings.path(transport.out), transport.contents)
        credentials = _credentials(app, transport.username, transport.password_file, f"transports.{name}")
        implicit = transport.tls == "implicit"
        usual = app.settings.delivery
        pins = transport.tls_pins or usual.tls_pins
        policy = _policy(app, tls or transport.tls or usual.tls, transport.tls_ca, pins)
        host = transport.host or None
        return _courier(app, host, transport.port, policy, credentials, implicit, transport.chunking)

    async def close(self) -> None:
        """Give back every connection, the usual courier's too."""
        for courier in [*self._made.values(), self._usual]:
            await courier.close()
        self._made.clear()
