"""`rules …`: what is watched for, and trying it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import noun, out, page_of, print_json, print_line, print_rows
from cli.context import database, read_file, run_async, secrets, settings, standard_input
from cli.exits import EXIT_SOME_FAILED
from cli.hits import marked
from core.errors import InputError
from pipeline import trying
from rules.config import Rule, Watch, load
from storage import configs

app = noun("What is watched for, and trying it.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
WIDTH = 100  # columns of running text, where nobody says
RuleId = Annotated[str, typer.Argument(metavar="RULE", help="A rule's id.")]


def watch_of(context: typer.Context) -> Watch:
    """The watch file, if it is there, else the active revision."""
    path = settings(context).config
    if path.exists():
        return load(read_file(path), file=str(path), env=secrets(context))
    with database(context) as db:
        active = db.read_now(configs.active)
    if active is None:
        raise InputError(
            f"{path}: no such file, and no active revision", hint="run `wirewatch init`, or name it with --config"
        )
    return load(active.text, file=f"revision {active.revision}", env=None)


def rule_of(context: typer.Context, rule_id: str) -> Rule:
    """One rule. Raises InputError when there is none of that id."""
    watch = watch_of(context)
    rule = watch.rule(rule_id)
    if rule is None:
        raise InputError(
            f"there is no rule {rule_id}", hint=f"rules are {', '.join(one.id for one in watch.rules) or 'none'}"
        )
    return rule


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "enabled": rule.enabled,
        "tags": rule.tags,
        "languages": rule.languages,
        "to": rule.alert.to,
        "line": rule.line,
    }


@app.command(name="list")
def list_rules(context: typer.Context, as_json: AsJson = False) -> None:
    """List the rules of the watch file."""
    rows = (_row(rule) for rule in watch_of(context).rules)
    print_rows(rows, ("id", "title", "enabled", "tags", "to"), as_json=as_json, empty="no rules")


@app.command()
def show(context: typer.Context, rule_id: RuleId, as_json: AsJson = False) -> None:
    """Show a rule and its settings, defaults included."""
    rule = rule_of(context, rule_id)
    row = {**_row(rule), "match": rule.text, "story_window_s": rule.story_window.total_seconds()}
    row["alert"] = rule.alert.model_dump(mode="json", by_alias=True)
    if as_json:
        print_json(row)
        return
    out().print(f"{rule.id}: {rule.title}\n\n{rule.text}\n", markup=False)
    print_rows([{"what": key, "is": value} for key, value in row["alert"].items()], ("what", "is"), as_json=False)


@app.command()
def explain(context: typer.Context, rule_id: RuleId, as_json: AsJson = False) -> None:
    """Say in words what a rule means, which terms it is looked up by, and how much work it is."""
    rule = rule_of(context, rule_id)
    told = trying.explained(rule)
    if as_json:
        print_json({"rule": rule.id, **asdict(told)})
        return
    screen = page_of(WIDTH)
    screen.print(f"{rule.id}: {rule.title}\n\n{told.words}\n", markup=False)
    screen.print(f"looked up by: {', '.join(told.terms)}", markup=False)
    measured = f"{told.cost:,} steps on the dearest of its examples" if told.cost else "it has no examples to try"
    screen.print(f"cost: {measured}; the limit for an article is {told.limit:,}", markup=False)


@app.command()
def test(
    context: typer.Context,
    rule_id: Annotated[str, typer.Argument(metavar="[RULE]", help="A rule's id; all rules if absent.")] = "",
    text: Annotated[str | None, typer.Option(help="The text itself, or - for standard input.")] = None,
    url: Annotated[str, typer.Option(help="A page to fetch and read.")] = "",
    file: Annotated[Path | None, typer.Option(help="A text file, or a page (.html).")] = None,
    language: Annotated[str, typer.Option(help="Language of the text, where it cannot be told.")] = "",
    as_json: AsJson = False,
) -> None:
    """Try rules on a text: which clause matched where, or the nearest miss. Without a text: the rules' own examples."""
    rules = [rule_of(context, rule_id)] if rule_id else list(watch_of(context).rules)
    if text is None and not url and file is None:
        _examples(context, rules, as_json=as_json)
        return
    given = standard_input() if text == "-" else text or ""
    article = run_async(trying.article_of(settings(context), text=given, url=url, file=file, language=language))
    verdicts = [trying.verdict(rule, article) for rule in rules]
    for one in verdicts:
        if as_json:
            print_line(one.values)
            continue
        out().print(f"{one.rule}: {'MATCHES' if one.matches else 'does not match'}", markup=False)
        for sentence, marks in one.sentences:
            out().print(f"  {marked(sentence, marks)}", markup=False)
        for line in one.lines:
            out().print(f"  {line}", markup=False)
    if not any(one.matches for one in verdicts):
        raise typer.Exit(EXIT_SOME_FAILED)


def _examples(context: typer.Context, rules: list[Rule], *, as_json: bool) -> None:
    problems = trying.examples(watch_of(context), {rule.id for rule in rules}, file=str(settings(context).config))
    count = sum(len(rule.examples.match) + len(rule.examples.ignore) for rule in rules)
    if as_json:
        print_json({"rules": len(rules), "examples": count, "problems": problems})
    if problems:
        raise InputError("\n".join(problems))
    if not as_json:
        out().print(f"{count} examples of {len(rules)} rules, as they should be")
