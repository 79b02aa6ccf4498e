"""The watch file as one strict model: every key, its type, its default and what it means.

Unknown keys are refused. `docs/watch-file.md` and the JSON Schema are made from here (rules/reference.py), so the
descriptions are written for the person who writes the file.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from rules import fields as f
from rules.endpoints import ChannelConfig, FeedEntry, SiteConfig
from rules.fields import Section

# a section whose lines are all commented out is an empty section
_Empty = BeforeValidator(lambda value: {} if value is None else value)
_EmptyList = BeforeValidator(lambda value: [] if value is None else value)


class WatchSettings(Section):
    """What holds for the whole watch."""

    timezone: f.Zone = Field(
        "UTC", description="where quiet hours, digests and dates are meant", examples=["Europe/Paris"]
    )
    public_url: f.SiteUrl = Field(
        "",
        description="the address people reach the page by; without it messages hold no links to it",
        examples=["https://watch.example.org"],
    )
    contact: f.Contact = Field(
        "",
        description="whom a site's owner can write to; sent with every request",
        examples=["mailto:desk@example.org"],
    )


class Entity(Section):
    """A named set of terms, used in rules as `@Name`. At least one of `any`, `lang` and `country`."""

    any: tuple[f.Text, ...] = Field(
        (),
        description="terms in any language; several words are a phrase, = before a term makes it exact",
        examples=[["Joe Biden", "=Biden"]],
    )
    lang: dict[f.Language, tuple[f.Text, ...]] = Field(
        {}, description="terms that count in articles of one language only", examples=[{"zh": ["拜登"]}]
    )
    country: f.Country | None = Field(
        None,
        description="a country's name in some seventy languages, adjectives and usual short forms in some thirty",
        examples=["VN"],
    )
    metonyms: f.Flag = Field(False, description="with `country`: its capital and the like stand for it too")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.any or self.lang or self.country):
            raise f.fault("an entity needs at least one of any, lang and country", "e.g. {any: [Joe Biden]}")
        if self.metonyms and not self.country:
            raise f.fault("metonyms goes with country", "e.g. {country: VN, metonyms: true}")
        return self


class ConceptChange(Section):
    """What this watch adds to a shipped concept, or takes away from it."""

    also: dict[f.Language, tuple[f.Text, ...]] = Field(
        {}, description="further expressions, by language", examples=[{"en": ["new chapter"]}]
    )
    not_: dict[f.Language, tuple[f.Text, ...]] = Field(
        {},
        alias="not",
        description="expressions of the concept to leave out, by language",
        examples=[{"en": ["boost"]}],
    )


class RuleExamples(Section):
    """Texts that show what a rule is for; they are tried each time the file is checked or saved."""

    match: tuple[f.Text, ...] = Field((), description="texts the rule has to match", examples=[["Biden met Trong."]])
    ignore: tuple[f.Text, ...] = Field(
        (), description="texts the rule has to leave alone", examples=[["Biden rang Trong."]]
    )


class FeedFilter(Section):
    """Which feeds' articles a rule is tried on. Without `any` and `tags`: all of them. Of several feeds that list an
    article it is enough that one is taken.
    """

    any: tuple[f.Text, ...] = Field((), description="names or tags of feeds", examples=[["VOA East Asia"]])
    none: tuple[f.Text, ...] = Field((), description="names or tags of feeds to leave out", examples=[["VOA Sport"]])
    tags: tuple[f.Text, ...] = Field((), description="tags of feeds, beside those in `any`", examples=[["asia"]])


class QuietHours(Section):
    """Hours in which nothing is sent; what piles up is sent, merged, when they end."""

    from_: f.TimeOfDay = Field(alias="from", description="the first minute, local time", examples=["22:00"])
    to: f.TimeOfDay = Field(description="the first minute after; may lie on the next day", examples=["07:00"])
    days: f.Days = Field(frozenset(range(7)), description="the weekdays on which they begin", examples=["mon-fri"])

    @model_validator(mode="after")
    def _last_a_while(self) -> Self:
        if self.from_ == self.to:
            raise f.fault("quiet hours begin and end at the same time", "for whole days, switch the rule off instead")
        return self


class DigestTime(Section):
    """When one message tells all of a rule's alerts."""

    at: f.TimeOfDay = Field(description="local time", examples=["08:00"])
    days: f.Days = Field(frozenset(range(7)), description="the weekdays", examples=["mon-fri"])


