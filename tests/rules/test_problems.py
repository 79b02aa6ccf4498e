# ruff: noqa: E501  (a table is read best with a case on a line)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from rules.config import load
from rules.problems import did_you_mean, near

SHIPPED = {"upgrade-ties": {"en": ("upgrade NEAR/8 ties", "boost"), "vi": ("nâng cấp quan hệ",)}}
LEAST = "version: 1\nrules:\n  r: {match: ferry}\n"


def problems_of(text: str, *, secrets: bool = True) -> list[str]:
    """What is wrong with the file, as `line:column: item: message | hint`."""
    with pytest.raises(ConfigError) as caught:
        load(text, env={} if secrets else None, shipped=SHIPPED)
    found = caught.value.problems
    assert found == tuple(sorted(found, key=lambda problem: (problem.line, problem.column)))
    return [
        f"{problem.line}:{problem.column}: {problem.item}: {problem.message}"
        + (f" | {problem.hint}" if problem.hint else "")
        for problem in found
    ]


def rule(keys: str) -> str:
    return f"version: 1\nrules:\n  r:\n    match: ferry\n    {keys}\n"


def channel(keys: str) -> str:
    return f"version: 1\nchannels:\n  c: {{{keys}}}\n"


def feed(keys: str) -> str:
    return f"version: 1\nfeeds:\n  - {{{keys}}}\n"


