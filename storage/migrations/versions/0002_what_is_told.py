"""What is told: hits and stories, alerts and their deliveries, and what people answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Json, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# as they are made: what is referred to first
TABLES = (
    "rulestate",
    "decision",
    "story",
    "silence",
    "storyread",
    "hit",
    "feedback",
    "digest",
    "alert",
    "target",
    "delivery",
    "optout",
    "notice",
    "person",
    "apitoken",
    "latencysum",
    "robotsfile",
)


def upgrade() -> None:
    """Go to this revision."""
    _rules()
    _stories()
    _hits()
    _alerts()
    _deliveries()
    _office()
    _latencies()
    _robots()


def downgrade() -> None:
    """Go back from this revision."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _rules() -> None:
    op.create_table(
        "rulestate",
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("past_id", sa.Integer(), nullable=False),
        sa.Column("off_reason", sa.String(), nullable=False),
        sa.Column("off_at", UtcTime(), nullable=True),
        sa.Column("costly_hosts", Json, nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_rulestate")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("story_id", sa.Integer(), nullable=True),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_alert_id"), "decision", ["alert_id"])
    op.create_index(op.f("ix_decision_article_id"), "decision", ["article_id"])
    op.create_index(op.f("ix_decision_at"), "decision", ["at"])
    op.create_index(op.f("ix_decision_rule_id"), "decision", ["rule_id"])
    op.create_index(op.f("ix_decision_story_id"), "decision", ["story_id"])


def _stories() -> None:
    op.create_table(
        "story",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("silenced_until", UtcTime(), nullable=True),
        sa.Column("first_article_id", sa.Integer(), nullable=False),
        sa.Column("first_hit_at", UtcTime(), nullable=False),
        sa.Column("last_hit_at", UtcTime(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("origins", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["first_article_id"], ["article.id"], name=op.f("fk_story_first_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
    )
    op.create_index(op.f("ix_story_first_article_id"), "story", ["first_article_id"])
    op.create_index("ix_story_newest", "story", ["last_hit_at", "id"])
    op.create_index("ix_story_newest_in_state", "story", ["state", "last_hit_at", "id"])
    op.create_index("ix_story_newest_of_rule", "story", ["rule_id", "last_hit_at", "id"])
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_silence_story_id_story")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )
    op.create_index(op.f("ix_silence_story_id"), "silence", ["story_id"])
    op.create_table(
        "storyread",
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_storyread_story_id_story")),
        sa.PrimaryKeyConstraint("story_id", "who", name=op.f("pk_storyread")),
    )


def _hits() -> None:
    op.create_table(
        "hit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("article_revision", sa.Integer(), nullable=False),
        sa.Column("config_revision", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("past", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("spans", Json, nullable=False),
        sa.Column("sentences", Json, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_hit_article_id_article")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_hit_story_id_story")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hit")),
        sa.UniqueConstraint("rule_id", "article_id", name=op.f("uq_hit_rule_id_article_id")),
    )
    op.create_index(op.f("ix_hit_article_id"), "hit", ["article_id"])
    op.create_index("ix_hit_at", "hit", ["at", "rule_id"])
    op.create_index(op.f("ix_hit_rule_id"), "hit", ["rule_id"])
    op.create_index(op.f("ix_hit_story_id"), "hit", ["story_id"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hit_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["hit_id"], ["hit.id"], name=op.f("fk_feedback_hit_id_hit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("hit_id", "who", name=op.f("uq_feedback_hit_id_who")),
    )
    op.create_index(op.f("ix_feedback_hit_id"), "feedback", ["hit_id"])


def _alerts() -> None:
    op.create_table(
        "digest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
    )
    op.create_index(op.f("ix_digest_due_at"), "digest", ["due_at"])
    op.create_index(op.f("ix_digest_rule_id"), "digest", ["rule_id"])
    op.create_table(
        "alert",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=True),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("targets", Json, nullable=False),
        sa.Column("view", Json, nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("release_at", UtcTime(), nullable=True),
        sa.Column("digest_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_alert_article_id_article")),
        sa.ForeignKeyConstraint(["digest_id"], ["digest.id"], name=op.f("fk_alert_digest_id_digest")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_alert_story_id_story")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_article_id"), "alert", ["article_id"])
    op.create_index(op.f("ix_alert_digest_id"), "alert", ["digest_id"])
    op.create_index(op.f("ix_alert_made_at"), "alert", ["made_at"])
    op.create_index(op.f("ix_alert_release_at"), "alert", ["release_at"])
    op.create_index(op.f("ix_alert_rule_id"), "alert", ["rule_id"])
    op.create_index(op.f("ix_alert_story_id"), "alert", ["story_id"])


def _deliveries() -> None:
    op.create_table(
        "target",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pause_reason", sa.String(), nullable=False),
        sa.Column("paused_at", UtcTime(), nullable=True),
        sa.Column("next_allowed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
    )
    op.create_index(op.f("ix_target_channel"), "target", ["channel"])
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcTime(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("first_try_at", UtcTime(), nullable=True),
        sa.Column("last_try_at", UtcTime(), nullable=True),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.Column("error_class", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_delivery_alert_id_alert")),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name=op.f("fk_delivery_target_id_target")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("key", name=op.f("uq_delivery_key")),
    )
    op.create_index(op.f("ix_delivery_alert_id"), "delivery", ["alert_id"])
    op.create_index("ix_delivery_due", "delivery", ["state", "not_before"])
    op.create_index("ix_delivery_newest", "delivery", ["made_at", "id"])
    op.create_index("ix_delivery_newest_in_state", "delivery", ["state", "made_at", "id"])
    op.create_index("ix_delivery_newest_of_channel", "delivery", ["channel", "state", "made_at", "id"])
    op.create_index("ix_delivery_newest_of_rule", "delivery", ["rule_id", "state", "made_at", "id"])
    op.create_index(op.f("ix_delivery_target_id"), "delivery", ["target_id"])
    op.create_table(
        "optout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_optout")),
        sa.UniqueConstraint("rule_id", "target_id", name=op.f("uq_optout_rule_id_target_id")),
    )


def _latencies() -> None:
    op.create_table(
        "latencysum",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("leg", sa.String(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "leg", "bucket", "slot", name=op.f("pk_latencysum")),
    )


def _robots() -> None:
    op.create_table(
        "robotsfile",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_robotsfile")),
    )


def _office() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("over_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_at"), "notice", ["at"])
    op.create_index(op.f("ix_notice_key"), "notice", ["key"])
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("name", name=op.f("uq_person_name")),
    )
    op.create_table(
        "apitoken",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("last_used_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_apitoken_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apitoken")),
        sa.UniqueConstraint("name", name=op.f("uq_apitoken_name")),
        sa.UniqueConstraint("sha256", name=op.f("uq_apitoken_sha256")),
    )
    op.create_index(op.f("ix_apitoken_person_id"), "apitoken", ["person_id"])
