"""What is kept: rows, questions and changes. No HTTP, no rules.

tables.py names the rows in the order of the way; engine.py opens the database and runs work in transactions; the
other files hold
one noun each, as functions that take a `Session` and run inside the caller's transaction.
"""
