"""What mends a problem: candidates for each kind of it, each tried on the network before it is offered, best first.

`case` is what is known of a problem; `wiring`, `adapters`, `sizes` and `losses` make candidates; `ranking` tries them.
"""
