"""Which articles tell the same event. Pure.

words.py, common.py (weighted words of any language) → event.py (how alike two texts are) and fingerprint.py (copies),
wires.py (whose text it is); cldr.py → places.py, days.py, sounds.py, numbers.py, things.py, cues.py → facts.py (what a
text says in whatever language) → telling.py (an article as it tells a story) → evidence.py (what speaks for and against
one event) → group.py (where it belongs).
"""
