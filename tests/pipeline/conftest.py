"""What the pipeline's tests have in common."""

from __future__ import annotations

from tests.builders import NOON as NOON
