"""The stages as filters over files and JSON lines: the same code as live, without a database.

values.py   what goes in and comes out
stream.py   lines in, several processes, results in order and as soon as they are there
sources.py  files and addresses
feeds.py, pages.py, matches.py, stories.py   the four filters. Worker processes import these, and nothing of storage.
"""
