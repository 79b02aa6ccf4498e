# ruff: noqa: E501  (a table is read best with a case on a line)
from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
import yaml

from core.errors import ConfigError
from rules.config import load
from rules.tree import Named, Near
from rules.watch import Watch
from rules.watchfile import AlertSettings, QuietHours, WatchFile
from rules.yamlwrite import flow

WHOLE = """\
version: 1
settings: {timezone: Europe/Paris, public_url: "https://watch.example.org/", contact: desk@example.org}
entities:
  Biden:   {any: [Joe Biden, President Biden, =Biden], lang: {zh: [拜登]}}
  Trong:   {any: [Nguyen Phu Trong, =Trong, =Trọng]}
  US:      {country: US}
  Vietnam: {country: vn, metonyms: true}
concepts:
  upgrade-ties: {also: {en: ["new chapter"], fr: [rehausser]}, not: {en: [boost]}}
rules:
  us-vietnam-upgrade:
    title: US–Vietnam ties upgraded to a strategic partnership
    match: |
      near/60( #upgrade-ties, @US, @Vietnam )
    examples:
      match:  ["Biden and Trong agreed in Hanoi to elevate US-Vietnam ties to a strategic partnership."]
      ignore: ["Japan and Vietnam upgraded their ties to a comprehensive strategic partnership."]
    enabled: true
    tags: [asia, 2024]
    languages: [en, vi]
    feeds: {any: [VOA East Asia, b.example:8080], none: [], tags: [asia]}
    story_window: 48h
    alert:
      to: [desk-mail]
      first: 2
      again_at: 3
      update: thread
      quiet: [{from: "22:00", to: 7:00, days: mon-fri}]
      digest: {at: "08:00", days: [sat, sun]}
      budget: 20/day
      urgent: true
      past: true
  biden-trong-meeting:
    match: $us-vietnam-upgrade AND meet
    enabled: false
channels:
  desk-mail: {host: smtp.example.org, port: 465, security: tls, user: "${SMTP_USER}", password: "${SMTP_PASSWORD}",
              from: Desk <watch@example.org>, to: [desk@example.org]}
  ops-chat:  {url: "${SLACK_URL}", on_unknown: hold}
  screen:    {url: "terminal://"}
feeds:
  - {url: "https://a.example/rss?key=${FEED_TOKEN}", name: VOA East Asia, tags: [asia], owner: VOA, every: 10m,
     first_poll: 24h, headers: {Authorization: "Bearer ${FEED_TOKEN}"}, language: en}
  - {sitemap: https://b.example:8080/news-sitemap.xml, every: auto}
  - {page: "https://c.example/press", links: "main h3 a", name: Press}
sites:
  Example.org: {body: "article .text", remove: [".related"], headers: {Cookie: "${FEED_TOKEN}"}, robots: false}
defaults: {alert: {to: [ops-chat, screen], budget: 5}, operators: [ops-chat], snapshots: {keep: forever, keep_hits: 30d}}
"""
ENV = {
    "SMTP_USER": "wire",
    "SMTP_PASSWORD": "canary-1 &/",
    "SLACK_URL": "slack://canary-2/x",
    "FEED_TOKEN": "canary-3 &",
}
SHIPPED = {"upgrade-ties": {"en": ("upgrade NEAR/8 ties", "boost"), "vi": ("nâng cấp quan hệ",)}}
LEAST = "version: 1\nrules:\n  r: {match: ferry}\n"


def whole() -> Watch:
    return load(WHOLE, env=ENV, shipped=SHIPPED)


def test_the_whole_file_becomes_values_that_are_easy_to_use() -> None:
    watch = whole()
    assert [rule.id for rule in watch.rules] == ["us-vietnam-upgrade", "biden-trong-meeting"]
    upgrade, meeting = watch.rules
    assert upgrade.title == "US–Vietnam ties upgraded to a strategic partnership"
    assert isinstance(upgrade.expr, Near)
    assert upgrade.text == "near/60( #upgrade-ties, @US, @Vietnam )"
    assert (upgrade.tags, upgrade.languages, upgrade.story_window) == (
        ("asia", "2024"),
        ("en", "vi"),
        timedelta(hours=48),
    )
    assert (upgrade.feeds.any, upgrade.feeds.tags) == (("VOA East Asia", "b.example:8080"), ("asia",))
    assert upgrade.line == 11
    assert len(upgrade.examples.match) == len(upgrade.examples.ignore) == 1
    assert (meeting.title, meeting.enabled, meeting.languages) == ("biden-trong-meeting", False, ())
    assert watch.rule("biden-trong-meeting") is meeting
    assert watch.rule("nowhere") is None