LENGTH = "a length of time is a number and a unit: 30s, 15m, 72h, 7d or 2w"
BROKEN = [
    # the file
    ("", "1:1: : the file holds no keys | begin it with version: 1"),
    ("- a\n", "1:1: : the file holds no keys | begin it with version: 1"),
    ("rules: {}\n", "1:1: : version is missing | write version: 1"),
    ("version: 2\n", '1:10: version: "2": this release reads version 1 of the format | write version: 1'),
    ("version: one\n", '1:10: version: "one": a whole number is expected'),
    ("version: [1]\n", "1:10: version: one value is expected, not a list"),
    ("version:\n", "1:1: version: is empty | write a value, or delete the line"),
    ("version: 1\nrulse: {}\n", "2:1: : there is no key rulse at the top of the file | did you mean rules?"),
    (
        "version: 1\nxxx: {}\n",
        "2:1: : there is no key xxx at the top of the file | there are channels, concepts, defaults, entities, feeds, "
        "rules, settings, sites, version",
    ),
    ("version: 1\nrules: [a]\n", "2:8: rules: keys with values are expected, not a list"),
    ("version: 1\nfeeds: {a: b}\n", "2:8: feeds: a list is expected, not keys with values | write feeds: […]"),
    ("version: 1\nrules:\n  r:\n", "3:3: rules.r: is empty | write a value, or delete the line"),
    # settings
    (
        "version: 1\nsettings: {timezone: europe/paris}\n",
        '2:22: settings.timezone: "europe/paris": no time zone of that name | did you mean Europe/Paris?',
    ),
    (
        "version: 1\nsettings: {timezone: Paris}\n",
        '2:22: settings.timezone: "Paris": no time zone of that name | did you mean Europe/Paris?',
    ),
    (
        "version: 1\nsettings: {timezone: ../etc/passwd}\n",
        '2:22: settings.timezone: "../etc/passwd": no time zone of that name | e.g. Europe/Paris',
    ),
    (
        "version: 1\nsettings: {public_url: watch.example.org}\n",
        '2:24: settings.public_url: "watch.example.org": an address here begins with https:// or http://, and holds no blanks',
    ),
    (
        "version: 1\nsettings: {contact: nobody}\n",
        '2:21: settings.contact: "nobody": a contact is mailto: and an e-mail address, or an https address',
    ),
    # entities and concepts
    (
        "version: 1\nentities: {9x: {any: [a]}}\n",
        "2:12: entities.9x: a name begins with a letter and goes on with letters, digits, _ or hyphens, at most 64",
    ),
    (
        "version: 1\nentities: {A: {}}\n",
        "2:15: entities.A: an entity needs at least one of any, lang and country | e.g. {any: [Joe Biden]}",
    ),
    (
        "version: 1\nentities: {A: {any: [x], metonyms: true}}\n",
        "2:15: entities.A: metonyms goes with country | e.g. {country: VN, metonyms: true}",
    ),
    ("version: 1\nentities: {A: {any: x}}\n", '2:21: entities.A.any: a list is expected, not a text | write any: ["x"]'),
    ("version: 1\nentities: {A: {any: [x, ' ']}}\n", '2:25: entities.A.any[2]: "": is empty'),
    (
        rule("examples: {match: [Manila: a ferry sinks]}"),
        "5:24: rules.r.examples.match[1]: one value is expected, not keys with values | "
        "a colon and a blank make a key of what stands before them: put the whole text in quotes",
    ),
    ("version: 1\nentities: {A: {any: [x,\n  {}]}}\n", "3:3: entities.A.any[2]: one value is expected, not keys with values"),
    (
        "version: 1\nentities: {A: {country: vietnam}}\n",
        '2:25: entities.A.country: "vietnam": a country is given by its two-letter code, e.g. VN',
    ),
    (
        "version: 1\nentities: {A: {lang: {vn: [x]}}}\n",
        "2:23: entities.A.lang.vn: a language is given by its two-letter code | write vi",
    ),
    (
        "version: 1\nconcepts: {upgrade-tie: {also: {en: [x]}}}\n",
        "2:12: concepts.upgrade-tie: there is no concept #upgrade-tie | did you mean #upgrade-ties?",
    ),
    (
        "version: 1\nconcepts: {upgrade-ties: {not: {en: [boots]}}}\n",
        "2:38: concepts.upgrade-ties.not.en[1]: #upgrade-ties has no such expression in en | did you mean boost?",
    ),
    # rules
    (
        "version: 1\nrules: {Fähre Łódź: {match: ferry}}\n",
        "2:9: rules.Fähre Łódź: a name here is made of lower-case letters, digits and single hyphens, at most 64 | "
        "write fahre-lodz",
    ),
    (
        "version: 1\nrules: {拜登: {match: ferry}}\n",
        "2:9: rules.拜登: a name here is made of lower-case letters, digits and single hyphens, at most 64",
    ),
    (
        "version: 1\nrules: {r: {title: x}}\n",
        '2:9: rules.r: match is missing | e.g. match: "near/40(@Biden, @Trong, meet OR visit)"',
    ),
    (
        "version: 1\nrules:\n  r:\n    match: {BT}\n",
        "4:12: rules.r.match: one value is expected, not keys with values | write match: | and the text below it",
    ),
    ("version: 1\nrules:\n  r:\n    match: #tariff\n", "4:5: rules.r.match: is empty | write a value, or delete the line"),
    (rule("titel: x"), "5:5: rules.r: there is no key titel | did you mean title?"),
    (rule("enabled: yes"), '5:14: rules.r.enabled: "yes": either true or false | write true'),
    (rule("enabled: off"), '5:14: rules.r.enabled: "off": either true or false | write false'),
    (rule("enabled: perhaps"), '5:14: rules.r.enabled: "perhaps": either true or false'),
    (rule("enabled: [true]"), "5:14: rules.r.enabled: one value is expected, not a list"),
    (rule("languages: [english]"), '5:17: rules.r.languages[1]: "english": a language is given by its two-letter code | write en'),
    (rule("story_window: 3 days"), f'5:19: rules.r.story_window: "3 days": {LENGTH}'),
    (rule("story_window: 10s"), "5:19: rules.r.story_window: at least 1 minute is expected"),
    (rule("story_window: 500d"), "5:19: rules.r.story_window: at most 366 days is expected"),
    (rule("story_window: 6000w"), '5:19: rules.r.story_window: "6000w": a length of time is at most 100 years'),
    (rule("tags: asia"), '5:11: rules.r.tags: a list is expected, not a text | write tags: ["asia"]'),
    (rule("feeds: {any: [A]}"), "5:19: rules.r.feeds.any[1]: no feed has the name or the tag A"),
    (rule("alert: {to: [c]}"), "5:18: rules.r.alert.to[1]: there is no channel c | add it under channels"),
    (rule("alert: {first: soon}"), '5:20: rules.r.alert.first: "soon": a whole number is expected'),
    (rule("alert: {first: 0}"), "5:20: rules.r.alert.first: at least 1 is expected"),
    (rule("alert: {again_at: 1}"), "5:23: rules.r.alert.again_at: at least 2 is expected"),
    (
        rule("alert: {first: 3, again_at: 3}"),
        "5:33: rules.r.alert.again_at: again_at has to be more than first, which is 3 | write 4 or more",
    ),
    (rule("alert: {update: trhead}"), "5:21: rules.r.alert.update: one of never, thread, every is expected | did you mean thread?"),
    (rule("alert: {update: [x]}"), "5:21: rules.r.alert.update: one of never, thread, every is expected"),
    (rule("alert: {budget: lots}"), '5:21: rules.r.alert.budget: "lots": a budget is a number of alerts a day | write 50/day'),
    (rule("alert: {budget: 0/day}"), '5:21: rules.r.alert.budget: "0/day": a budget is a number of alerts a day | write 50/day'),
    (
        rule("alert: {quiet: [{from: '22:00', to: '22:00'}]}"),
        "5:21: rules.r.alert.quiet[1]: quiet hours begin and end at the same time | for whole days, switch the rule off instead",
    ),
    (
        rule("alert: {quiet: [{from: '22:00', to: '07:00'}, {from: '07:00', to: '22:00'}]}"),
        "5:20: rules.r.alert.quiet: quiet hours all week leave no time to send anything | to tell nobody, write to: []",
    ),
    (rule("alert: {quiet: [{from: 22:00}]}"), '5:21: rules.r.alert.quiet[1]: to is missing | e.g. to: "07:00"'),
    (
        rule("alert: {digest: {at: 24:00}}"),
        '5:26: rules.r.alert.digest.at: "24:00": a time of day is written "07:30", up to "23:59" | write "00:00"',
    ),
    (
        rule("alert: {digest: {at: 8am}}"),
        '5:26: rules.r.alert.digest.at: "8am": a time of day is written "07:30", up to "23:59"',
    ),
    (
        rule("alert: {digest: {at: '8:00', days: mo-fri}}"),
        '5:40: rules.r.alert.digest.days: "mo-fri": days are written mon, tue, wed, thu, fri, sat, sun, or as a range '
        "| e.g. mon-fri",
    ),
    (rule("alert: {digest: {at: '8:00', days: []}}"), "5:40: rules.r.alert.digest.days: no day is named"),
    (rule("alert: {digest: {at: '8:00', days: {}}}"), "5:40: rules.r.alert.digest.days: a list is expected, not keys with values | write days: […]"),
    # channels
    (channel(""), '3:6: channels.c: a channel needs a url, or host, from and to for e-mail | e.g. {url: "terminal://"}'),
    (channel("url: slack"), "3:12: channels.c.url: a channel's url is a scheme, :// and the rest, without blanks | "
        'e.g. "slack://…", "mailtos://…", "webhooks://…" or "terminal://"'),
    (channel("url: 'a://b', host: h, to: [a@b.c]"),
        "3:6: channels.c: a channel has a url, or the e-mail keys from host on; not both | delete host and to"),
    (channel("host: h, from: a@b.c"), "3:6: channels.c: an e-mail channel needs to too"),
    (channel("host: h, from: a@b.c, to: [a@b.c], user: u"), "3:6: channels.c: user and password go together"),
    (channel("host: h, from: x, to: [a@b.c]"),
        "3:22: channels.c.from: this is not an e-mail address | write desk@example.org or Desk <desk@example.org>"),
    (channel("host: h, from: a@b.c, to: a@b.c"), "3:33: channels.c.to: a list is expected, not a text | write to: […]"),
    (channel("host: https://h/x, from: a@b.c, to: [a@b.c]"),
        "3:13: channels.c.host: a host stands alone, without https:// and path | e.g. example.org"),
    (channel("host: 'h:587', from: a@b.c, to: [a@b.c]"),
        "3:13: channels.c.host: a mail server's host stands without its port | write host: h, port: 587"),
    (channel("host: h, from: a@b.c, to: [a@b.c], port: 99999"), "3:48: channels.c.port: at most 65,535 is expected"),
    (channel("host: h, from: a@b.c, to: [a@b.c], port: '${P}'"), '3:48: channels.c.port: "${P}": a whole number is expected'),
    (channel("host: h, from: a@b.c, to: [a@b.c], security: ssl"),
        "3:52: channels.c.security: one of starttls, tls, none is expected"),
    (channel("url: '${NOPE}'"), "3:12: channels.c.url: the secret NOPE is not set | "
        "set it in the environment, in .env or as a file in the secrets folder"),
    (channel("url: 'a://${hunter 2}'"), "3:12: channels.c.url: between ${ and } stands a name of letters, digits and _; "
        "a plain ${ is written $${"),
    # feeds and sites
    (feed(""), '3:5: feeds[1]: a feed needs a url | e.g. {url: "https://example.org/rss"}'),
    ("version: 1\nfeeds:\n  - https://a.example\n", "3:5: feeds[1]: keys with values are expected, not a text | "
        'e.g. - {url: "https://example.org/rss"}'),
    (feed("url: 'https://a.example', page: 'https://a.example'"),
        "3:5: feeds[1]: a feed has one of url, sitemap and page; here are page and url"),
    (feed("page: 'https://a.example'"),
        '3:5: feeds[1]: page and links go together | e.g. {page: "https://example.org/press", links: "main h3 a"}'),
    (feed("url: 'ftp://a.example'"),
        "3:11: feeds[1].url: an address here begins with https:// or http://, and holds no blanks"),
    (feed("url: 'https://u:p@a.example'"), "3:11: feeds[1].url: an address here holds no user and password | "
        "put them under headers: {Authorization: …}"),
    (feed(f"url: 'https://a.example/{'x' * 2_500}'"), "3:11: feeds[1].url: an address here has at most 2,500 bytes"),
    (feed("url: 'https://a..example/'"), "3:11: feeds[1].url: this address cannot be asked: its host is not a name or "
        "number that exists in one reading only"),
    (feed("url: 'https://a.example', every: 10s"), '3:39: feeds[1].every: "10s": how often lies between 1m and 24h, or is auto'),
    (feed("url: 'https://a.example', every: often"), f'3:39: feeds[1].every: "often": {LENGTH}'),
    (feed("url: 'https://a.example', headers: {'a b': c}"), "3:42: feeds[1].headers.a b: this is not the name of an HTTP header"),
    (feed('url: "https://a.example", headers: {a: "b\\nc"}'),
        "3:45: feeds[1].headers.a: a header's value is one line without control characters"),
    (feed("url: 'https://a.example'}\n  - {url: 'https://a.example/'"),
        "4:5: feeds[2]: the same address as the feed on line 3 | delete one of the two"),
    ("version: 1\nsites: {https://a.example/x: {robots: true}}\n",
        "2:9: sites.https://a.example/x: a host stands alone, without https:// and path | e.g. example.org"),
    (feed("page: 'https://a.example', links: 'a[['"), '3:40: feeds[1].links: "a[[": not a CSS selector: '
        "Expected ident or '*', got <DELIM '[' at 2> | e.g. main h3 a"),
    ("version: 1\nsites: {a.example: {remove: [.ad, 'a:nosuch']}}\n",
        '2:35: sites.a.example.remove[2]: "a:nosuch": not a CSS selector: The pseudo-class :nosuch is unknown | e.g. main h3 a'),
    ("version: 1\nsites: {'???': {}}\n", "2:9: sites.???: a host stands alone, without https:// and path | e.g. example.org"),
    # defaults
    ("version: 1\ndefaults: {alert: {to: [nobody]}}\n",
        "2:25: defaults.alert.to[1]: there is no channel nobody | add it under channels"),
    ("version: 1\nchannels: {ops: {url: 'x://'}}\ndefaults: {operators: [opps]}\n",
        "3:24: defaults.operators[1]: there is no channel opps | did you mean ops?"),
    ("version: 1\ndefaults: {snapshots: {keep: no}}\n", f'2:30: defaults.snapshots.keep: "no": {LENGTH}'),
    ("version: 1\ndefaults: {snapshots: {keep: 7 days}}\n", f'2:30: defaults.snapshots.keep: "7 days": {LENGTH}'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BROKEN, ids=[expected[:60] for _, expected in BROKEN])
def test_a_broken_file_is_told_with_place_item_message_and_hint(text: str, expected: str) -> None:
    assert problems_of(text) == [expected]


RULES = [
    ("match: ferry AND ship OR boat\n", 4, 27),
    ("match: 'ferry AND ''it'' OR boat'\n", 4, 30),
    ('match: "ferry\\u0020AND ship OR boat"\n', 4, 33),
    ("match: ferry AND\n      ship\n      OR boat\n", 6, 7),
    ("match: |\n      ferry AND ship\n        OR boat\n", 6, 9),
    ("match: >-\n      ferry AND\n\n      ship OR boat\n", 7, 12),
    ("match: |\n      ferry AND @Vietnm\n", 5, 17),
]


@pytest.mark.parametrize(("written", "line", "column"), RULES, ids=[written[:25] for written, _, _ in RULES])
def test_a_fault_in_a_rules_text_is_placed_in_the_file(written: str, line: int, column: int) -> None:
    text = f"version: 1\nrules:\n  r:\n    {written}    title: x\nentities: {{Vietnam: {{country: VN}}}}\n"
    (problem,) = problems_of(text)
    assert problem.startswith(f"{line}:{column}: rules.r.match: ")


def test_a_near_miss_of_a_name_is_suggested() -> None:
    (problem,) = problems_of("version: 1\nrules: {r: {match: 'x AND @Vietnm'}}\nentities: {Vietnam: {country: VN}}\n")
    assert "did you mean @Vietnam?" in problem


@pytest.mark.parametrize("operator", ["w/5", "NEAR5", "near/5", "and", "or", "ADJ3"])
def test_an_operator_of_another_product_is_translated(operator: str) -> None:
    (problem,) = problems_of(f"version: 1\nrules:\n  r:\n    match: ferry {operator} boat\n")
    hint = problem.split(" | write: ")[1]
    assert load(f"version: 1\nrules:\n  r:\n    match: {hint}\n").rules


def test_a_comment_that_cuts_a_rule_short_is_told() -> None:
    (problem,) = problems_of("version: 1\nrules:\n  r:\n    match: sanction OR #tariff\n")
    assert problem.endswith("| in YAML a blank and # begin a comment; write\n    match: |\n      sanction OR #tariff")


def test_all_problems_are_told_at_once_also_those_beside_a_broken_part() -> None:
    text = """\
version: 3
extra: {}
entities: {A: {any: ["=Bi*"]}, B: {country: XX}, C: {}}
rules:
  one:
    match: |
      ferry AND
    story_window: soon
    feeds: {any: [Nowhere]}
    alert: {to: [nobody], update: thread, first: 2, again_at: 2, budget: lots}
  two: {match: $one AND @A AND @B AND @C AND @D}
  three: {match: $nowhere}
  Four: {match: "ferry NEAR", titel: x}
  five: [ferry]
  six: {match: ferry, alert: {to: [chat, mail], update: thread}}
channels:
  chat: {url: "slack://x"}
  mail: {url: "mailto://x"}
  broken: {}
feeds:
  - {url: x, name: A}
  - {url: "https://a.example", name: A}
  - none
"""
    found = [problem.split(": ")[1] for problem in problems_of(text)]
    assert found == [
        "version", "", "entities.A.any[1]", "entities.B.country", "entities.C",
        "rules.one.match", "rules.one.story_window", "rules.one.feeds.any[1]", "rules.one.alert.to[1]",
        "rules.one.alert.again_at", "rules.one.alert.budget",
        "rules.two.match", "rules.three.match", "rules.Four", "rules.Four.match", "rules.Four", "rules.five",
        "rules.six.alert.update", "channels.broken", "feeds[1].url", "feeds[3]",
    ]  # fmt: skip
    (two,) = [problem for problem in problems_of(text) if "rules.two.match" in problem]
    assert "@D" in two  # the names that have problems of their own are not told again


# (rule, column in the file, what is told of it): written one below the other in one file
WRONG_RULES = [
    (
        "ferry AND sank OR boat",
        35,
        "AND and OR cannot be mixed without brackets | for example: ferry AND (sank OR boat)",
    ),
    (
        "ferry NEAR/5 sank NEAR/5 Manila",
        38,
        "NEAR cannot be chained without brackets | for example: near/5(ferry, sank, Manila)",
    ),
    (
        "ferry sank",
        26,
        'an operator is missing between “ferry” and “sank” | write "ferry sank" for a phrase, or put OR, AND or NEAR/10 between',
    ),
    ("ferry and sank", 26, "“and” as an operator is written in capitals | write: ferry AND sank"),
    (
        "NOT exercise",
        20,
        "NOT only takes away: it needs something positive before it | for example: ferry AND NOT exercise",
    ),
    ("fe*", 20, "“fe*”: a prefix needs at least 3 letters"),
    (
        "/[0-9]+ dead/",
        20,
        "nothing in this rule can be looked up: a /regex/ needs a term beside it, in every branch of an OR | for example: sanctions AND /[Rr]ound [0-9]+/",
    ),
    (
        "title:ferry NEAR/5 body:sank",
        32,
        "NEAR cannot reach from one field into another | join fields with AND, for example: ferry AND lang:en",
    ),
    ("@Vietnm", 20, "no entity of that name is known: @Vietnm | did you mean @Vietnam?"),
    ("#upgrade-tie", 20, "no concept of that name is known: #upgrade-tie | did you mean #upgrade-ties?"),
    ("$ruel01", 20, "no rule of that name is known: $ruel01 | did you mean $rule01?"),
    ("ferry NEAR/501 sank", 26, "NEAR/501: the number must be at most 500"),
    ("near/5(ferry)", 20, "near/5(…) needs at least two parts"),
    ("any/3(ferry, sank)", 20, "any/3(…) has only 2 parts"),
    ("(ferry AND sank", 20, "this bracket is never closed | add a )"),
    ("ferry)", 25, "this bracket closes nothing | take it away, or open one before it"),
    ("", 19, 'the rule is empty | for example: "strategic partnership" NEAR/20 Vietnam'),
    ("ferry AND", 29, "something is missing after “AND” | for example: ferry AND sank"),
    (
        "/(/ AND ferry",
        20,
        "this /regex/ cannot be used: missing ): ( | it is read by RE2: no look-around, no back references; \\w, \\d and \\b know ASCII letters only",
    ),
    ("first/0(ferry)", 20, "first/0: the number must be at least 1"),
    ("url:*", 24, "url: “*” is not a value, or holds a * before its end"),
    ("ferry w/5 sank", 26, "an operator is missing between “ferry” and “w” | write: ferry NEAR/5 sank"),
    ("-ferry AND sank", 20, "a minus does not exclude: -ferry | for example: ferry AND NOT ferry"),
    ("ferry & sank", 26, "an operator is missing between “ferry” and “&” | write: ferry AND sank"),
    ('"ferry', 20, "this quote is never closed | add a quote after the phrase"),
]


def test_what_is_wrong_in_every_rule_of_a_file_is_told_at_once() -> None:
    lines = [f"  rule{number:02}: {{match: '{rule}'}}" for number, (rule, _, _) in enumerate(WRONG_RULES)]
    text = "\n".join(["version: 1", "entities: {Vietnam: {country: VN}}", "rules:", *lines, ""])
    assert problems_of(text) == [
        f"{number + 4}:{column}: rules.rule{number:02}.match: {told}"
        for number, (_, column, told) in enumerate(WRONG_RULES)
    ]


def test_a_wrong_expression_added_to_a_concept_is_placed_in_the_file() -> None:
    (problem,) = problems_of('version: 1\nconcepts:\n  upgrade-ties:\n    also: {en: [new chapter, "chapter AND"]}\n')
    assert problem.startswith("4:42: concepts.upgrade-ties.also.en[2]: ")


def test_threads_are_refused_where_the_default_was_written() -> None:
    text = LEAST + "channels: {c: {url: 'slack://x'}}\ndefaults: {alert: {to: [c], update: thread}}\n"
    assert problems_of(text) == [
        "5:37: defaults.alert.update: only e-mail channels can send threads, and c is none"
        " | write every or never, or tell only e-mail channels"
    ]


def test_a_feed_is_named_by_its_host_and_told_apart_from_a_tag() -> None:
    text = (
        rule("feeds: {any: [a.example], tags: [News]}")
        + "feeds: [{url: 'https://a.example/rss'}, {url: 'https://b.example', name: News}]\n"
    )
    assert problems_of(text) == [
        "5:38: rules.r.feeds.tags[1]: no feed has the tag News | that is a feed's name: write it under any"
    ]


def test_what_follows_from_a_fault_of_the_yaml_is_not_told_twice() -> None:
    assert problems_of("version: 1\nrules: {r: {match: *x}}\n") == [
        "2:20: : aliases (*x) are not used here | write the value out, or quote it"
    ]


def test_errors_show_no_secret_whether_written_or_put_in() -> None:
    text = """\
version: 1
channels:
  a: {url: "hunter2 ${TOKEN}", on_unknown: x}
  b: {host: "hunter2!", user: hunter2, password: [hunter2], from: hunter2, to: [hunter2, "${TOKEN}"]}
  c: {url: [hunter2], to: hunter2, port: "${TOKEN}"}
feeds:
  - {url: "hunter2${TOKEN}", headers: {A: [hunter2], B: "${TOKEN}\\n"}}
  - hunter2
  - {url: "https://${TOKEN}:hunter2@a.example"}
  - {sitemap: "https://a..example/hunter2${TOKEN}"}
sites: {a: {headers: hunter2}, b: {headers: {C: "hunter2\\t"}}}
"""
    with pytest.raises(ConfigError) as caught:
        load(text, env={"TOKEN": "canary"}, shipped={})
    error = caught.value
    assert len(error.problems) > 12
    assert error.__cause__ is None
    for shown in (str(error), repr(error), repr(error.problems), repr(error.args)):
        assert "hunter2" not in shown
        assert "canary" not in shown


def test_the_file_is_named_in_every_line_of_the_error() -> None:
    with pytest.raises(ConfigError) as caught:
        load("version: 2\nx: 1\n", file="desk.yaml")
    assert str(caught.value).count("desk.yaml:") == 2


PIECES = st.lists(
    st.sampled_from(
        ["version: 1\n", "rules:\n", "  r:\n", "    match: ferry\n", "    match: |\n      @US AND (x\n", "feeds:\n", "  - url: x\n",
         "  - {url: 'https://a.example', every: 5}\n", "channels: {c: {url: 'a://'}}\n", "entities: {US: {country: US}}\n",
         "    alert: {to: c}\n", "    alert: [1]\n", "defaults: {alert: {update: thread}}\n", "settings: 5\n", "sites: {a: null}\n",
         "concepts: {x: {also: 3}}\n", "  - \n", "    feeds: {any: [[]]}\n", "  R:\n", "    languages: en\n", "x: &a b\n"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), PIECES))
def test_load_raises_nothing_but_config_errors(text: str) -> None:
    try:
        load(text, env={}, shipped=SHIPPED)
    except ConfigError as error:
        placed = [problem for problem in error.problems if problem.line]
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for problem in placed:
            assert problem.line <= len(lines)
            assert problem.column <= len(lines[problem.line - 1]) + 2


def test_a_suggestion_among_very_many_names_stays_quick_and_near() -> None:
    names = [f"Feed {number}" for number in range(5000)] + ["Harbour Post"]
    assert near("Harbor Post", names) == "Harbour Post"
    assert did_you_mean("zzz", names) == ""
    assert did_you_mean("zzz", ["b", "a"], "@") == "there are @a, @b"
    assert did_you_mean("zzz", []) == ""
