"""`rules …`: what is watched for, and trying it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import noun, out, page_of, print_json, print_line, print_rows
from cli.context import Limit, database, length_of, read_file, run_async, secrets, settings, standard_input
from cli.exits import EXIT_SOME_FAILED
from cli.hits import marked
from core.clock import SystemClock
from core.errors import InputError
from pipeline import configure, promise, trying
from pipeline.near import MOST, SHOWN, near_misses
from pipeline.preview import Backtest, Found, backtest
from rules.config import Rule, Watch, load
from storage import configs
from storage.engine import Database

app = noun("What is watched for, and trying it.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
WIDTH = 100  # columns of running text, where nobody says
TITLES = 20  # gained and lost articles that people are shown; JSON has all
Since = Annotated[str, typer.Option(help="How far to look back, such as 12h, 30d.")]
RuleId = Annotated[str, typer.Argument(metavar="RULE", help="A rule's id.")]


def watch_of(context: typer.Context) -> Watch:
    """The watch file, if it is there, else the active revision. Raises InputError when there is neither."""
    watch = watch_if_any(context)
    if watch is None:
        raise InputError(
            f"{settings(context).config}: no such file, and no active revision",
            hint="run `wirewatch init`, or name it with --config",
        )
    return watch


def watch_if_any(context: typer.Context) -> Watch | None:
    """The watch file, if it is there, else the active revision, if there is one."""
    path = settings(context).config
    if path.exists():
        return load(read_file(path), file=str(path), env=secrets(context))
    with database(context) as db:
        active = db.read_now(configs.active)
    return load(active.text, file=f"revision {active.revision}", env=None) if active else None


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
    row |= _promised(context, rule)
    if as_json:
        print_json(row)
        return
    out().print(f"{rule.id}: {rule.title}\n\n{rule.text}\n", markup=False)
    print_rows([{"what": key, "is": value} for key, value in row["alert"].items()], ("what", "is"), as_json=False)
    out().print(f"\n{row['promise']}", markup=False)


def _promised(context: typer.Context, rule: Rule) -> dict[str, Any]:
    """How late the rule's news can be at the worst, in words and seconds."""
    feeds = promise.of_watch(watch_of(context).feeds)
    found = promise.promised(rule, feeds, run_every_s=settings(context).every_seconds)
    return {"promise": found.words, "told_within_s": found.within.total_seconds() if found.within else None}


@app.command()
def explain(context: typer.Context, rule_id: RuleId, as_json: AsJson = False) -> None:
    """Say in words what a rule means, which terms it is looked up by, and how much work it is."""
    rule = rule_of(context, rule_id)
    told = trying.explained(rule)
    if as_json:
        print_json({"rule": rule.id, **asdict(told), **_promised(context, rule)})
        return
    screen = page_of(WIDTH)
    screen.print(f"{rule.id}: {rule.title}\n\n{told.words}\n", markup=False)
    screen.print(f"looked up by: {', '.join(told.terms)}", markup=False)
    measured = f"{told.cost:,} steps on the dearest of its examples" if told.cost else "it has no examples to try"
    screen.print(f"cost: {measured}; the limit for an article is {told.limit:,}", markup=False)
    screen.print(_promised(context, rule)["promise"], markup=False)


@app.command()
def test(
    context: typer.Context,
    rule_id: Annotated[str, typer.Argument(metavar="[RULE]", help="A rule's id; all rules if absent.")] = "",
    text: Annotated[str | None, typer.Option(help="The text itself, or - for standard input.")] = None,
    url: Annotated[str, typer.Option(help="A page to fetch and read.")] = "",
    file: Annotated[Path | None, typer.Option(help="A text file, or a page (.html).")] = None,
    language: Annotated[str, typer.Option(help="Language of the text, where it cannot be told.")] = "",
    source: Annotated[str, typer.Option(help="Name of the feed that brings it, for rules with `source:`.")] = "",
    as_json: AsJson = False,
) -> None:
    """Try rules on a text: which clause matched where, or the nearest miss. Without a text: the rules' own examples."""
    rules = [rule_of(context, rule_id)] if rule_id else list(watch_of(context).rules)
    if text is None and not url and file is None:
        _examples(context, rules, as_json=as_json)
        return
    if sum((text is not None, bool(url), file is not None)) > 1:
        raise InputError("--text, --url and --file cannot go together", hint="try one at a time")
    given = standard_input() if text == "-" else text or ""
    article = run_async(
        trying.article_of(settings(context), text=given, url=url, file=file, language=language, source=source)
    )
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