def test_alert_settings_are_typed_and_stand_over_the_defaults() -> None:
    watch = whole()
    upgrade, meeting = watch.rules
    assert upgrade.alert == watch.file.rules["us-vietnam-upgrade"].alert
    assert upgrade.alert.to == ("desk-mail",)
    assert (upgrade.alert.first, upgrade.alert.again_at, upgrade.alert.update, upgrade.alert.budget) == (
        2,
        3,
        "thread",
        20,
    )
    assert upgrade.alert.quiet[0].from_ == time(22, 0)
    assert upgrade.alert.quiet[0].to == time(7, 0)
    assert upgrade.alert.quiet[0].days == {0, 1, 2, 3, 4}
    assert upgrade.alert.digest is not None
    assert (upgrade.alert.digest.at, set(upgrade.alert.digest.days)) == (time(8, 0), {5, 6})
    assert (upgrade.alert.urgent, upgrade.alert.past) == (True, True)
    assert (meeting.alert.to, meeting.alert.budget, meeting.alert.first) == (("ops-chat", "screen"), 5, 1)


def test_a_rule_can_take_back_a_default() -> None:
    watch = load(
        LEAST.replace("ferry}", "ferry, alert: {to: []}}")
        + "channels: {s: {url: 'x://'}}\ndefaults: {alert: {to: [s]}}\n"
    )
    assert watch.rules[0].alert.to == ()


def test_feeds_know_their_address_as_written_and_as_asked() -> None:
    voa, sitemap, page = whole().feeds
    assert (voa.config_url, voa.url) == (
        "https://a.example/rss?key=${FEED_TOKEN}", "https://a.example/rss?key=canary-3%20%26",
    )  # fmt: skip
    assert voa.headers == {"Authorization": "Bearer canary-3 &"}
    assert (voa.every, voa.first_poll, voa.owner, voa.tags) == (
        timedelta(minutes=10),
        timedelta(hours=24),
        "VOA",
        ("asia",),
    )
    assert (sitemap.kind, sitemap.name, sitemap.every) == ("sitemap", "b.example:8080", None)
    assert (sitemap.first_poll, sitemap.language) == (timedelta(hours=72), "")
    assert (page.kind, page.url, page.links) == ("page", "https://c.example/press", "main h3 a")
    assert [feed.line for feed in (voa, sitemap, page)] == [42, 44, 45]


def test_channels_sites_and_settings_are_at_hand() -> None:
    watch = whole()
    mail, chat, screen = (watch.channels[name] for name in ("desk-mail", "ops-chat", "screen"))
    assert (mail.name, mail.scheme, mail.is_email, mail.port, mail.security) == ("desk-mail", "smtp", True, 465, "tls")
    assert (mail.user, mail.password) == ("wire", "canary-1 &/")
    assert (mail.from_, mail.to) == ("Desk <watch@example.org>", ("desk@example.org",))
    assert (chat.url, chat.scheme, chat.is_email, chat.on_unknown) == ("slack://canary-2/x", "slack", False, "hold")
    assert (screen.scheme, screen.on_unknown, screen.port) == ("terminal", "retry", None)
    assert watch.sites["example.org"].headers == {"Cookie": "canary-3 &"}
    assert watch.sites["example.org"].robots is False
    assert watch.settings.public_url == "https://watch.example.org"
    assert watch.settings.contact == "mailto:desk@example.org"
    assert (watch.file.defaults.snapshots.keep, watch.file.defaults.snapshots.keep_hits) == (None, timedelta(days=30))


def test_concepts_are_the_shipped_ones_with_the_files_changes() -> None:
    concepts = whole().names.concepts["upgrade-ties"]
    assert concepts == {
        "en": ("upgrade NEAR/8 ties", '"new chapter"'),
        "vi": ('"nâng cấp quan hệ"',),
        "fr": ("rehausser",),
    }


def test_names_are_there_for_parsing_a_further_rule() -> None:
    watch = whole()
    assert set(watch.names.entities) == {"Biden", "Trong", "US", "Vietnam"}
    assert watch.names.entities["Vietnam"].country == "VN"
    assert watch.names.rules["biden-trong-meeting"] == "$us-vietnam-upgrade AND meet"


def test_the_revision_is_the_hash_of_the_text_as_given() -> None:
    assert load(LEAST).sha256 == hashlib.sha256(LEAST.encode()).hexdigest()
    assert load(LEAST).sha256 != load(LEAST.replace("\n", "\r\n")).sha256
    assert load(LEAST).rules == load(LEAST.replace("\n", "\r\n")).rules


