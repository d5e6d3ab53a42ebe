"""The window: the only package that imports Qt. Torch is imported where it is first needed, never at import time.

`Session` holds what is shared, panels are widgets that take it and listen, `actions` is the one table of commands.
"""
