"""The schema's history (Alembic). Never edited after a release."""
