from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.settings import Settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `.env` and no WIREWATCH_ setting of the machine the test runs on."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WIREWATCH_{name.upper()}", raising=False)


def test_without_settings_the_database_is_a_file_in_the_data_folder() -> None:
    settings = Settings(data=Path("somewhere"))
    assert settings.database_url == f"sqlite:///{Path('somewhere/wirewatch.db')}"


@pytest.mark.parametrize("given", ["postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"])
def test_postgresql_gets_its_driver(given: str) -> None:
    assert Settings(database=given).database_url == "postgresql+psycopg://u:p@h/d"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREWATCH_PORT", "9000")
    monkeypatch.setenv("WIREWATCH_ALLOW_ADDRESSES", "10.1.2.3/8, fd00::/8,")
    settings = Settings()
    assert settings.port == 9000
    assert settings.allow_addresses == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_settings_come_from_a_file_named_env() -> None:
    Path(".env").write_text("WIREWATCH_HOST=0.0.0.0\nSOMETHING_ELSE=1\n")
    assert Settings().host == "0.0.0.0"


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "70000"), ("JOBS", "-1"), ("CYCLE_SECONDS", "0"), ("ALLOW_ADDRESSES", "10.0.0.0/99")]
)
def test_a_setting_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"WIREWATCH_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_secrets_are_not_in_what_is_printed() -> None:
    settings = Settings(password="canary-1", secret_key="canary-2", heartbeat_url="https://canary-3.example")
    assert "canary" not in repr(settings)


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
