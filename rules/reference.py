"""What a watch file may hold, made from the model: the page `docs/watch-file.md` and a JSON Schema for editors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rules.endpoints import ChannelConfig, FeedEntry, SiteConfig
from rules.fields import KIND
from rules.watchfile import (
    AlertSettings,
    ConceptChange,
    Defaults,
    DigestTime,
    Entity,
    FeedFilter,
    QuietHours,
    RuleEntry,
    RuleExamples,
    Snapshots,
    WatchFile,
    WatchSettings,
)
from rules.yamlwrite import flow

SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("The file", WatchFile),
    ("settings", WatchSettings),
    ("entities: NAME", Entity),
    ("concepts: NAME", ConceptChange),
    ("rules: ID", RuleEntry),
    ("rules: ID: examples", RuleExamples),
    ("rules: ID: feeds", FeedFilter),
    ("rules: ID: alert", AlertSettings),
    ("rules: ID: alert: quiet", QuietHours),
    ("rules: ID: alert: digest", DigestTime),
    ("channels: NAME", ChannelConfig),
    ("feeds", FeedEntry),
    ("sites: HOST", SiteConfig),
    ("defaults", Defaults),
    ("defaults: snapshots", Snapshots),
)

_INTRODUCTION = """\
# The watch file

One YAML file says what is watched for, whom to tell, and what is read. This page is made from the model that checks
it (`rules/reference.py`), so it holds every key there is; an unknown key is refused. `wirewatch check` tells all that
is wrong with a file at once, with line and column, and uses no network. `wirewatch schema` prints a JSON Schema for
editors. The language of `match:` has a page of its own, [rules.md](rules.md).

How values are written:

- **length of time**: a number and a unit: `30s`, `15m`, `72h`, `7d`, `2w`.
- **time of day**: `"07:30"`. **weekdays**: `mon-fri`, `sat,sun`, `fri-mon`, or a list.
- **name** (of a rule, channel, concept): lower-case letters, digits and single hyphens. An entity's name may have
  capitals and `_` too, and begins with a letter.
- **language code**, **country code**: two letters, `vi` and `VN`.
- Texts need no quotes unless they begin with a character YAML keeps for itself (`@ # & * ! | > % [ {` or a quote) or
  hold a colon and a blank. A rule is best written below `match: |`, where YAML reads nothing into it. `no`, `on`,
  `22:30` and `1.10` are texts here, not false, true or numbers; only `true` and `false` are true and false.
- Aliases, anchors, tags, tabs for indentation and a key written twice are refused.
- `${NAME}` is a secret: it is read from the environment, from `.env` or from a file of that name in the secrets
  folder. It can stand in the url, host, user, password, from and to of a channel, in the address and headers of a
  feed, and in the headers of a site. In the user, password and query of a URL it is percent-encoded; a value that is
  nothing but `${NAME}` is taken as it is. `$${NAME}` is the plain text `${NAME}`. Settings of wirewatch (`WIREWATCH_…`)
  are no secrets of the watch file.

## An example

```yaml
__EXAMPLE__```
"""
EXAMPLE = """\
version: 1
settings: {timezone: Europe/Paris, public_url: "https://watch.example.org", contact: "mailto:desk@example.org"}
entities:
  Biden: {any: [Joe Biden, President Biden, =Biden], lang: {zh: [拜登]}}
  US: {country: US}
  Vietnam: {country: VN, metonyms: true}
rules:
  us-vietnam-upgrade:
    title: US–Vietnam ties upgraded to a strategic partnership
    match: |
      near/60( (upgrade OR elevate OR raise OR "next level")
                 NEAR/12 ("strategic partnership" OR "strategic partner"), @US, @Vietnam )
    examples:
      match: ["Biden agreed in Hanoi to elevate US-Vietnam ties to a comprehensive strategic partnership."]
      ignore: ["Japan and Vietnam upgraded their ties to a comprehensive strategic partnership."]
    languages: [en, vi]
    feeds: {tags: [asia]}
    alert: {to: [desk-mail], again_at: 3, quiet: [{from: "22:00", to: "07:00", days: mon-sun}]}
  biden-in-vietnam:
    match: near/20(@Biden, visit OR arrive OR land, @Vietnam)
    alert: {digest: {at: "08:00", days: mon-fri}}
