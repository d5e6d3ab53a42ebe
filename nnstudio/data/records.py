"""Records of several kinds, such as steps and augmentations, as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from nnstudio.data.errors import DataError
from nnstudio.layers.params import Declared, ParameterError


class Record(Declared):
    """A declared record of a kind that is registered by a name. title: for a person, what it is called."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""


_R = TypeVar("_R", bound=Record)


def record_to_json(made: Record) -> dict[str, Any]:
    """A JSON value; :func:`record_from_json` reads it back."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in made.values().items()}
    return {"kind": made.kind, **values}


def record_from_json(data: Any, kinds: Mapping[str, type[_R]], what: str) -> _R:
    """Read what :func:`record_to_json` wrote; what is left out has its default. what: such a record is, with its
    article. DataError where it is none of these kinds."""
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if not isinstance(kind, str) or kind not in kinds:
        came = f"the kind {kind!r}" if isinstance(data, Mapping) else repr(data)[:40]
        raise DataError(f"{what} must be one of {', '.join(kinds)}, not {came}; update NN Studio")
    try:
        made: _R = kinds[kind].make({name: value for name, value in data.items() if name != "kind"})
    except ParameterError as error:
        raise DataError(f"“{kinds[kind].title}” cannot be read: {error}; set it anew") from error
    return made
