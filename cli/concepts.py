"""`concepts …`: the shipped sets of expressions, as the watch file changes them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any

import typer

from cli.console import noun, page_of, print_json, print_rows
from cli.rules import WIDTH, watch_if_any
from core.errors import InputError
from rules.catalogue import Used, used

app = noun("The shipped sets of expressions, and where they are used.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@app.command(name="list")
def list_concepts(context: typer.Context, as_json: AsJson = False) -> None:
    """List the concepts, whether the watch file changes them, and the rules that use each."""
    rows = (
        {
            "name": one.concept.name,
            "about": one.concept.about,
            "changed": bool(one.also or one.without),
            "languages": sorted(one.terms),
            "rules": one.rules,
        }
        for one in used(watch_if_any(context))
    )
    print_rows(rows, ("name", "about", "changed", "rules"), as_json=as_json, empty="no concepts")


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="With or without #.")],
    language: Annotated[str, typer.Option(help="Only this language's expressions, such as en.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show a concept's expressions by language: + added and - taken away by the watch file."""
    known = {one.concept.name: one for one in used(watch_if_any(context))}
    one = known.get(name.removeprefix("#"))
    if one is None:
        near = get_close_matches(name.removeprefix("#"), known, 1)
        raise InputError(
            f"there is no concept {name}",
            hint=f"did you mean #{near[0]}?" if near else "run `wirewatch concepts list`",
        )
    if language and language not in one.terms:
        raise InputError(
            f"#{one.concept.name} has no expressions in {language}",
            hint=f"it has some in {', '.join(sorted(one.terms))}",
        )
    languages = [language] if language else sorted({*one.terms, *one.without})
    if as_json:
        print_json(_values(one, languages))
        return
    screen = page_of(WIDTH)
    screen.print(f"#{one.concept.name}: {one.concept.about}", markup=False)
    screen.print(f"used by: {', '.join(one.rules) or 'no rule'}\n", markup=False)
    for each in languages:
        screen.print(f"{each}:", markup=False)
        for term in one.terms.get(each, ()):
            screen.print(f"  {'+' if term in one.also.get(each, ()) else ' '} {term}", markup=False)
        for term in one.without.get(each, ()):
            screen.print(f"  - {term}", markup=False)


def _values(one: Used, languages: list[str]) -> dict[str, Any]:
    def of(texts: Any) -> dict[str, Any]:
        return {language: texts[language] for language in languages if language in texts}

    return {
        "name": one.concept.name,
        "about": one.concept.about,
        "rules": one.rules,
        "terms": of(one.terms),
        "also": of(one.also),
        "not": of(one.without),
        "match": of(one.concept.match),
        "ignore": of(one.concept.ignore),
    }
