"""`/rules/{id}` and `/new-rule`: a rule in an editor, checked and tried while it is typed, saved as a revision."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from core.errors import ConfigError, InputError, NotAvailable, Problem
from pipeline import editing, in_worker
from pipeline.drafts import Checked, starter
from rules.config import Watch
from storage import configs
from storage.engine import Database
from web import atom
from web.controls import AWAY_S, Button, Line
from web.frame import frame, page_at, show
from web.pages import rule_marks as marks
from web.pages.faults import missing
from web.pages.rule_trial import Backtest, Preview
from web.pages.rules import state_of
from web.people import who
from web.rulebook import Rulebook
from web.text import counted
from web.trials import Trials

PAUSE_S = 0.3  # of typing, before what was typed is looked at
TRIES = 3  # of saving, while others save other rules
_STAY = "event => { event.preventDefault(); event.returnValue = true; }"


@dataclass(frozen=True, slots=True)
class Head:
    """What is said above the editor."""

    rule: str
    revision: int
    who: str
    at: datetime | None
    state: str
    why: str
    atom: str  # the address of its feed


def register(db: Database, key: str, book: Rulebook, trials: Trials) -> None:
    """Add the pages."""

    @page_at("/new-rule", reconnect_timeout=AWAY_S)  # not below /rules: a rule may be called new
    async def new_rule() -> None:
        now, watch = await book.active()
        rule_id, lines = starter({rule.id for rule in watch.rules})
        with frame("New rule", at="/rules"):
            Editor(db, trials, now, editing.Draft(rule_id, "", lines), is_new=True)

    @page_at("/rules/{rule_id}", reconnect_timeout=AWAY_S)
    async def one_rule(rule_id: str) -> None:
        now, watch = await book.active()
        rule = watch.rule(rule_id)
        lines = await asyncio.to_thread(editing.lines_of, now.text, rule_id)
        if rule is None or not lines:
            missing("There is no such rule.")
            return
        head = await db.read(lambda session: gather(session, now, watch, rule_id, key))
        with frame(rule.title, at="/rules"):
            show("rule_head.html", head=head)
            Editor(db, trials, now, editing.Draft(rule_id, lines, lines), is_new=False)


def gather(session: Session, now: editing.Current, watch: Watch, rule_id: str, key: str) -> Head:
    """The rule's state, the revision it stands in, and where its feed is; `key` signs that address."""
    rule = watch.rule(rule_id)
    if rule is None:
        raise InputError(f"there is no rule {rule_id}")
    name, why = state_of(rule, configs.rule_states(session, [rule_id]).get(rule_id))
    return Head(rule_id, now.revision, now.who, now.at, name, why, atom.path(key, rule_id))


