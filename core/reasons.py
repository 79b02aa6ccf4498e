"""Why something was skipped, failed, held or not sent: one enum, stored as text and shown to people.

The words after a member are what a person reads; `sentence()` gives them.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A short stable key (stored) with a sentence (shown)."""

    sentence: str

    def __new__(cls, key: str, sentence: str) -> Reason:
        """Members are written as (key, sentence)."""
        member = str.__new__(cls, key)
        member._value_ = key
        member.sentence = sentence
        return member

    @classmethod
    def of(cls, key: str) -> Reason:
        """The member of this key. Raises KeyError for a key that is none."""
        return {member.value: member for member in cls}[key]

    @classmethod
    def said(cls, key: str) -> str:
        """The sentence of a stored reason; what is none (a newer program's) stays as it is, "" stays empty."""
        try:
            return cls.of(key).sentence
        except KeyError:
            return key

    # -- fetching
    DNS = "dns", "the host's name could not be resolved"
    REFUSED = "refused", "the host refused the connection"
    CONNECT_TIMEOUT = "connect_timeout", "no connection within the limit"
    UNREACHABLE = "unreachable", "the host or the network between cannot be reached"
    TIMEOUT = "timeout", "the whole answer did not come within the limit"
    BROKEN_ANSWER = "broken_answer", "the connection broke or the answer was not valid HTTP"
    TLS = "tls", "the host's certificate is not valid"
    TOO_BIG = "too_big", "the answer is larger than the limit"
    TOO_MANY_REDIRECTS = "too_many_redirects", "more redirects than the limit"
    FORBIDDEN_ADDRESS = "forbidden_address", "the address is private or special and not on the allow-list"
    BAD_URL = "bad_url", "the URL cannot be used"
    SHARED_URL = "shared_url", "the feed gives this URL to several items, so the feed's words are all there is"
    REDIRECTOR = "redirector", "the link leads to a redirector that could not be unwrapped"
    HTTP_STATUS = "http_status", "the host answered with an error status"
    NOT_FOUND = "not_found", "the host says the page is not there"
    GONE = "gone", "the host says the page is gone for good"
    RATE_LIMITED = "rate_limited", "the host asked to come back later"
    ROBOTS = "robots", "the site's robots.txt does not allow it"
    NOT_A_FEED = "not_a_feed", "the answer is not a feed"
    NO_LINKS = "no_links", "no link is where the watch file says that the page has its links"
    EMPTY_BODY = "empty_body", "the answer is empty"
    BAD_FEED = "bad_feed", "the feed could not be read"
    WRONG_TYPE = "wrong_type", "the answer is of a type that is not read"
    CUT = "cut", "it lists more than 2,000 items, of which the others are not read"
    FLOOD = "flood", "many old items at once under new ids: shown, not told"
    # -- reading
    EXTRACTOR_HUNG = "extractor_hung", "reading the page took longer than the limit and was stopped"
    EXTRACTOR_DIED = "extractor_died", "the process reading the page died"
    TOO_DEEP = "too_deep", "the page is nested deeper than the limit"
    NO_BODY = "no_body", "no article text was found on the page"
    STUMBLED = "stumbled", "it made its reader stumble; the log says where"
    ENCRYPTED = "encrypted", "the file is locked with a password"
    WALL = "wall", "a notice about cookies, signing in, an error or the like stands where the article should"
    PAYWALL = "paywall", "only a teaser can be read"
    NO_FILE = "no_file", "the file cannot be read"
    BAD_LINE = "bad_line", "the line is not a JSON object with what is needed"
    CORRUPT = "corrupt", "what is stored of it is damaged"
    NOT_READ_YET = "not_read_yet", "the page was not read in time; matched on title and summary"
    # -- replaying an archive
    KNOWN_ALREADY = "known_already", "the article is stored already, and stays as it is"
    OTHER_ADDRESS = "other_address", "another address of an article that is stored"
    REDIRECT = "redirect", "the record is a redirect to another address"
    REVISIT = "revisit", "the record repeats a page that another record holds"
    FRONT_PAGE = "front_page", "a site's front page is no article"
    OUT_OF_RANGE = "out_of_range", "taken before or after the time that was asked for"
    # -- matching
    NO_MATCH = "no_match", "the rule's expression does not match"
    LANGUAGE = "language", "the rule is not tried on articles in this language"
    FEED_FILTER = "feed_filter", "the rule is not tried on articles of this feed"
    RULE_DISABLED = "rule_disabled", "the rule is switched off"
    TOO_COSTLY = "too_costly", "the rule needs more work on this article than its budget allows"
    RULE_FAILED = "rule_failed", "the rule made the matcher fail on this article: a fault of wirewatch"
    FROM_BEFORE = "from_before", "stored before the rule or feed became active"
    WITHDRAWN = "withdrawn", "matched on title and summary or before an edit, and no longer"
    RETRACTED = (
        "retracted",
        "too little of what it would tell stands: withdrawn, or said not to be what the rule is for",
    )
    NOT_THIS = "not_this", "somebody said that it is not what the rule is for"
    # -- stories
    NEW_STORY = "new_story", "no open story tells this event"
    SAME_ARTICLE = "same_article", "the same article under another address"
    SAME_ORIGIN = "same_origin", "a copy or light rewrite of a text already in the story"
    SAME_OWNER = "same_owner", "from the same owner as a text already in the story"
    SAME_WIRE = "same_wire", "credits the same wire as a text already in the story"
    SAME_EVENT = "same_event", "tells the same event in other words"
    # -- alerts
    FIRST = "first", "the first news of this event"
    AGAIN = "again", "as many separate texts tell it as the rule asks for"
    UPDATE = "update", "a further separate text tells it"
    NOT_ENOUGH_ORIGINS = "not_enough_origins", "fewer separate texts tell it than the rule asks for"
    ALREADY_TOLD = "already_told", "this event was told already"
    RULE_GONE = "rule_gone", "the rule was deleted or switched off"
    SILENCED = "silenced", "the story is silenced"
    CLOSED = "closed", "the story is closed"
    QUIET_HOURS = "quiet_hours", "held until the quiet hours end"
    MERGED = "merged", "merged into the message that told what piled up"
    OVER_BUDGET = "over_budget", "the rule's daily budget is used up; folded into a digest"
    BURST = "burst", "too many alerts within ten minutes; folded into a digest"
    DIGEST = "digest", "collected for the rule's digest"
    STALE = "stale", "older than a day when it could be delivered; folded into the catch-up digest"
    RESTORED = "restored", "kept back: a backup was restored without sent.log, so it may have been told before"
    NO_TARGET = "no_target", "the rule names no channel: shown on the page only"
    OPTED_OUT = "opted_out", "this address asked for no more alerts of this rule"
    SAME_ADDRESS = "same_address", "this address has it through another channel"
    SENT = "sent", "sent"
    # -- deliveries
    ACCEPTED = "accepted", "the receiver took it"
    TEMPORARY = "temporary", "the receiver could not take it now"
    AUTH = "auth", "the receiver refused the sign-in or the address"
    PERMANENT = "permanent", "the receiver refuses it for good"
    ANSWER_LOST = "answer_lost", "sent, but no answer came back"
    NO_ANSWER_YET = "no_answer_yet", "under way when the run ended; what comes of it is recorded then"
    POISON = "poison", "three workers died on this message"
    GAVE_UP = "gave_up", "tried for the whole retry period"
    # -- people
    REOPENED = "reopened", "the story is open again"
    TAKEN_BACK = "taken_back", "somebody took back that it is not what the rule is for"
    RESENT = "resent", "put back into the ledger by hand"
    LAID_ASIDE = "laid_aside", "somebody said that it need not be sent any more"
    # -- the run
    NOT_NOTED = "not_noted", "what is sent cannot be noted on the disk, and would be sent again"
    LOCKED = "locked", "another run holds the lock"
    LATE_RUN = "late_run", "the run was scheduled more than one interval ago"
    NOT_DUE = "not_due", "nothing was due"
    UNSOUND = "unsound", "the database says that its files are damaged"