def test_a_watch_can_be_pickled_and_kept() -> None:
    watch = whole()
    again = pickle.loads(pickle.dumps(watch))
    assert again == watch
    assert again.channels["desk-mail"].name == "desk-mail"


def test_no_repr_shows_a_secret() -> None:
    watch = whole()
    shown = "".join(
        map(
            repr,
            (watch, watch.file, watch.rules, watch.feeds, watch.channels, watch.sites, watch.file.feeds, watch.names),
        )
    ) + "".join(map(str, (watch, watch.file, *watch.feeds, *watch.channels.values(), *watch.sites.values())))
    assert "canary" not in shown
    assert "ChannelConfig(name='ops-chat', scheme='slack')" in shown
    assert "https://a.example/rss?key=${FEED_TOKEN}" in shown


def test_without_secrets_a_file_is_checked_as_it_stands() -> None:
    watch = load(WHOLE, shipped=SHIPPED)
    assert watch.channels["ops-chat"].url == "${SLACK_URL}"
    assert repr(watch.channels["ops-chat"]) == "ChannelConfig(name='ops-chat', scheme='')"
    thread = LEAST.replace("ferry}", "ferry, alert: {to: [c], update: thread}}") + "channels: {c: {url: '${X}'}}\n"
    assert load(thread).rules[0].alert.update == "thread"


@pytest.mark.parametrize("env", [None, {"WIREWATCH_SECRET_KEY": "canary"}])
def test_a_setting_of_ours_is_refused_as_a_secret_with_or_without_the_secrets(env: dict[str, str] | None) -> None:
    with pytest.raises(ConfigError, match=r"2:15: feeds\[1\]\.url: WIREWATCH_SECRET_KEY is a setting") as caught:
        load("version: 1\nfeeds: [{url: 'https://a.example/?k=${WIREWATCH_SECRET_KEY}'}]\n", env=env)
    assert "canary" not in str(caught.value)


def test_empty_sections_are_allowed() -> None:
    empty = "version: 1\nsettings:\nentities:\nconcepts:\nrules:\nchannels:\nfeeds:\nsites:\ndefaults:\n"
    assert load(empty).file == load("version: 1\n").file
    assert (load(empty).rules, load(empty).feeds) == ((), ())


def test_the_seeds_watch_file_loads() -> None:
    path = Path(__file__).parents[2] / "seeds" / "watch.yaml"
    assert load(path.read_text("utf-8"), env={}).rules


def test_models_can_be_made_in_code_and_written_back() -> None:
    alert = AlertSettings(
        to=("a",), quiet=(QuietHours.model_validate({"from": time(22), "to": "7:00", "days": {5, 6}}),), budget=5
    )
    assert alert.model_dump(mode="json", by_alias=True)["quiet"] == [
        {"from": "22:00", "to": "07:00", "days": "sat,sun"}
    ]
    file = whole().file
    text = flow(file.model_dump(mode="json", by_alias=True, exclude_unset=True))
    assert load(text, env=ENV, shipped=SHIPPED).file == file


def test_the_whole_file_holds_when_read_by_another_yaml_reader() -> None:
    assert set(yaml.safe_load(WHOLE)) == set(whole().file.model_fields_set)


def test_a_rules_own_values_do_not_change() -> None:
    (first, _) = whole().rules
    assert replace(first, enabled=False) != first
    named = [part for part in first.expr.parts if isinstance(part, Named)] if isinstance(first.expr, Near) else []
    assert [part.name for part in named] == ["upgrade-ties", "US", "Vietnam"]


def test_values_of_the_right_type_can_be_given_in_code() -> None:
    watch = WatchFile.model_validate(
        {
            "version": 1,
            "settings": {"contact": "https://example.org/contact", "public_url": ""},
            "rules": {
                "r": {"match": "x", "enabled": False, "story_window": timedelta(hours=1), "alert": {"budget": 7}}
            },
            "feeds": [{"url": "https://a.example", "every": timedelta(hours=1), "first_poll": timedelta(0)}],
            "defaults": {"snapshots": {"keep": timedelta(days=1)}},
        }
    )
    assert watch.settings.contact == "https://example.org/contact"
    assert watch.rules["r"].story_window == timedelta(hours=1)
    assert watch.feeds[0].every == timedelta(hours=1)
    assert watch.defaults.snapshots.keep == timedelta(days=1)
