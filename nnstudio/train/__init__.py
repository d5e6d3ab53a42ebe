"""Training: the plan, the events, the loop that turns one into the other, and what stands between it and its watchers.

``loop.run`` is a generator of events; ``worker.Worker`` runs it in a thread that fills an ``EventStream``; ``History``
adds events up for whoever shows them. May import compile, data, graph and layers. ``plan`` and ``events`` import no
torch; the others import it when they are first used.
"""
