"""Projects: the file format, the journal of unsaved work, the gallery, and the façade of DESIGN 8.

Imports all packages below it, but neither torch nor polars until a project is trained, and never Qt.
"""
