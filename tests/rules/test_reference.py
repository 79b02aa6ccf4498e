from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from rules import yamltext
from rules.config import load
from rules.examples import check_examples
from rules.problems import model_at
from rules.reach import warnings
from rules.reference import EXAMPLE, SECTIONS, default_of, keys, markdown, schema
from rules.starter import starter
from rules.watchfile import WatchFile
from rules.yamlwrite import flow

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)


def section(title: str) -> str:
    found = re.search(rf"^## `?{re.escape(title)}`?$(.*?)(?=^## |\Z)", markdown(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def read(written: str) -> Any:
    return yamltext.values(yamltext.parse(f"x: {written}").root)["x"]


def accepted(field: FieldInfo, value: object) -> object:
    """The value as the field's type takes it."""
    annotated = Annotated[field.annotation, "", *field.metadata]  # type: ignore[name-defined]
    return TypeAdapter(annotated).validate_python(value)


def test_the_page_in_docs_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "watch-file.md").read_text("utf-8") == markdown()


def test_the_example_on_the_page_works() -> None:
    assert EXAMPLE in markdown()
    secrets = {"SMTP_USER": "u", "SMTP_PASSWORD": "p", "SLACK_URL": "slack://x/y/z", "FEED_TOKEN": "t"}
    watch = load(EXAMPLE, env=secrets)
    assert check_examples(watch) == ()
    assert warnings(watch) == ()
    jsonschema.Draft202012Validator(schema()).validate(yaml.safe_load(EXAMPLE))


def test_every_part_of_the_model_has_its_section() -> None:
    seen: set[type[BaseModel]] = set()

    def collect(path: tuple[str | int, ...]) -> None:
        model = model_at(path)
        if model is None or model in seen:
            return
        seen.add(model)
        for key, _ in keys(model):
            collect((*path, key))
            collect((*path, key, 0))

    collect(())
    assert seen == {model for _, model in SECTIONS}


@pytest.mark.parametrize(("title", "model"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_every_key_stands_there_once_with_type_and_meaning(title: str, model: type[BaseModel]) -> None:
    rows = ROW.findall(section(title))
    assert [key for key, *_ in rows] == [key for key, _ in keys(model)]
    assert all(kind.strip() and meaning.strip() for _, kind, _, meaning in rows)


@pytest.mark.parametrize(("title", "model"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_every_default_on_the_page_is_the_models(title: str, model: type[BaseModel]) -> None:
    shown = {key: default for key, _, default, _ in ROW.findall(section(title))}
    for key, field in keys(model):
        assert shown[key] == default_of(model, key)
        if field.is_required():
            assert shown[key] == "required"
        elif shown[key] == "none":
            default = field.get_default()
            assert default in (None, "", (), {}) or default == type(default)()
        else:
            assert accepted(field, read(shown[key].strip("`"))) == field.get_default()


@pytest.mark.parametrize(("title", "model"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_every_example_is_accepted_by_the_model(title: str, model: type[BaseModel]) -> None:
    for _, field in keys(model):
        for example in field.examples or ():
            accepted(field, read(flow(example)))


def test_the_schema_takes_what_the_loader_takes() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    for text in (starter(), (ROOT / "seeds" / "watch.yaml").read_text("utf-8")):
        load(text, env={})
        validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "version: 2",
        "version: 1\nextra: 1",
        "version: 1\nrules: {r: {}}",
        "version: 1\nrules: {r: {match: x, story_window: soon}}",
        "version: 1\nrules: {r: {match: x, alert: {again_at: 1}}}",
        "version: 1\nrules: {r: {match: x, languages: [english]}}",
        "version: 1\nchannels: {c: {url: 'x://', port: 99999}}",
        "version: 1\nfeeds: [{url: x, every: often}]",
    ],
)
def test_the_schema_refuses_the_common_mistakes(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(yaml.safe_load(text))


def test_the_schema_shows_defaults_as_they_are_written() -> None:
    definitions = schema()["$defs"]
    assert definitions["RuleEntry"]["properties"]["story_window"]["default"] == "72h"
    assert definitions["FeedEntry"]["properties"]["every"]["default"] == "auto"
    assert definitions["QuietHours"]["properties"]["days"]["default"] == "mon-sun"
    assert "x-kind" not in str(schema())
    assert schema()["required"] == ["version"]


def test_the_models_words_say_nothing_of_code() -> None:
    assert "repr" not in markdown().split("## The file")[1]
    assert WatchFile.__doc__
