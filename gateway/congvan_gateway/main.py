"""The one wiring place: from settings to a working program. Nothing happens at import time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from congvan_core.errors import ConfigurationError
from congvan_core.ids import now
from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.database import Database
from congvan_gateway.judgement.policy import Policy
from congvan_gateway.settings import Settings, find_config, load

if TYPE_CHECKING:
    from congvan_core.signatures.sign_keys import SigningKey
    from congvan_gateway.judgement.sandbox import Sandbox


@dataclass
class App:
    """What every role needs. ``clock`` gives this moment, aware; tests give their own."""

    settings: Settings
    database: Database
    blobs: BlobStore
    clock: Callable[[], datetime] = now
    policy: Policy = field(default_factory=Policy)

    @cached_property
    def key(self) -> SigningKey:
        """The gateway's own key, loaded and checked once. Raises ConfigurationError where none is configured."""
        from congvan_core.signatures.sign_keys import load_pem, load_pkcs12

        keys = self.settings.keys
        if not keys.gateway:
            raise ConfigurationError(
                "Chưa cấu hình khóa của cổng văn bản (mục keys.gateway); tạo bằng: congvan init hoặc congvan doctor"
            )
        path = self.settings.path(keys.gateway)
        password = self.settings.secret(keys.password_file)
        if keys.gateway_certificate:
            return load_pem(path, self.settings.path(keys.gateway_certificate), password=password)
        return load_pkcs12(path, password or "")

    @property
    def has_key(self) -> bool:
        return bool(self.settings.keys.gateway)

    @property
    def trust_folder(self) -> Path:
        return self.settings.path(self.settings.trust.folder)

    @cached_property
    def sandbox(self) -> Sandbox:
        """The limited worker processes that read what strangers send."""
        from congvan_gateway.judgement.sandbox import Sandbox

        return Sandbox(self.settings.verification)

    def close(self) -> None:
        """Chain what this process wrote into the journal (no server may be running), and let go of everything."""
        from congvan_core.journal.sealing import seal_all

        if "sandbox" in self.__dict__:
            self.sandbox.close()
        try:
            seal_all(self.database)
        except Exception as error:  # what is not chained now is chained by the next process
            logging.getLogger("congvan").warning("journal not sealed at the end: %s", error)
        self.database.close()


def open_app(settings: Settings, *, clock: Callable[[], datetime] = now) -> App:
    """Open database (migrated to this version) and blob store. Raises ConfigurationError with what to do."""
    from congvan_gateway.storage.migrate import upgrade
    from congvan_gateway.storage.policies import load_policy

    database = Database(settings.database_url)
    try:
        upgrade(database)
        policy = load_policy(database)
    except ConfigurationError:
        database.close()
        raise
    except Exception as error:
        database.close()
        raise ConfigurationError(
            f"Không mở được cơ sở dữ liệu {settings.storage.database}: {error}".splitlines()[0]
        ) from error
    return App(settings, database, BlobStore(settings.path(settings.storage.blobs)), clock, policy)


def open_configured(config: str | None) -> App:
    """The program as the command line opens it: with ``--config``, the environment or ./congvan.toml."""
    path = find_config(config)
    if path is None:
        raise ConfigurationError(
            "Không thấy congvan.toml; chạy trong thư mục dữ liệu, hoặc dùng --config TỆP, hoặc tạo mới: congvan init THƯ-MỤC"
        )
    return open_app(load(path))