@app.command(name="backtest")
def backtest_rules(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="RULE|FILE", help="A rule's id, or a watch file: all its rules.")],
    since: Since = "30d",
    against: Annotated[
        int, typer.Option(metavar="REVISION", help="Compare with this revision; default the active.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Say what a rule would have done with the stored articles: alerts a day, worst day, what it gains and loses."""
    until = SystemClock().now()
    begin = until - length_of(since, option="--since")
    file = Path(which)
    watch = load(read_file(file), file=which, env=secrets(context)) if file.is_file() else watch_of(context)
    rules = list(watch.rules) if file.is_file() else [rule_of(context, which)]
    with database(context) as db:
        revision, saved = _saved(db, against)
        for rule in rules:
            other = saved.rule(rule.id) if saved else None
            one = backtest(db, watch, rule, since=begin, until=until, against=other)
            if as_json:
                print_line({**_backtest_row(one), "against": revision if other else None})
            else:
                _print_backtest(one, f"revision {revision}" if other else "")


def _saved(db: Database, revision: int) -> tuple[int, Watch | None]:
    """The revision to compare with; none in an empty installation."""
    row = db.read_now(lambda session: configure.revision(session, revision) if revision else configs.active(session))
    if row is None:
        return 0, None
    return row.revision or 0, load(row.text, file=f"revision {row.revision}", env=None)


def _backtest_row(one: Backtest) -> dict[str, Any]:
    names = ("hits", "stories", "alerts", "digests", "held", "folded")
    row = {name: getattr(one, name) for name in ("rule", "since", "until", "articles", "looked_at", "too_costly")}
    lists = {name: [asdict(found) for found in getattr(one, name)] for name in ("found", "gained", "lost")}
    days = [{**asdict(day), "day": day.day.isoformat()} for day in one.days]
    worst = one.worst.day.isoformat() if one.worst else None
    a_day = round(one.total("alerts") / max((one.until - one.since).total_seconds() / 86400, 1), 2)
    totals = {name: one.total(name) for name in names}
    return {**row, **totals, "alerts_a_day": a_day, "worst_day": worst, "days": days, **lists}


def _print_backtest(one: Backtest, against: str) -> None:
    row, screen = _backtest_row(one), page_of(WIDTH)
    looked = f"{one.articles:,} stored articles since {one.since:%Y-%m-%d %H:%MZ}, {one.looked_at:,} of them looked at"
    screen.print(f"{one.rule}: {looked}", markup=False)
    told = f"hits {row['hits']:,}, stories {row['stories']:,}, alerts {row['alerts']:,} ({row['alerts_a_day']} a day)"
    screen.print(f"{told}, digests {row['digests']:,}, held {row['held']:,}, folded {row['folded']:,}", markup=False)
    if one.too_costly:
        screen.print(f"articles it is too costly or fails on: {one.too_costly:,}", markup=False)
    if one.worst:
        screen.print(f"worst day: {one.worst.day} (alerts {one.worst.alerts}, hits {one.worst.hits})\n", markup=False)
        busy = [{**asdict(day), "day": str(day.day)} for day in one.days if any(list(asdict(day).values())[1:])]
        print_rows(busy, ("day", "hits", "stories", "alerts", "digests", "held", "folded"), as_json=False)
    if not against:
        screen.print("\nnot saved yet: there is nothing to compare it with", markup=False)
        return
    for verb, found in (("gained", one.gained), ("lost", one.lost)):
        screen.print(f"\n{verb} against {against}: {len(found):,}", markup=False)
        _print_titles(found)


def _print_titles(found: tuple[Found, ...]) -> None:
    for article in found[:TITLES]:
        out().print(f"  {_when(article.first_seen)}  {article.title}  ({article.source})", markup=False)
    if len(found) > TITLES:
        out().print(f"  and {len(found) - TITLES:,} more; --json has all")


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}"


@app.command()
def near(
    context: typer.Context,
    rule_id: RuleId,
    since: Since = "30d",
    limit: Limit = SHOWN,
    most: Annotated[int, typer.Option(help="Look at so many articles at most.", min=1)] = MOST,
    as_json: AsJson = False,
) -> None:
    """List stored articles that lack one clause of a rule, or miss a distance by little, with what they lack."""
    rule = rule_of(context, rule_id)
    begin = SystemClock().now() - length_of(since, option="--since")
    with database(context) as db:
        one = near_misses(db, rule, since=begin, limit=limit, most=most)
    if as_json:
        misses = [{**asdict(found), "failed": miss.failed, "miss": miss.miss} for found, miss in one.misses]
        row = {name: getattr(one, name) for name in ("rule", "since", "articles", "offered", "looked_at")}
        print_json({**row, "misses": misses})
        return
    screen = page_of(WIDTH)
    for found, miss in one.misses:
        screen.print(f"{_when(found.first_seen)}  {found.title}  ({found.source})", markup=False)
        screen.print(
            f"  {miss.failed}: {miss.miss}\n  {found.url}\n" if miss.miss else f"  {miss.failed}\n", markup=False
        )
    screen.print(
        f"near misses: {len(one.misses)}; looked at {one.looked_at:,} of {one.offered:,} articles that have the words "
        f"of all clauses but one, out of {one.articles:,} since {_when(one.since)}",
        markup=False,
    )
