"""When things happen: Prefect's schedules and run reports. The only place that imports prefect.

Correctness lives in our own database (unique keys, leases, the delivery ledger); without its decorators this code
still works.
"""
