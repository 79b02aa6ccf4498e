"""The first watch file: small, working, and saying in comments what else there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rules.yamlwrite import flow

EXAMPLE_FEEDS: tuple[Mapping[str, Any], ...] = (
    {"url": "https://feeds.bbci.co.uk/news/world/rss.xml", "name": "BBC World", "owner": "BBC", "language": "en"},
    {"url": "https://www.aljazeera.com/xml/rss/all.xml", "name": "Al Jazeera", "owner": "Al Jazeera", "language": "en"},
)

_TEMPLATE = """\
# The watch file: what is watched for, whom to tell, what is read.
# Every key stands in docs/watch-file.md; `wirewatch check` says what is wrong with this file.
version: 1

settings: {timezone: __ZONE__}   # where quiet hours and digests are meant
# settings: {timezone: Europe/Paris, public_url: "https://watch.example.org", contact: "mailto:desk@example.org"}

# Named sets of terms, used in rules as @Name. With = before it a term is taken exactly as it is written.
entities:
  Leader: {any: [president, prime minister, foreign minister, chancellor, secretary of state]}
  # Biden: {any: [Joe Biden, President Biden, =Biden]}
  # Vietnam: {country: VN, metonyms: true}   # its names in every language, and Hanoi where it stands for it

# One rule a question. Words match in all their forms: "meet" finds "met" and "meeting" too.
# NEAR/12 = at most 12 words between; near/20(a, b, c) = all of them within a stretch.
rules:
  leaders-meet:                    # the id stays; the title may change
    title: Leaders meet
    match: |
      near/20(@Leader, meet OR summit OR talks OR visit, agree OR sign OR discuss OR negotiate)
    examples:                      # tried each time this file is saved
      match:
        - The foreign minister will meet her counterpart on Friday to discuss the border.
      ignore:
        - The president of the chess club met a friend.
    # languages: [en]
    # alert: {first: 2, again_at: 3, quiet: [{from: "22:00", to: "07:00", days: mon-sun}]}

# Where alerts go. terminal:// prints them where `wirewatch run` or `wirewatch up` runs.
channels:
  screen: {url: "terminal://"}
  # desk-mail: {host: smtp.example.org, user: "${SMTP_USER}", password: "${SMTP_PASSWORD}",
  #             from: watch@example.org, to: [desk@example.org]}
  # ops-chat: {url: "${SLACK_URL}"}   # ${NAME} is read from the environment, .env or the secrets folder

# What is read: url (a feed), sitemap, or page with links. `wirewatch feeds add` writes here too.
__FEEDS__
defaults: {alert: {to: [screen]}}
"""


def starter(feeds: Iterable[Mapping[str, Any]] = (), *, timezone: str = "UTC") -> str:
    """A commented watch file with one rule and the terminal as its channel.

    `feeds` are the entries for `feeds:`, with the keys of the watch file; two public ones when there are none.
    """
    lines = "\n".join(f"  - {flow(feed)}" for feed in (tuple(feeds) or EXAMPLE_FEEDS))
    return _TEMPLATE.replace("__ZONE__", flow(timezone)).replace("__FEEDS__", f"feeds:\n{lines}\n")