channels:
  desk-mail: {host: smtp.example.org, user: "${SMTP_USER}", password: "${SMTP_PASSWORD}",
              from: watch@example.org, to: [desk@example.org]}
  ops-chat: {url: "${SLACK_URL}"}
  screen: {url: "terminal://"}
feeds:
  - {url: "https://example.org/asia.rss", name: Asia desk, tags: [asia],
     headers: {Authorization: "Bearer ${FEED_TOKEN}"}}
  - {sitemap: "https://ministry.example/news-sitemap.xml", name: Ministry, language: vi}
  - {page: "https://port.example/press", links: "main h3 a", every: 30m}
sites:
  example.org: {body: "article .text", remove: [".related"]}
defaults: {alert: {to: [screen]}, operators: [ops-chat], snapshots: {keep: 7d, keep_hits: forever}}
"""


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a watch file, for editors. The loader checks more than it can say."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_plain(_definitions()),
        "title": "wirewatch watch file",
    }


def _plain(part: Any) -> Any:
    """The schema without what only the page below needs."""
    if isinstance(part, dict):
        return {key: _plain(inner) for key, inner in part.items() if key != KIND}
    return [_plain(inner) for inner in part] if isinstance(part, list) else part


def _definitions() -> dict[str, Any]:
    """The model's own JSON Schema, with defaults as they are written."""
    definitions = WatchFile.model_json_schema(by_alias=True)
    for _, model in SECTIONS:
        written = _written_defaults(model)
        for key, prop in _properties(model, definitions).items():
            prop.pop("default", None)
            if written.get(key) is not None and "$ref" not in prop:
                prop["default"] = written[key]
    return definitions


def markdown() -> str:
    """The page `docs/watch-file.md`."""
    definitions = _definitions()
    return _INTRODUCTION.replace("__EXAMPLE__", EXAMPLE) + "".join(
        _section(title, model, definitions) for title, model in SECTIONS
    )


def _section(title: str, model: type[BaseModel], definitions: dict[str, Any]) -> str:
    properties = _properties(model, definitions)
    heading = title if title == "The file" else f"`{title}`"
    rows = ""
    for key, field in keys(model):
        meaning = _cell(field.description) + _example(field)
        rows += f"| `{key}` | {kind_of(properties[key])} | {default_of(model, key)} | {meaning} |\n"
    return f"\n## {heading}\n\n{_cell(model.__doc__)}\n\n| key | type | default | meaning |\n|---|---|---|---|\n{rows}"


def keys(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The keys of a part as they are written, with what the model knows of them."""
    return ((field.alias or name, field) for name, field in model.model_fields.items())


def _written_defaults(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_construct().model_dump(mode="json", by_alias=True)


def default_of(model: type[BaseModel], key: str) -> str:
    """What holds when a key is absent, as it would be written, in backticks; or "required", or "none"."""
    written = _written_defaults(model)
    if key not in written:
        return "required"
    value = written[key]
    return "none" if value in (None, "", []) or isinstance(value, dict) else f"`{flow(value)}`"


def kind_of(prop: dict[str, Any]) -> str:
    """The type of a key in a person's words."""
    if KIND in prop:
        return str(prop[KIND])
    if "$ref" in prop:
        return next(
            f"[keys](#{_anchor(title)})" for title, model in SECTIONS if prop["$ref"].endswith(f"/{model.__name__}")
        )
    if "enum" in prop:
        return ", ".join(f"`{word}`" for word in prop["enum"])
    if "anyOf" in prop:
        return " or ".join(kind_of(part) for part in prop["anyOf"] if part.get("type") != "null")
    if "items" in prop:
        return f"list of {kind_of(prop['items'])}"
    if prop["type"] == "object":
        (inner,) = prop.get("patternProperties", {"": prop.get("additionalProperties")}).values()
        return f"{kind_of(inner)} by {prop.get('propertyNames', {}).get(KIND, 'name')}"
    return {"string": "text", "integer": "number"}[prop["type"]]


def _anchor(title: str) -> str:
    return title.lower().replace(":", "").replace(" ", "-")


def _properties(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    holder = definitions if model is WatchFile else definitions["$defs"][model.__name__]
    return dict(holder["properties"])


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _example(field: FieldInfo) -> str:
    shown = " or ".join(f"`{_cell(flow(example))}`" for example in field.examples or ())
    return f"; e.g. {shown}" if shown else ""
