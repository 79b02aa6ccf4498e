"""The watch file's channels, feeds and sites: what lies outside, and where secrets stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from rules import fields as f
from rules.fields import Section


class ChannelConfig(Section):
    """Where alerts go: a `url`, or for e-mail the keys from `host` on."""

    url: f.ChannelUrl = Field(
        "",
        repr=False,
        description="terminal://, mailto(s)://, webhook(s)://, or any URL that Apprise knows (slack://, tgram://, …)",
        examples=["${SLACK_URL}"],
    )
    on_unknown: Literal["retry", "hold"] = Field(
        "retry",
        description="a message was sent and no answer came: retry (it may arrive twice), or hold it for a person",
        examples=["hold"],
    )
    host: f.MailHost = Field("", description="the mail server", examples=["smtp.example.org"])
    port: f.Port | None = Field(
        None, description="its port; by default 587 with starttls, 465 with tls, 25 with none", examples=[587]
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="starttls: encrypted after a greeting, refused when the server cannot; tls: encrypted from the "
        "start; none: in the clear, for a server on the same machine or network",
        examples=["tls"],
    )
    user: str = Field("", repr=False, description="the account at the mail server", examples=["${SMTP_USER}"])
    password: str = Field("", repr=False, description="its password", examples=["${SMTP_PASSWORD}"])
    from_: f.Address = Field("", alias="from", description="the sender", examples=["watch@example.org"])
    to: tuple[f.Address, ...] = Field((), repr=False, description="the recipients", examples=[["desk@example.org"]])
    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The channel's name in the file."""
        return self._name

    @property
    def scheme(self) -> str:
        """What kind of channel it is: "smtp" for the e-mail keys, else the URL's scheme in lower case.

        Empty while the whole URL is a secret that is not put in.
        """
        scheme = self.url.partition("://")[0].lower() if self.url else "smtp"
        return "" if "${" in scheme else scheme

    @property
    def is_email(self) -> bool:
        """Is it our own e-mail channel, which can send threads?"""
        return self.scheme in ("smtp", "mailto", "mailtos")

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Name and scheme only: everything else may be a secret."""
        yield "name", self._name
        yield "scheme", self.scheme

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        mail_keys = self.model_fields_set & {"host", "port", "security", "user", "password", "from_", "to"}
        if self.url and mail_keys:
            raise f.fault(
                "a channel has a url, or the e-mail keys from host on; not both", f"delete {_listed(mail_keys)}"
            )
        if self.url:
            return self
        missing = [key for key, value in (("host", self.host), ("from", self.from_), ("to", self.to)) if not value]
        if len(missing) == 3:
            raise f.fault("a channel needs a url, or host, from and to for e-mail", 'e.g. {url: "terminal://"}')
        if missing:
            raise f.fault(f"an e-mail channel needs {_listed(missing)} too")
        if bool(self.user) != bool(self.password):
            raise f.fault("user and password go together")
        return self


def _listed(keys: Iterable[str]) -> str:
    return " and ".join(sorted(key.rstrip("_") for key in keys))


class FeedEntry(Section):
    """A feed to poll: one of `url`, `sitemap` and `page`, and what is known about it."""

    url: f.WebUrl = Field(
        "", repr=False, description="a feed (RSS, Atom, JSON Feed)", examples=["https://example.org/rss"]
    )
    sitemap: f.WebUrl = Field(
        "", repr=False, description="a news sitemap", examples=["https://example.org/news-sitemap.xml"]
    )
    page: f.WebUrl = Field(
        "", repr=False, description="a page of links, for sites without a feed", examples=["https://example.org/press"]
    )
    links: f.Selector = Field("", description="with `page`: the CSS selector of its links", examples=["main h3 a"])
    name: f.Text = Field("", description="what people call it; its host when absent", examples=["VOA East Asia"])
    tags: tuple[f.Text, ...] = Field((), description="for rules' `feeds:` and for sorting", examples=[["asia"]])
    owner: f.Text = Field("", description="feeds of one owner count as one separate text", examples=["VOA"])
    every: f.Every = Field(
        None, description="how often to ask; auto learns it. From 1m to 24h", examples=["auto", "10m"]
    )
    first_poll: f.Length = Field(
        timedelta(hours=72), description="what is older than this at the first poll makes no alert", examples=["72h"]
    )
    headers: dict[f.HeaderName, f.HeaderValue] = Field(
        {},
        repr=False,
        description="sent with each request for the feed, to its own host only",
        examples=[{"Authorization": "${FEED_TOKEN}"}],
    )
    language: f.Language | None = Field(None, description="of its articles, where it cannot be told", examples=["en"])

    @property
    def kind(self) -> Literal["feed", "sitemap", "page"]:
        """What the address leads to."""
        return "sitemap" if self.sitemap else "page" if self.page else "feed"

    @property
    def address(self) -> str:
        """The one of `url`, `sitemap` and `page` that is given."""
        return self.url or self.sitemap or self.page

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        given = [key for key in ("url", "sitemap", "page") if getattr(self, key)]
        if len(given) != 1:
            raise f.fault(
                f"a feed has one of url, sitemap and page; here are {_listed(given)}"
                if given
                else "a feed needs a url",
                "" if given else 'e.g. {url: "https://example.org/rss"}',
            )
        if bool(self.page) != bool(self.links):
            raise f.fault("page and links go together", 'e.g. {page: "https://example.org/press", links: "main h3 a"}')
        return self


class SiteConfig(Section):
    """How the pages of one host are read."""

    body: f.Selector = Field("", description="CSS selector of the article's text", examples=["article .text"])
    remove: tuple[f.Selector, ...] = Field(
        (), description="CSS selectors of what to take out of it", examples=[[".related"]]
    )
    headers: dict[f.HeaderName, f.HeaderValue] = Field(
        {}, repr=False, description="sent with each request for a page", examples=[{"Cookie": "${EXAMPLE_COOKIE}"}]
    )
    robots: f.Flag = Field(True, description="false reads pages its robots.txt asks not to read", examples=[False])