class AlertSettings(Section):
    """Whom a rule tells, when, and how often. What a rule does not say is taken from `defaults: alert`."""

    to: tuple[f.Slug, ...] = Field((), description="channels; [] shows it on the page only", examples=[["desk-mail"]])
    first: f.Origins = Field(
        1, description="alert `at_once`, or when so many separate texts tell the story", examples=["at_once", 2]
    )
    again_at: f.Further | None = Field(
        None, description="one further message when so many separate texts tell it", examples=[3]
    )
    update: Literal["never", "thread", "every"] = Field(
        "never",
        description="for each further separate text: nothing, a reply to the first e-mail (one in 15 minutes at most; "
        "e-mail channels only), or a message",
        examples=["thread"],
    )
    quiet: tuple[QuietHours, ...] = Field(
        (),
        description="hours in which nothing is sent",
        examples=[[{"from": "22:00", "to": "07:00", "days": "mon-sun"}]],
    )
    digest: DigestTime | None = Field(
        None, description="collect, and send one message at this time", examples=[{"at": "08:00", "days": "mon-fri"}]
    )
    budget: f.Budget = Field(
        50,
        description="alerts a day; the rest, and what exceeds 20 in 10 minutes, goes into one digest",
        examples=["50/day"],
    )
    urgent: f.Flag = Field(False, description="true passes quiet hours")
    past: f.Flag = Field(False, description="true alerts on what was stored before the rule existed, too")


class RuleEntry(Section):
    """A watch rule. Its id is its identity: stories and history hang on it."""

    title: f.Text = Field(
        "", description="the rule in a person's words; the id when absent", examples=["Biden and Trong meet"]
    )
    match: str = Field(
        description="what is watched for, in the rule language", examples=["near/40(@Biden, @Trong, meet OR visit)"]
    )
    examples: RuleExamples = Field(
        RuleExamples(), description="texts to try it on", examples=[{"match": ["Biden met Trong in Hanoi."]}]
    )
    enabled: f.Flag = Field(True, description="false switches it off")
    tags: tuple[f.Text, ...] = Field((), description="for sorting on the page", examples=[["asia"]])
    languages: tuple[f.Language, ...] = Field(
        (), description="articles in other languages are not tried; all when empty", examples=[["en", "vi"]]
    )
    feeds: FeedFilter = Field(FeedFilter(), description="which feeds' articles are tried; all when empty")
    story_window: f.Window = Field(
        timedelta(hours=72),
        description="texts so far apart can tell one story: from when each was seen (from before: published)",
        examples=["72h"],
    )
    alert: AlertSettings = Field(AlertSettings(), description="whom to tell, when, and how often")


class Snapshots(Section):
    """How long the bytes of pages are kept, from when they were read. `docs/operations.md` says what room they take."""

    keep: f.Keep = Field(
        timedelta(days=7),
        description="of every page read; with `none` until it is known whether a rule matches it, a day at most",
        examples=["7d", "none", "forever"],
    )
    keep_hits: f.Keep = Field(
        None,
        description="of pages that a rule matched, where that is longer; `none` for both stores no page at all",
        examples=["forever", "365d"],
    )

    @property
    def none(self) -> bool:
        """Whether no page is stored at all."""
        return self.keep == self.keep_hits == timedelta()


class Defaults(Section):
    """What holds where nothing else is said."""

    alert: AlertSettings = Field(
        AlertSettings(), description="the alert keys of all rules, unless a rule says otherwise"
    )
    operators: tuple[f.Slug, ...] = Field(
        (),
        description="channels for notices about the watch itself: a dead feed, a paused channel",
        examples=[["ops-chat"]],
    )
    snapshots: Snapshots = Field(
        Snapshots(), description="how long the bytes of pages are kept: as evidence, and to be read again"
    )


class WatchFile(Section):
    """The watch file."""

    version: f.Version = Field(description="the version of this format", examples=[1])
    settings: Annotated[WatchSettings, _Empty] = Field(WatchSettings(), description="what holds for the whole watch")
    entities: Annotated[dict[f.Name, Entity], _Empty] = Field({}, description="named sets of terms, by name")
    concepts: Annotated[dict[f.Slug, ConceptChange], _Empty] = Field(
        {}, description="changes to shipped concepts, by name"
    )
    rules: Annotated[dict[f.Slug, RuleEntry], _Empty] = Field({}, description="what is watched for, by id")
    channels: Annotated[dict[f.Slug, ChannelConfig], _Empty] = Field({}, description="where alerts go, by name")
    feeds: Annotated[tuple[FeedEntry, ...], _EmptyList] = Field((), description="what is read")
    sites: Annotated[dict[f.Host, SiteConfig], _Empty] = Field({}, description="how pages are read, by host")
    defaults: Annotated[Defaults, _Empty] = Field(Defaults(), description="what holds where nothing else is said")


def named(channels: dict[str, ChannelConfig]) -> dict[str, ChannelConfig]:
    """The channels, each knowing its name."""
    for name, channel in channels.items():
        channel._name = name
    return channels


def with_defaults(file: WatchFile) -> WatchFile:
    """The file with `defaults: alert` put under each rule's own alert settings."""
    rules = {
        key: rule.model_copy(update={"alert": _under(file.defaults.alert, rule.alert)})
        for key, rule in file.rules.items()
    }
    return file.model_copy(update={"rules": rules})


def _under(defaults: AlertSettings, own: AlertSettings) -> AlertSettings:
    return defaults.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})
