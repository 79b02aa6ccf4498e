"""Alerts: what a story owes people, when it is told, in which words, and over which channel.

policy.py (what is owed, quiet hours, digests) → stages.py (send, hold, fold or drop, with a Reason) → compose.py
(a Message) → channels.py (to one target) → retry.py (what follows from the Result). All but the channels are pure.
"""
