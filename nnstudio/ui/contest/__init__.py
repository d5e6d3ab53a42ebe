"""Versions of a run side by side, on the same batches: a cure that is tried, or two networks or plans that compete.

What is compared is a :class:`~nnstudio.ui.contest.versions.Version`; the contest runs in `train.contest`.
"""
