"""From settings to couriers: the smarthost or the MX, TLS policy, log-in."""

from __future__ import annotations

from congvan_core.errors import ConfigurationError
from congvan_gateway.dispatch.courier_smtp import Hop, SmtpCourier
from congvan_gateway.main import App
from congvan_mailbox.smtp.client_options import ClientOptions, Credentials
from congvan_mailbox.smtp.tls_policy import TlsMode, TlsPolicy

_MODES = {
    "none": TlsMode.NONE,
    "opportunistic": TlsMode.OPPORTUNISTIC,
    "require": TlsMode.REQUIRED,
    "verify": TlsMode.VERIFIED,
    "implicit": TlsMode.VERIFIED,
}


def smtp_courier(app: App) -> SmtpCourier:
    """The courier that the settings describe. Raises ConfigurationError."""
    delivery = app.settings.delivery
    if delivery.attempt_seconds >= delivery.lease_seconds:
        raise ConfigurationError("delivery.attempt_seconds phải ngắn hơn delivery.lease_seconds")
    policy = TlsPolicy(
        mode=_MODES[delivery.tls], ca_file=str(app.settings.path(delivery.tls_ca)) if delivery.tls_ca else None
    )
    credentials = None
    if delivery.username:
        password = app.settings.secret(delivery.password_file)
        if password is None:
            raise ConfigurationError("delivery.username cần delivery.password_file")

        async def secret() -> str:
            return password

        credentials = Credentials(delivery.username, secret)
    options = ClientOptions(
        helo=delivery.helo or app.settings.smtp.hostname,
        tls=policy,
        credentials=credentials,
        implicit_tls=delivery.tls == "implicit",
    )
    host = delivery.host if delivery.mode == "smarthost" else None
    hop = Hop(host, delivery.port, options)
    return SmtpCourier(lambda _domain: hop, deadline=delivery.attempt_seconds)
