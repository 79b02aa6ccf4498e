"""When things happen: Prefect's schedules and run reports. The only place that imports prefect.

Correctness lives in our own database (unique keys, leases, the delivery ledger); without its decorators this code
still works.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")  # before prefect is imported, which else tells home of its first use