class Editor:
    """One visitor's editor of one rule, with all that follows what is typed."""

    def __init__(
        self, db: Database, trials: Trials, now: editing.Current, draft: editing.Draft, *, is_new: bool
    ) -> None:
        self._db, self._trials = db, trials
        self._text, self._draft, self._is_new = now.text, draft, is_new
        self._typed, self._busy, self._is_unsaved = 0, False, False
        if is_new:
            self._id = (
                ui.input("Id", value=draft.rule, on_change=self._typing).props("outlined dense").classes("rule-id")
            )
        with ui.element("div").classes("card editor"):
            self._code = ui.codemirror(
                draft.written, on_change=self._typing, language="YAML", line_wrapping=True, indent="  ",
                keymap={"Mod-s": self._save},
            )  # fmt: skip
        with ui.element("div").classes("actions"):
            self._saver = Button("Save", self._save, main=True)
            self._outcome, self._told_of = Line(), draft.written
            self._status = Line("Looking at it …")
        show("rule_keys.html")
        self._conflict = ui.element("div")
        self._verdict = ui.element("div")
        self._preview = Preview(trials, self._widen)
        self._backtest = Backtest(
            trials, lambda: self._last.text if self._last.runs else "", lambda: self._text, lambda: self.rule
        )
        self._last = Checked()
        ui.timer(0, self._begin, once=True)

    @property
    def rule(self) -> str:
        """The rule's id, as it stands now."""
        return (self._id.value or "").strip() if self._is_new else self._draft.rule

    async def _begin(self) -> None:
        """Once the browser is there: its colours, a name for the editor, and the first look."""
        dark = False
        with suppress(TimeoutError):  # a slow line: the rule is looked at all the same
            dark = await ui.run_javascript(
                f"getHtmlElement({self._code.id}).querySelector('.cm-content').setAttribute('aria-label', 'The rule');"
                "return matchMedia('(prefers-color-scheme: dark)').matches",
                timeout=5.0,
            )
        self._code.theme = "basicDark" if dark else "basicLight"
        self._backtest.dark = bool(dark)
        await self._look()

    async def _typing(self) -> None:
        self._hold()
        self._typed += 1
        typed = self._typed
        await asyncio.sleep(PAUSE_S)
        if typed == self._typed and not self._code.is_deleted:
            await self._look()

    def _hold(self) -> None:
        """Have the browser ask before it leaves what is not saved."""
        is_unsaved = (self.rule, self._code.value or "") != (self._draft.rule, self._draft.written)
        if is_unsaved != self._is_unsaved:
            self._is_unsaved = is_unsaved
            # the client itself: the button that was pressed may be gone, and with it the context that it was pressed in
            self._code.client.run_javascript(f"window.onbeforeunload = {_STAY if is_unsaved else 'null'}")

    async def _look(self) -> None:
        """Check and try what is there; what is typed meanwhile is looked at right after."""
        if self._busy:
            return
        self._busy = True
        try:
            looked = -1
            while looked != self._typed and not self._code.is_deleted:
                looked = self._typed
                await self._look_once()
        finally:
            self._busy = False

    async def _look_once(self) -> None:
        written, rule, typed = self._code.value or "", self.rule, self._typed
        if written != self._told_of:
            self._outcome.text = ""
        try:
            checked = await self._trials.quick(in_worker.check, self._text, rule, written)
        except NotAvailable as error:
            self._status.text = f"Not checked: {error.message}"
            return
        if typed != self._typed or self._code.is_deleted:
            return
        self._last = checked
        self._show(written, checked)
        if checked.runs:
            await self._preview.look(checked.text, rule, still=lambda: typed == self._typed)

    def _show(self, written: str, checked: Checked) -> None:
        self._code.decorations = marks.decorations(written, checked.problems, checked.warnings)
        self._code.line_tooltips = marks.tooltips([*checked.problems, *checked.warnings])
        wrong = len(checked.problems) + len(checked.elsewhere)
        self._status.text = f"{counted(wrong, 'error', 'errors')}" if wrong else "Nothing is wrong"
        self._status.classes(add="bad", remove="good") if wrong else self._status.classes(add="good", remove="bad")
        self._verdict.clear()
        with self._verdict:
            show(
                "rule_verdict.html", faults=marks.faults(written, checked.problems), elsewhere=checked.elsewhere,
                warnings=marks.faults(written, checked.warnings), examples=checked.examples,
                explained=checked.explained,
            )  # fmt: skip

    async def _widen(self, clause: str, word: str, limit: int) -> None:
        """Put a word or a limit that a near miss needs into the rule."""
        typed = self._typed
        try:
            wider = await self._trials.quick(
                in_worker.widen, self._text, self.rule, self._code.value or "", clause, word, limit
            )
            if typed != self._typed:
                raise InputError("the rule changed meanwhile")
            self._code.value = wider
        except (InputError, NotAvailable) as error:
            self._tell(f"Not added: {error.message}")

    async def _save(self) -> None:
        self._saver.enable(False)
        self._tell("Saving …")
        try:
            await self._saved(editing.Draft(self.rule, self._draft.base, self._code.value or ""))
        except ConfigError as error:
            self._refused(error.problems)
        except (InputError, NotAvailable) as error:
            self._tell(f"Not saved: {error.message}")
        finally:
            self._saver.enable(True)

    def _tell(self, outcome: str, *, good: bool = False) -> None:
        """Say what came of saving; it stands until something else is written."""
        self._outcome.text, self._told_of = outcome, self._code.value or ""
        self._outcome.classes(add="good", remove="bad") if good else self._outcome.classes(remove="good")

    def _refused(self, problems: tuple[Problem, ...]) -> None:
        self._tell(f"Not saved: {counted(len(problems), 'error', 'errors')}")
        if self._last.good:  # what is wrong shows in the whole file only: another rule uses this one
            self._show(self._code.value or "", Checked(elsewhere=tuple(one.at("watch file") for one in problems)))

    async def _saved(self, draft: editing.Draft) -> None:
        name = who()
        for _ in range(TRIES):
            now = await self._db.read(editing.current)
            theirs = await asyncio.to_thread(editing.theirs, draft, now.text)
            if theirs is not None:
                self._ask(draft, now, theirs)
                return
            text, watch = await self._trials.saving(in_worker.ready, now.text, draft)
            at = SystemClock().now()
            work = partial(editing.save, draft=draft, text=text, watch=watch, upon=now.revision, who=name, now=at)
            revision = await self._db.write(work)
            if revision is not None:
                self._done(draft, text, revision, changed=revision != now.revision)
                return
        self._tell("Not saved: others save all the time; try it again")

    def _done(self, draft: editing.Draft, text: str, revision: int, *, changed: bool) -> None:
        self._text, self._draft = text, editing.Draft(draft.rule, draft.written, draft.written)
        self._conflict.clear()
        self._hold()
        said = f"Saved as revision {revision}" if changed else f"Saved already: revision {revision}"
        is_all = (self._code.value or "") == draft.written
        self._tell(said if is_all else f"{said}, without what was typed since", good=is_all)
        if self._is_new:
            self._is_new = False
            self._id.disable()
            ui.navigate.history.replace(f"/rules/{draft.rule}")

    def _ask(self, draft: editing.Draft, now: editing.Current, theirs: str) -> None:
        """Show what somebody else made of the rule, and have the visitor choose."""
        self._tell("Not saved: somebody else saved this rule meanwhile")

        async def mine_on_top() -> None:
            self._text, self._draft = now.text, draft.on(theirs)
            await self._save()

        def take_theirs() -> None:
            self._text, self._draft = now.text, editing.Draft(draft.rule, theirs, theirs)
            self._conflict.clear()
            self._code.value = theirs
            self._hold()
            self._tell(f"Theirs: revision {now.revision}")

        self._conflict.clear()
        with (
            self._conflict,
            ui.element("section").classes("card conflict").props("role=alert aria-labelledby=conflict"),
        ):
            show("rule_conflict.html", now=now, gone=not theirs, lines=editing.differences(theirs, draft.written))
            with ui.element("div").classes("actions"):
                if theirs:
                    Button("Take theirs", take_theirs)
                Button("Put mine on top", mine_on_top)
