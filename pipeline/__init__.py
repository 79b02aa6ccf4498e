"""What happens, in order; joins the workshops to storage. Knows no Prefect, no browser, no terminal.

The whole run, each line a loop of its own that claims what is due (run.py starts them together):

    poll     feeds due      → one guarded GET each → entries, their pending articles, validators, next poll
    read     pages pending  → GET → Extraction in a worker that can be killed → ready | partial | duplicate
    match    articles due   → hits → stories → alerts → deliveries, under the rules' locks
    past     rules that are new → hits on what is stored already, shown and not told
    index    articles matched → their words, for search, backtests, near misses; when the others leave time
    prune    once a day: what is old enough and nobody's business any more → gone
    alert    held alerts and digests whose time has come → deliveries (release.py)
    deliver  deliveries due → one channel call each → the result, recorded after the call

Each arrow's end is one commit per item or small batch. Each line may run twice, alone, on several machines at once, or
after a crash anywhere: what is due is asked of storage, claimed with a lease, and committed under that lease.
Before a run lookout.py tells the operators what troubles.py finds; after a good one heartbeat.py says that it was made.
bootstrap.py is the one place of wiring; configure.py makes a watch file the active one.
"""
