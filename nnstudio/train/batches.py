"""Batches of in-memory data: tensors sliced by index, with no work for each sample.

An epoch's order is one permutation (of very much data, one through a buffer), drawn from a seed of the plan's seed and
the epoch's number alone, so the place in the data is two numbers (epoch, batch). The rows of many batches, a window,
are gathered at once in that order and then cut into views, which costs about a microsecond a batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.lazy import Lazy, is_lazy
from nnstudio.train.environment import TrainingError, seed_of

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import InputSpec
    from nnstudio.train.augmenting import Augmenting

#: Bytes that a window of gathered rows takes at most (but always one batch).
WINDOW = 64 << 20
#: The same of rows that are read while training: one window is trained on, the next is read.
READ_WINDOW = 16 << 20
#: The same of rows that are augmented, so that no step waits long for it.
AUGMENTED_WINDOW = 4 << 20
#: Bytes of one batch of an evaluation, where that is more rows than a training batch.
EVALUATION = 4 << 20
#: Rows of one batch of an evaluation, at most, where a training batch is smaller.
EVALUATION_ROWS = 1024
#: Rows of more bytes are not shuffled all at once, from memory or disk alike: runs of so many rows that follow one
#: another are drawn at random, and shuffled together in a buffer of so many bytes. So each part of a file is read once.
SHUFFLED_WHOLE, RUN, BUFFER = 2 << 30, 4096, 256 << 20

Batch = tuple["torch.Tensor", ...]


class Data(Protocol):
    """What training needs of a data set; ``nnstudio.data.Dataset`` is one.

    arrays(split): encoded rows by field name, float32 or int64, shape (count(split), …). It may have ``augment`` and
    ``fields``, see `train.augmenting.augmenting_of`.
    """

    def count(self, split: str) -> int: ...
    def arrays(self, split: str) -> Mapping[str, NDArray[Any]]: ...


def batch_sizes(rows: int, batch_size: int) -> list[int]:
    """Sizes of an epoch's batches: the last one is what is left over.

    A single left-over sample joins the batch before it: batch normalisation cannot work on one sample, and a gradient
    of one sample is mostly noise.
    """
    sizes = [batch_size] * (rows // batch_size)
    rest = rows % batch_size
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


class Rows:
    """One split's rows as tensors for the inputs of a compiled network, on the device where they fit; those that are
    `Lazy` (`data.lazy`) are read when they are gathered. augmenting: what is done to them where they are trained on."""

    def __init__(
        self, inputs: Sequence[InputSpec], arrays: Mapping[str, NDArray[Any]], rows: int, device: torch.device,
        augmenting: Augmenting | None = None,
    ) -> None:  # fmt: skip
        import torch

        self.inputs, self.rows, self.device, self.augmenting = tuple(inputs), rows, device, augmenting
        self.tensors: dict[str, torch.Tensor] = {}
        self.lazy: dict[str, Lazy] = {}
        for spec in inputs:
            if spec.draw is None and spec.field not in self.tensors:
                array = _field(spec, arrays)
                if is_lazy(array):
                    self.lazy[spec.field] = cast(Lazy, array)
                else:
                    self.tensors[spec.field] = torch.from_numpy(array)
        size = sum(tensor.nbytes for tensor in self.tensors.values())
        read = sum(array.row_bytes for array in self.lazy.values())
        self.row_bytes = max(1, size // max(1, rows) + read) + sum(
            4 * int(np.prod(spec.draw.shape)) for spec in inputs if spec.draw is not None
        )
        self.resident = device.type == "cpu" or _fits(size, device)
        if self.resident:
            self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}

    def gather(self, order: torch.Tensor | slice, count: int, seed: int) -> Batch:
        """The inputs for the rows of ``order`` (int64, shape (count,)), random sources drawn from ``seed``."""
        import torch

        generator: torch.Generator | None = None
        made: dict[str, torch.Tensor] = {}
        gathered = []
        for spec in self.inputs:
            if spec.draw is not None:
                if generator is None:
                    generator = torch.Generator().manual_seed(seed)
                source = torch.randn if spec.draw.distribution == "normal" else torch.rand
                gathered.append(source(count, *spec.draw.shape, generator=generator).to(self.device))
                continue
            if spec.field not in made and spec.field in self.lazy:
                rows = order if isinstance(order, slice) else order.cpu().numpy()
                made[spec.field] = torch.from_numpy(self.lazy[spec.field][rows]).to(self.device)
            elif spec.field not in made:
                tensor = self.tensors[spec.field]
                taken = tensor[order] if isinstance(order, slice) else tensor.index_select(0, order.to(tensor.device))
                made[spec.field] = taken.to(self.device)
            gathered.append(made[spec.field])
        return tuple(gathered)

    def augmented(self, batch: Batch, seed: int) -> Batch:
        """What :meth:`gather` gave, changed at random from ``seed``; an Input's field is the same for all that take
        it."""
        if self.augmenting is None:
            return batch
        fields = {spec.field: t for spec, t in zip(self.inputs, batch, strict=True) if spec.draw is None}
        changed = self.augmenting(fields, seed)
        return tuple(
            changed[spec.field] if spec.draw is None else tensor
            for spec, tensor in zip(self.inputs, batch, strict=True)
        )

    def in_order(self, batch_size: int) -> Iterator[tuple[int, Batch]]:
        """All rows in their order in large batches, for an evaluation: (how many rows, the inputs)."""
        size = max(batch_size, min(EVALUATION_ROWS, EVALUATION // self.row_bytes), 1)
        for start in range(0, self.rows, size):
            stop = min(start + size, self.rows)
            yield stop - start, self.gather(slice(start, stop), stop - start, seed_of(0, "evaluation", start))


class Batches:
    """The training batches of every epoch."""

    def __init__(self, rows: Rows, batch_size: int, seed: int) -> None:
        self.source, self.batch_size, self.seed = rows, batch_size, seed
        self.sizes = batch_sizes(rows.rows, batch_size)
        most = READ_WINDOW if rows.lazy else AUGMENTED_WINDOW if rows.augmenting is not None else WINDOW
        self.window = max(1, most // max(1, rows.row_bytes * batch_size))

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""
        return len(self.sizes)

    def rows_of(self, epoch: int, batch: int) -> tuple[int, ...]:
        """Which rows of the split an epoch's batch has (all counted from 0)."""
        at = sum(self.sizes[:batch])
        return tuple(self._order(epoch)[at : at + self.sizes[batch]].tolist())

    def _order(self, epoch: int) -> torch.Tensor:
        """The rows in the order of an epoch, int64, shape (rows,)."""
        import torch

        generator = torch.Generator().manual_seed(seed_of(self.seed, "order", epoch))
        rows, row_bytes = self.source.rows, self.source.row_bytes
        if rows * row_bytes <= SHUFFLED_WHOLE:
            return torch.randperm(rows, generator=generator)
        runs = torch.randperm(-(-rows // RUN), generator=generator)
        order = (runs[:, None] * RUN + torch.arange(RUN)).reshape(-1)
        order = order[order < rows]
        buffer = max(RUN, BUFFER // row_bytes)
        for start in range(0, rows, buffer):
            part = order[start : start + buffer]
            order[start : start + buffer] = part[torch.randperm(len(part), generator=generator)]
        return order

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch (counted from 0) in its own order, from the ``start``-th on."""
        order = self._order(epoch)
        order = order.to(self.source.device) if self.source.resident else order
        for begin, end, window in self._windows(order, epoch, start):
            batches = zip(*(tensor.split(self.sizes[begin:end]) for tensor in window), strict=True)  # type: ignore[no-untyped-call]
            for place, batch in enumerate(batches, begin):
                if place >= start:
                    yield batch

    def _spans(self, start: int) -> Iterator[tuple[int, int]]:
        """First and last (exclusive) batch of each window from the one that holds batch ``start`` on. Where rows are
        read, the first batch is a window of its own, so that the first step does not wait for others."""
        ends = [*range(self.window, len(self.sizes), self.window), len(self.sizes)]
        if self.source.lazy and ends[0] > 1:
            ends.insert(0, 1)
        begins = [0, *ends[:-1]]
        return ((begin, end) for begin, end in zip(begins, ends, strict=True) if end > start)

    def _windows(self, order: torch.Tensor, epoch: int, start: int) -> Iterator[tuple[int, int, Batch]]:
        """The gathered rows of each window from the one of batch ``start`` on, and which batches those are; lazy ones
        are read one window ahead in a thread."""
        ends = np.concatenate([[0], np.cumsum(self.sizes)]).tolist()

        def gathered(begin: int, end: int) -> Batch:
            rows = order[ends[begin] : ends[end]]
            batch = self.source.gather(rows, len(rows), seed_of(self.seed, "noise", epoch, begin))
            return self.source.augmented(batch, seed_of(self.seed, "augmentation", epoch, begin))

        if not self.source.lazy:
            yield from ((*span, gathered(*span)) for span in self._spans(start))
            return
        with ThreadPoolExecutor(1, thread_name_prefix="reading") as reader:
            ahead: deque[tuple[int, int, Future[Batch]]] = deque()
            try:
                for span in self._spans(start):
                    ahead.append((*span, reader.submit(gathered, *span)))
                    if len(ahead) > 1:
                        begin, end, window = ahead.popleft()
                        yield begin, end, window.result()
                while ahead:
                    begin, end, window = ahead.popleft()
                    yield begin, end, window.result()
            finally:
                for _, _, window in ahead:
                    window.cancel()


def _field(spec: InputSpec, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    try:
        if is_lazy(arrays[spec.field]):
            return arrays[spec.field]
        array = np.ascontiguousarray(arrays[spec.field])
        return array if array.flags.writeable else array.copy()  # torch warns of memory that it must not write
    except KeyError:
        raise TrainingError(
            f"The input “{spec.name}” takes the field “{spec.field}”, which the data has not",
            f"choose one of its fields: {', '.join(arrays) or 'it has none'}",
            spec.node,
        ) from None


def _fits(size: int, device: torch.device) -> bool:
    """Whether data of this many bytes may stay on a GPU: at most half of what is free there."""
    import torch

    if device.type == "cuda":
        return size < torch.cuda.mem_get_info(device)[0] // 2
    return size < 4 << 30
