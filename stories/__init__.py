"""Which articles tell the same event. Pure.

words.py, common.py (weighted words of any language) → event.py (how alike two texts are) and fingerprint.py (copies),
wires.py (whose text it is) → telling.py (an article as it tells a story) → group.py (where it belongs).
"""
