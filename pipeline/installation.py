"""The installation's settings as people are shown them: nothing secret among them."""

from __future__ import annotations

from dataclasses import dataclass

from core.settings import Settings
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting, its value in words, and what it is for."""

    setting: str
    value: str
    meaning: str


def shown(settings: Settings) -> list[Shown]:
    """Every setting; what is secret is only said to be set."""
    fields = Settings.model_fields.items()
    return [
        Shown(f"WIREWATCH_{name.upper()}", _value(settings, name), field.description or "") for name, field in fields
    ]


def _value(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if not Settings.model_fields[name].repr:
        return "(set)" if value else ""
    if name == "database":
        return Database(settings.database_url).label
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
