"""JSON as a file from anywhere may hold it: no NaN, no doubled keys, no deep nesting, no broken text."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

#: How deep lists and objects may stand in one another.
DEPTH_LIMIT = 64


def parse(data: bytes) -> Any:
    """The value. ValueError, saying what and where, for whatever JSON does not allow or a program cannot hold."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEPTH_LIMIT} levels") from None
    _check(value)
    return value


def written(value: Any) -> bytes:
    """The value with sorted keys, the same bytes each time. ValueError where it is NaN or infinite."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        doubled = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {doubled!r} stands twice in one object")
    return made


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON allows")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _check(value: Any) -> None:
    """ValueError where it is nested too deep or holds half a character."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if not item.isascii():
                    _check_text(item)
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return
        level = below
    raise ValueError(f"it is nested deeper than {DEPTH_LIMIT} levels")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character (a lone surrogate)") from None
