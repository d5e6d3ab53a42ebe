"""Choosing data (being written)."""


def choose_data(session, parent, path=None):
    return None
