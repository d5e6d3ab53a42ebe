"""How much of the gradients is signal: the same weights' gradients over the batches that were looked at lately."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: Batches that are remembered; below ``LEAST`` nothing is said.
WINDOW, LEAST = 16, 4
#: Weights that are followed, about: of each parameter some, evenly spread, so that memory is bounded.
FOLLOWED = 1 << 13
#: Of each parameter, at least so many (or all it has).
EACH = 64


class Noise:
    """The last gradients of some weights, and the L2 norms of their mean and of their standard deviation.

    Over n batches pure noise has a mean of about 1/√n of its deviation, so a signal-to-noise ratio near 1/4 says that
    no signal is seen.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        import torch

        self.parameters = list(parameters)
        total = sum(parameter.numel() for parameter in self.parameters)
        self._strides = []
        for parameter in self.parameters:
            wanted = min(parameter.numel(), max(EACH, FOLLOWED * parameter.numel() // max(1, total)))
            self._strides.append(-(-parameter.numel() // wanted) if wanted else 1)
        self._sizes = [
            len(range(0, p.numel(), stride)) for p, stride in zip(self.parameters, self._strides, strict=True)
        ]
        device = self.parameters[0].device if self.parameters else torch.device("cpu")
        self._rows = torch.zeros(WINDOW, sum(self._sizes), device=device)
        self._seen = 0

    def take(self) -> None:
        """Remember the gradients as they are now (zeros where there are none)."""
        import torch

        with torch.no_grad():
            parts = [
                self._rows.new_zeros(size) if p.grad is None else _followed(p.grad, stride)
                for p, stride, size in zip(self.parameters, self._strides, self._sizes, strict=True)
            ]
            torch.cat(parts, out=self._rows[self._seen % WINDOW])
        self._seen += 1

    def norms(self) -> list[torch.Tensor]:
        """Of each parameter's followed weights, the L2 norm of the mean and that of the standard deviation over the
        batches, two tensors of shape (parameters,), still on the device; empty until some batches have been seen."""
        import torch

        if self._seen < LEAST:
            return []
        with torch.no_grad():
            rows = self._rows[: min(self._seen, WINDOW)]
            each = rows.new_full((len(rows),), 1 / len(rows))
            mean = each @ rows  # as a product it takes half as long as a mean
            spread = (each @ (rows - mean).square_()).mul_(len(rows) / (len(rows) - 1)).sqrt_()
            return [torch.stack(torch._foreach_norm(values.split(self._sizes))) for values in (mean, spread)]  # type: ignore[no-untyped-call]


def _followed(gradient: torch.Tensor, stride: int) -> torch.Tensor:
    import torch

    flat = gradient.reshape(-1)
    flat = flat if stride == 1 else flat[::stride]
    return flat if flat.dtype == torch.float32 else flat.float()
