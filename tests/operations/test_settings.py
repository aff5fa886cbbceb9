"""Settings: unknown keys refused, errors in one sentence, secrets only by file, every field documented."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from congvan_core.errors import ConfigurationError
from congvan_gateway.settings import Settings, commented, load, masked


def test_the_commented_file_is_valid_and_equals_the_defaults() -> None:
    assert Settings(**tomllib.loads(commented())) == Settings()


def test_every_field_has_a_vietnamese_comment() -> None:
    for section, field in Settings.model_fields.items():
        shape = field.annotation
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            for name, item in shape.model_fields.items():
                assert item.description, f"{section}.{name}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[smtp]\nprot = 25\n", "smtp.prot"),
        ("[smtp]\nport = 'many'\n", "smtp.port"),
        ("[smtp]\nport = 70000\n", "smtp.port"),
        ("[smtp\n", "TOML"),
        ("[delivery]\ntls = 'maybe'\n", "delivery.tls"),
        ("colour = 1\n", "colour"),
    ],
)
def test_bad_files_are_answered_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "congvan.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load(path)
    assert says in raised.value.message and "\n" not in raised.value.message


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="congvan init"):
        load(tmp_path / "congvan.toml")


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "congvan.toml"
    path.write_text("[smtp]\nport = 25\n")
    monkeypatch.setenv("CONGVAN_SMTP__PORT", "2526")
    assert load(path).smtp.port == 2526


def test_secrets_come_from_files_and_never_reach_the_log(tmp_path: Path) -> None:
    path = tmp_path / "congvan.toml"
    path.write_text('[storage]\ndatabase = "postgresql://u:geheim@h/db"\n[keys]\npassword_file = "p"\n')
    (tmp_path / "p").write_text("mật khẩu\n")
    settings = load(path)
    assert settings.secret(settings.keys.password_file) == "mật khẩu"
    assert "geheim" not in str(masked(settings)) and "mật khẩu" not in str(masked(settings))
    with pytest.raises(ConfigurationError, match="missing"):
        settings.secret("missing")


def test_every_setting_is_documented() -> None:
    """Each field says what it means; docs/cai-dat.md is what ``python tests/support_settings.py`` writes."""
    from congvan_gateway.settings_sections import settings_sections
    from support_settings import PAGE, page

    sections = list(settings_sections())
    assert {"imap", "links", "delivery"} <= {name for name, _, _ in sections}
    assert [f"{name}.{key}" for name, kind, _ in sections for key, item in kind.model_fields.items()
            if not item.description] == []  # fmt: skip
    assert PAGE.read_text(encoding="utf-8") == page()
