"""Tests that look at every layer type for a moment only: those of a family are looked at in one test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nnstudio.layers import Layer


def by_family(types: Sequence[type[Layer]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A test of ``cls``, once for each of the types, in one test for each family of theirs. All types for which it
    fails are named."""

    def made(test: Callable[..., None]) -> Callable[..., None]:
        def over(family: str, **fixtures: Any) -> None:
            failed: list[Exception] = []
            for cls in types:
                if cls.family.title == family:
                    try:
                        test(cls=cls, **fixtures)
                    except Exception as error:
                        error.add_note(f"for the layer type {cls.type_name()}")
                        failed.append(error)
            if len(failed) == 1:
                raise failed[0]
            if failed:
                named = [error.__notes__[-1].split()[-1] for error in failed]
                raise ExceptionGroup(f"{test.__name__} fails for {', '.join(named)}", failed)

        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name != "cls"]
        family = inspect.Parameter("family", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        over.__signature__ = signature.replace(parameters=[family, *others])  # type: ignore[attr-defined]
        over.__name__, over.__doc__, over.__module__ = test.__name__, test.__doc__, test.__module__
        return pytest.mark.parametrize("family", sorted({cls.family.title for cls in types}))(over)

    return made
