"""An archive of pages → articles and hits, as if they had been read when they were taken; nobody is alerted.

    sources.py   what a person names → sources: a WARC file, a folder of pages, the stored snapshots
    records.py   a WARC file → its records, each apart from the others, so that a broken one costs itself
    pages.py     a part of a source → its pages, or why a record gives none
    plan.py      a source → batches of some hundred records, as rows: what is done of it, and what is not
    judging.py   pages → articles with the rules' verdicts: known? extracted, its own words, matched
    batch.py     one batch: pages judged → one transaction for its articles, hits, stories and its own "done"
    replay.py    the run: lock, plan, a few batches at a time, what came of it
    telling.py   one digest a rule, where it is asked for

A batch is done as a whole or not begun, so a run that is killed goes on where it was. Who calls `batch.replay_batch`
does not matter: the command does in its own process, the flow through Dask on as many machines as there are.
"""
