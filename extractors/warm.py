"""Importing this loads what reading pages needs, the language model included (1 s, 125 MB).

For the `preload` of a WorkerPool: the server that workers are forked from imports it once, and they share it.
"""

from extractors import language
from extractors.choose import warm_up

warm_up()
language.guess("warm")
