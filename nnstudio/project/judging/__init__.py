"""Judging a trained network: its answers on a split beside what was right, and every figure that follows from them.

``judge`` works out the answers once; ``classes``, ``curves``, ``numbers``, ``places`` make figures of them, ``slices``
by group; ``attacks`` and ``explaining`` ask the network again, about inputs that were changed. No Qt; torch is imported
in functions.
"""
