"""What is read: feeds with their entries, articles and the index of their words; and what every process shares."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import lookup
from storage.types import BigId, Json, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# as they are made: what is referred to first
TABLES = (
    "meta",
    "config",
    "joblock",
    "backfill",
    "backfillbatch",
    "hoststate",
    "feed",
    "feedpoll",
    "article",
    "articlerevision",
    "snapshot",
    "entry",
)


def upgrade() -> None:
    """Go to this revision."""
    _processes()
    _backfills()
    _feeds()
    _polls()
    _articles()
    _indexes_of_articles()
    _texts()
    _entries()
    for statement in lookup.made_by(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Go back from this revision."""
    op.execute(f"DROP TABLE {lookup.INDEX}")
    for table in reversed(TABLES):
        op.drop_table(table)


def _processes() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "config",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_config")),
    )
    op.create_table(
        "joblock",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", UtcTime(), nullable=True),
        sa.Column("last_started_at", UtcTime(), nullable=True),
        sa.Column("last_finished_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_joblock")),
    )


def _backfills() -> None:
    op.create_table(
        "backfill",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rules", Json, nullable=False),
        sa.Column("since", UtcTime(), nullable=True),
        sa.Column("until", UtcTime(), nullable=True),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfill")),
        sa.UniqueConstraint("key", name=op.f("uq_backfill_key")),
    )
    op.create_table(
        "backfillbatch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("backfill_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("span", Json, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.Column("counts", Json, nullable=False),
        sa.Column("troubles", Json, nullable=False),
        sa.Column("stories", Json, nullable=False),
        sa.ForeignKeyConstraint(["backfill_id"], ["backfill.id"], name=op.f("fk_backfillbatch_backfill_id_backfill")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfillbatch")),
        sa.UniqueConstraint("backfill_id", "number", name=op.f("uq_backfillbatch_backfill_id_number")),
    )


def _feeds() -> None:
    op.create_table(
        "hoststate",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("next_allowed_at", UtcTime(), nullable=False),
        sa.Column("held_until", UtcTime(), nullable=True),
        sa.Column("repeats", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hoststate")),
    )
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("config_url", sa.String(), nullable=False),
        sa.Column("fetch_url", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("every_s", sa.Float(), nullable=True),
        sa.Column("first_poll_s", sa.Float(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("paused_by", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("last_modified", sa.String(), nullable=False),
        sa.Column("validators_url", sa.String(), nullable=False),
        sa.Column("validators_distrusted", sa.Boolean(), nullable=False),
        sa.Column("plain_next", sa.Boolean(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("listed", Json, nullable=False),
        sa.Column("interval_s", sa.Float(), nullable=False),
        sa.Column("ttl_s", sa.Float(), nullable=False),
        sa.Column("not_before", UtcTime(), nullable=True),
        sa.Column("failures", sa.Float(), nullable=False),
        sa.Column("next_poll_at", UtcTime(), nullable=False),
        sa.Column("first_polled_at", UtcTime(), nullable=True),
        sa.Column("last_polled_at", UtcTime(), nullable=True),
        sa.Column("last_success_at", UtcTime(), nullable=True),
        sa.Column("last_changed_at", UtcTime(), nullable=True),
        sa.Column("only_304_since", UtcTime(), nullable=True),
        sa.Column("moved_to", sa.String(), nullable=False),
        sa.Column("moved_sightings", sa.Integer(), nullable=False),
        sa.Column("possible_gaps", sa.Integer(), nullable=False),
        sa.Column("last_reason", sa.String(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("config_url", name=op.f("uq_feed_config_url")),
    )
    op.create_index(op.f("ix_feed_last_polled_at"), "feed", ["last_polled_at"])
    op.create_index(
        "ix_feed_due",
        "feed",
        ["next_poll_at"],
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    )


def _polls() -> None:
    op.create_table(
        "feedpoll",
        sa.Column("id", BigId, nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("gap", sa.Boolean(), nullable=False),
        sa.Column("ms", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feedpoll_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedpoll")),
    )
    op.create_index(op.f("ix_feedpoll_at"), "feedpoll", ["at"])
    op.create_index("ix_feedpoll_of_feed", "feedpoll", ["feed_id", "at", "id"])


def _articles() -> None:
    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("duplicate_of", sa.Integer(), nullable=True),
        sa.Column("feed_title", sa.Text(), nullable=False),
        sa.Column("feed_text", sa.Text(), nullable=False),
        sa.Column("feed_author", sa.String(), nullable=False),
        sa.Column("feed_language", sa.String(), nullable=False),
        sa.Column("feed_published", UtcTime(), nullable=True),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("canonical_key", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("published", UtcTime(), nullable=True),
        sa.Column("published_from", sa.String(), nullable=False),
        sa.Column("extractor", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("shingles", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcTime(), nullable=False),
        sa.Column("from_before", sa.Boolean(), nullable=False),
        sa.Column("match_due", sa.Boolean(), nullable=False),
        sa.Column("match_after", UtcTime(), nullable=False),
        sa.Column("matched_at", UtcTime(), nullable=True),
        sa.Column("matched_revision", sa.Integer(), nullable=False),
        sa.Column("matched_config", sa.Integer(), nullable=False),
        sa.Column("index_due", sa.Boolean(), nullable=False),
        sa.Column("indexed_as", sa.String(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("match_owner", sa.String(), nullable=False),
        sa.Column("match_epoch", sa.Integer(), nullable=False),
        sa.Column("match_until", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["duplicate_of"], ["article.id"], name=op.f("fk_article_duplicate_of_article")),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_article_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("key", name=op.f("uq_article_key")),
    )


def _indexes_of_articles() -> None:
    op.create_index(op.f("ix_article_canonical_key"), "article", ["canonical_key"])
    op.create_index(op.f("ix_article_duplicate_of"), "article", ["duplicate_of"])
    op.create_index("ix_article_of_feed", "article", ["feed_id", "state"])
    op.create_index(op.f("ix_article_first_seen_at"), "article", ["first_seen_at"])
    op.create_index(op.f("ix_article_host"), "article", ["host"])
    op.create_index(op.f("ix_article_indexed_as"), "article", ["indexed_as"])
    op.create_index("ix_article_match_due", "article", ["match_due", "match_after"])
    op.create_index(
        "ix_article_index_due",
        "article",
        ["id"],
        sqlite_where=sa.text("index_due = 1"),
        postgresql_where=sa.text("index_due"),
    )
    op.create_index(op.f("ix_article_published"), "article", ["published"])
    op.create_index(
        "ix_article_read_due",
        "article",
        ["not_before"],
        sqlite_where=sa.text("final = 0"),
        postgresql_where=sa.text("NOT final"),
    )


def _texts() -> None:
    op.create_table(
        "articlerevision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_articlerevision_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articlerevision")),
        sa.UniqueConstraint("article_id", "revision", name=op.f("uq_articlerevision_article_id_revision")),
    )
    op.create_index(op.f("ix_articlerevision_article_id"), "articlerevision", ["article_id"])
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("masked", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_snapshot_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    op.create_index(op.f("ix_snapshot_article_id"), "snapshot", ["article_id"])
    op.create_index(op.f("ix_snapshot_at"), "snapshot", ["at"])


def _entries() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("url_key", sa.String(), nullable=False),
        sa.Column("text_key", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("published", UtcTime(), nullable=True),
        sa.Column("updated", UtcTime(), nullable=True),
        sa.Column("first_seen_at", UtcTime(), nullable=False),
        sa.Column("last_seen_at", UtcTime(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_entry_article_id_article")),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_entry_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("feed_id", "key", name=op.f("uq_entry_feed_id_key")),
    )
    op.create_index(op.f("ix_entry_article_id"), "entry", ["article_id"])
    op.create_index("ix_entry_listed", "entry", ["feed_id", "last_seen_at"])
    op.create_index("ix_entry_newest_of_feed", "entry", ["feed_id", "id"])
    op.create_index(op.f("ix_entry_text_key"), "entry", ["text_key"])
    op.create_index(op.f("ix_entry_url_key"), "entry", ["url_key"])
