"""A URL in, bytes or entries out: knows HTTP and feed formats, no database.

client.py     one polite, guarded GET (guard.py judges the address, decoding.py stops bombs, failures.py names faults)
robots.py     what a site's robots.txt lets us read
parse.py      bytes to entries: strict.py when there is no doubt, feedjson.py, sitemap.py, or feedparser after repair.py
pagelinks.py  a page's links as a feed; faulty.py feeds that say that there is no feed
entries.py    what comes out; its texts are made when they are asked for, of what the feed wrote (written.py)
identity.py   which entry is which; schedule.py when to ask again; both pure
discover.py   the feeds a page names; opml.py lists of feeds
"""
