"""Rules that need more work than they may, or make the matcher fail: tried once more, then off, and the operators told.

What a rule costs does not depend on the machine or on other rules, so the same rule is off everywhere. It is on again
when it is changed. The other rules are never touched.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from core import urls
from core.reasons import Reason
from pipeline import notices
from pipeline.app import Active, Sender
from rules.document import Document
from rules.evaluate import BUDGET
from rules.match import FeedTag, Matcher, Trouble, Verdict
from storage import configs

PATIENCE = 20  # times the budget, for the one further try
HOSTS = 5  # so many sites' articles make a rule too costly, not an article too odd


def decided(matcher: Matcher, document: Document, feed: FeedTag | None) -> Verdict:
    """What the rules say of an article, live as on trial. `feed` None: no feed filter applies.

    Those too costly are tried once more; `troubles` names them all the same.
    """
    verdict = matcher.match(document, feed=feed)
    again = {trouble.rule for trouble in verdict.troubles if trouble.reason is Reason.TOO_COSTLY}
    if not again:
        return verdict
    more = matcher.match(document, feed=feed, only=again, budget=BUDGET * PATIENCE)
    answered = again - {trouble.rule for trouble in more.troubles}
    return replace(verdict, matches=(*verdict.matches, *more.matches), answered=frozenset(answered))


def count(session: Session, app: Sender, active: Active, trouble: Trouble, *, url: str, now: datetime) -> Reason | None:
    """Keep that a rule was in trouble on an article; the Reason when that switches it off.

    The caller holds the rule's lock.
    """
    if trouble.reason is Reason.TOO_COSTLY and configs.costly(session, trouble.rule, urls.host_of(url)) < HOSTS:
        return None
    if not configs.switch_off(session, trouble.rule, trouble.reason, now):
        return None
    text = f"The rule {trouble.rule} is switched off: {_why(trouble)}\nIt is on again when its text is changed."
    notices.tell(session, app, f"rule-off:{active.revision}:{trouble.rule}", text, now=now)
    return trouble.reason


def _why(trouble: Trouble) -> str:
    if trouble.reason is Reason.TOO_COSTLY:
        return f"it needed more work than its budget allows on articles of {HOSTS} sites."
    return f"{trouble.reason.sentence} ({trouble.error})."
