"""Over how much the losses of a batch are means, where that is not its rows: filled up steps and ignored codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled


class Counted:
    """What counts in each batch of a pass, by loss: only of losses that say so (``counted`` beside ``forward``)."""

    def __init__(self) -> None:
        self.last: dict[str, torch.Tensor] = {}
        self._found: dict[str, list[torch.Tensor]] = {}

    def add(self) -> None:
        """A batch has been done."""
        for id, count in self.last.items():
            self._found.setdefault(id, []).append(count)

    def numbers(self) -> Mapping[str, Sequence[float]]:
        """What counted in each batch, by loss; a loss in which nothing did is left out."""
        import torch

        read = {id: torch.stack(counts).double().tolist() for id, counts in self._found.items()}
        return {id: counts for id, counts in read.items() if sum(counts) > 0}


@contextmanager
def counting(compiled: Compiled) -> Iterator[Counted]:
    """While this lasts, losses that are called say what counts."""
    counted = Counted()
    with ExitStack() as hooks:
        for id in compiled.losses:
            module: Any = compiled.modules.get(id)
            if getattr(module, "reduction", "") == "mean" and hasattr(module, "counted"):

                def count(module: Any, args: tuple[Any, ...], given: Mapping[str, Any], _: Any, id: str = id) -> None:
                    counted.last[id] = module.counted(*args, **given)

                hooks.callback(module.register_forward_hook(count, with_kwargs=True).remove)
        yield counted
