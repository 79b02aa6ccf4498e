"""Every WIREWATCH_ setting, its default and its unit. Read once, at the entrance, and passed inwards."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


ENV_FILE = ".env"  # in the working folder


class Settings(BaseSettings):
    """The installation's settings: from the environment (`WIREWATCH_…`) and `.env`."""

    model_config = SettingsConfigDict(env_prefix="WIREWATCH_", env_file=ENV_FILE, extra="ignore", frozen=True)

    config: Path = Field(Path("watch.yaml"), description="the watch file")
    data: Path = Field(
        Path(platformdirs.user_data_dir("wirewatch")), description="folder of the database, sent.log and caches"
    )
    database: str = Field("", description="database URL; empty = SQLite, wirewatch.db in the data folder")
    secrets: Path | None = Field(None, description="folder of files, one secret a file, for ${NAME} in the watch file")
    allow_addresses: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="CIDRs of private addresses that feeds and pages may be fetched from, comma-separated"
    )
    jobs: int = Field(0, ge=0, description="worker processes that read pages; 0 = one a core")
    extract_seconds: float = Field(15.0, gt=0, description="a page that takes longer to read is stopped, seconds")
    preview_seconds: float = Field(
        2.0,
        gt=0,
        description="a preview of a rule that takes longer is stopped, seconds; what has to be whole has 30 times that",
    )
    page_spacing: float = Field(
        1.0, ge=0, description="least time between two pages asked of one host, seconds; below 1 between feeds, too"
    )
    lease_seconds: float = Field(60.0, gt=0, le=3600, description="how long a claim on a row lasts unrenewed, seconds")
    cycle_seconds: float = Field(50.0, gt=0, description="a cycle starts no new work after so long, seconds")
    user_agent: str = Field("wirewatch/0.1", description="what servers see; the contact of the watch file is added")
    proxy_from_env: bool = Field(False, description="use HTTP(S)_PROXY from the environment")
    host: str = Field("127.0.0.1", description="address the page listens on")
    port: int = Field(8080, ge=0, le=65535, description="port of the page")
    password: str = Field(
        "",
        repr=False,
        description="password of the page for everybody; off loopback this, users or a proxy's header are required",
    )
    secret_key: str = Field(
        "", repr=False, description="key that signs links and cookies; empty = made once, kept in the database"
    )
    user_header: str = Field("", description="header that names the user, from a proxy here or of TRUSTED_PROXIES")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="CIDRs of proxies whose X-Forwarded-For and USER_HEADER are believed; loopback's always are",
    )
    heartbeat_url: str = Field(
        "", repr=False, description="address asked after each good run, at a service that rings when that stops"
    )
    every_seconds: float = Field(
        60.0, gt=0, description="how often a cycle runs (`up`, `run`, deployments), seconds; `web` judges by it, too"
    )

    keep_polls: int = Field(
        90, ge=0, le=36_500, description="what each poll brought is kept so long, days; 0 = for ever"
    )
    keep_articles: int = Field(
        365, ge=0, le=36_500, description="articles that no rule matched are kept so long, days; 0 = for ever"
    )
    keep_ledger: int = Field(
        365, ge=0, le=36_500, description="what was told of a story is kept so long after its end, days; 0 = for ever"
    )
    keep_hits: int = Field(
        0,
        ge=0,
        le=36_500,
        description="hits and their stories are kept so long after the story's end, days; 0 = for ever",
    )

    @field_validator("allow_addresses", "trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())

    @field_validator("heartbeat_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        """Its text is a secret: the message does not repeat it."""
        parts = urlsplit(value)
        if value and not (parts.scheme in ("http", "https") and parts.hostname):
            raise PydanticCustomError("url", "an address begins with https:// or http://")
        return value

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL; a plain `postgresql://` is given the psycopg driver."""
        url = self.database or f"sqlite:///{self.data / 'wirewatch.db'}"
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url
