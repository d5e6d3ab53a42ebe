"""Private training: each sample's own gradient, clipped, summed, with noise (Abadi et al., "Deep learning with
differential privacy", 2016, algorithm 1)."""

from __future__ import annotations

import contextlib
import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnstudio.data.augment import Mixup
from nnstudio.train.batches import Batches
from nnstudio.train.environment import TrainingError, seed_of
from nnstudio.train.events import PrivacySpent
from nnstudio.train.mixing import hindrances
from nnstudio.train.poisson import PoissonBatches
from nnstudio.train.privacy import Sampling, counted, epsilon, sampling

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.train.batches import Batch, Rows
    from nnstudio.train.plan import Plan
    from nnstudio.train.state import Moment, State
    from nnstudio.train.tracks import Track

#: Numbers of all samples' gradients that are held at once, at most (but always one sample's).
HELD = 1 << 25

Out = dict[str, "torch.Tensor"]
#: Of each sample its gradient by parameter (N×*), what the forward pass gave (N×*), and its total loss (N).
Samples = tuple[dict[str, "torch.Tensor"], Out, "torch.Tensor"]


class Secret:
    """What must not be guessed: which rows are drawn, and the noise. ``order``: the seed of the draw.

    Both come from the system's own randomness, so that nobody can work them out; or from the plan's seed where that
    asks for it. Neither generator is made for cryptography, and sums of floating-point numbers leak a little in
    principle (Mironov, "On significance of the least significant bits", 2012).
    """

    def __init__(self, plan: Plan, device: torch.device) -> None:
        import torch

        self.device = device
        self.order = seed_of(plan.seed, "private") if plan.repeatable else secrets.randbits(63)
        noise = seed_of(plan.seed, "private noise") if plan.repeatable else secrets.randbits(63)
        self.noise = torch.Generator(device).manual_seed(noise)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a checkpoint keeps of it."""
        import torch

        return {"private.order": torch.tensor([self.order]), "private.noise": self.noise.get_state()}

    def restore(self, tensors: Any) -> None:
        """Go on from what :meth:`tensors` gave."""
        if "private.order" in tensors:
            self.order = int(tensors["private.order"][0])
            self.noise.set_state(tensors["private.noise"])


def without_secret(moment: Moment) -> Moment:
    """A moment as a fork begins with it: noise that two models share could be taken out by whoever has both."""
    return replace(moment, tensors={n: t for n, t in moment.tensors.items() if not n.startswith("private.")})


def secret_of(compiled: Compiled, plan: Plan, device: torch.device) -> Secret | None:
    """The secret of a run by this plan; None where it is not private. TrainingError where it cannot be."""
    found = hindrances(plan, compiled.resolution.network)
    if found:
        raise TrainingError(found[0].message, found[0].hint, found[0].node)
    return Secret(plan, device) if plan.private else None


def batches_of(state: State, rows: Rows) -> Batches:
    """The training batches of a run; of a private one those that are drawn row by row, whose gradients the state's
    tracks then work out sample by sample. TrainingError where rows are mixed before."""
    plan, secret = state.plan, state.secret
    if secret is None:
        return Batches(rows, plan.batch_size, plan.seed)
    mixed = next((each for each in getattr(rows.augmenting, "records", ()) if isinstance(each, Mixup)), None)
    if mixed is not None:
        raise TrainingError(
            f"“{mixed.title}” blends samples with others, so that no sample’s gradient is its own",
            "take it out of the data’s augmentation, or turn private training off",
        )
    drawn = sampling(plan, rows.rows)
    for track in state.tracks.all:
        track.private = PrivateGradients(track, state, secret, drawn)
    return PoissonBatches(rows, plan.batch_size, secret, drawn)


def spent(state: State, rows: int, left: int, **at: Any) -> Iterator[PrivacySpent]:
    """What a run over so many rows has given away until now, and will have with so many steps ``left`` to be done;
    nothing where it is not private. at: step and time, as events have them."""
    plan = state.plan
    if state.secret is not None:
        drawn, segments = sampling(plan, rows), state.progress.spent
        yield PrivacySpent(
            **at, epsilon=epsilon(segments, plan.delta), delta=plan.delta,
            planned=epsilon([*segments, (drawn.rate, plan.noise_multiplier, left)], plan.delta),
            rows=drawn.expected, of=drawn.rows, noise=plan.noise_multiplier, norm=plan.sample_norm,
        )  # fmt: skip


def per_sample(compiled: Compiled, plan: Plan) -> int:
    """Bytes that the gradients of a step's samples take, each by itself."""
    numbers = sum(parameter.numel() for parameter in compiled.training.parameters() if parameter.requires_grad)
    return 4 * max(numbers, min(HELD, numbers * plan.batch_size))


class PrivateGradients:
    """Works out a step's gradient from each sample's own. Called with a batch, it leaves the noisy mean of the clipped
    gradients in the parameters' ``grad`` and gives what the forward pass gave, losses as means over the samples, and
    the total loss.

    The loss of a sample is that of a batch with it alone. The sum is divided by the number of rows that a step draws on
    average, so that the batch's own size tells nothing.
    """

    def __init__(self, track: Track, state: State, secret: Secret, drawn: Sampling) -> None:
        self.track, self.state, self.secret, self.drawn = track, state, secret, drawn
        named = dict(track.part.training.named_parameters())
        own = {id(parameter): parameter for parameter in track.parameters}
        self.parameters = {name: p for name, p in named.items() if id(p) in own}
        numbers = sum(parameter.numel() for parameter in self.parameters.values())
        self.held = max(1, HELD // max(1, numbers))
        self.together: bool | None = None
        self._last: tuple[Out, torch.Tensor] | None = None

    def __call__(self, batch: Batch) -> tuple[Out, torch.Tensor]:
        import torch

        plan, count = self.track.plan, len(batch[0])
        sums = {name: torch.zeros_like(parameter) for name, parameter in self.parameters.items()}
        told: list[tuple[Out, torch.Tensor]] = []
        for start in range(0, count, self.held):
            gradients, outs, totals = self.samples(tuple(tensor[start : start + self.held] for tensor in batch))
            told.append((outs, totals))
            factors = _factors(list(gradients.values()), plan.sample_norm)
            for name, gradient in gradients.items():
                sums[name] += torch.tensordot(factors.to(gradient.dtype), gradient, dims=1)
        self._add_noise(sums, plan.noise_multiplier * plan.sample_norm)
        for name, parameter in self.parameters.items():
            parameter.grad = sums[name]
        counted(self.state.progress.spent, self.drawn.rate, plan.noise_multiplier)
        return self._told(told)

    def samples(self, batch: Batch) -> Samples:
        """What is known of each sample of a batch, by the quicker way that this network allows."""
        if self.together is None:
            check_apart(self.track, batch)
            self.together = self._can_together(batch)
        way = together if self.together else one_by_one
        return way(self.track.part.training, self.track.objective.total, self.parameters, batch)

    def _can_together(self, batch: Batch) -> bool:
        """Whether torch can work out the samples of this network all at once: tried on two, random state kept."""
        some = tuple(tensor[:2] for tensor in batch)
        with _kept_random(self.secret.device):
            try:
                together(self.track.part.training, self.track.objective.total, self.parameters, some)
            except (RuntimeError, NotImplementedError, ValueError):
                return False
        return True

    def _add_noise(self, sums: dict[str, torch.Tensor], deviation: float) -> None:
        import torch

        for total in sums.values():
            noise = torch.empty_like(total).normal_(0.0, deviation, generator=self.secret.noise)
            total.add_(noise).div_(self.drawn.expected)

    def _told(self, told: Sequence[tuple[Out, torch.Tensor]]) -> tuple[Out, torch.Tensor]:
        """The parts as one; of a step that drew no rows, the losses of the last that did."""
        import torch

        losses = self.track.part.losses
        if not told:
            if self._last is None:
                zero = torch.zeros((), device=self.secret.device)
                self._last = dict.fromkeys(losses, zero), zero
            return self._last
        outs = {name: torch.cat([out[name] for out, _ in told]) for name in told[0][0]}
        outs.update({id: outs[id].mean() for id in losses})
        total = torch.cat([totals for _, totals in told]).mean()
        self._last = {id: outs[id] for id in losses}, total
        return outs, total


def together(
    module: torch.nn.Module,
    total_of: Callable[[Any], torch.Tensor],
    parameters: Mapping[str, torch.Tensor],
    batch: Batch,
) -> Samples:
    """Each sample's own gradient, all worked out at once by `torch.func`.

    module: gives a dict of tensors for a batch; total_of: the loss of what it gives; parameters: those of the module's
    that are trained, by name. Raises what torch raises where an operation cannot be done for many samples at once.
    """
    from torch.func import functional_call, grad, vmap

    recurrent = any(isinstance(each, _recurrent()) for each in module.modules())

    def loss(values: dict[str, torch.Tensor], *sample: torch.Tensor) -> Any:
        inputs = tuple(tensor.unsqueeze(0) for tensor in sample)
        with _zeros_like(sample[0]) if recurrent else contextlib.nullcontext():
            out = functional_call(module, values, inputs)
        total = total_of(out)
        return total, (total, out)

    values = {name: parameter.detach() for name, parameter in parameters.items()}
    every = vmap(grad(loss, has_aux=True), (None, *[0] * len(batch)), randomness="different")
    with _plain_kernels(module):
        gradients, (totals, outs) = every(values, *batch)
    return gradients, {name: _rows(value) for name, value in outs.items()}, totals


def one_by_one(
    module: torch.nn.Module,
    total_of: Callable[[Any], torch.Tensor],
    parameters: Mapping[str, torch.Tensor],
    batch: Batch,
) -> Samples:
    """As :func:`together`, by a forward and a backward pass for each sample."""
    import torch

    trained = list(parameters.values())
    found: list[tuple[list[torch.Tensor], Out, torch.Tensor]] = []
    for at in range(len(batch[0])):
        out = module(*(tensor[at : at + 1] for tensor in batch))
        total = total_of(out)
        own = torch.autograd.grad(total, trained, allow_unused=True)
        gradients = [torch.zeros_like(p) if g is None else g for g, p in zip(own, trained, strict=True)]
        found.append((gradients, {name: value.detach() for name, value in out.items()}, total.detach()))
    stacked = {name: torch.stack([each[0][at] for each in found]) for at, name in enumerate(parameters)}
    outs = {name: _rows(torch.stack([each[1][name] for each in found])) for name in found[0][1]}
    return stacked, outs, torch.stack([each[2] for each in found])


def _recurrent() -> tuple[type, ...]:
    from torch.nn.modules import rnn

    return rnn.RNNBase, rnn.RNNCellBase


def _zeros_like(sample: torch.Tensor) -> Any:
    """Have `torch.zeros` give zeros for each sample: torch's recurrent layers begin with them, and then write into
    them what differs from sample to sample."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Zeros(TorchFunctionMode):
        def __torch_function__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if call is torch.zeros:
                return sample.new_zeros(*args, **(kwargs or {}))
            return call(*args, **(kwargs or {}))

    return Zeros()


def _factors(gradients: Sequence[torch.Tensor], norm: float) -> torch.Tensor:
    """What each sample's gradient is multiplied by so that it is no longer than ``norm``: float32, shape (N,)."""
    import torch

    parts = [torch.linalg.vector_norm(each.flatten(1), dim=1, dtype=torch.float32) for each in gradients]
    lengths = torch.linalg.vector_norm(torch.stack(parts), dim=0)
    factors: torch.Tensor = (norm / lengths.clamp_(min=1e-12)).clamp_(max=1.0)
    return factors


def _rows(value: torch.Tensor) -> torch.Tensor:
    """What batches of one sample gave, as a batch: N×1×* becomes N×*."""
    return value.detach().flatten(0, 1) if value.dim() > 1 else value.detach()


def check_apart(track: Track, batch: Batch) -> None:
    """TrainingError where a buffer of the network changes by the samples that pass through: no noise would reach it.
    Random state and buffers stay as they were."""
    import torch

    module = track.part.training
    kept = {name: buffer.clone() for name, buffer in module.named_buffers()}
    if not kept:
        return
    device = next(iter(kept.values())).device
    with aside(device):
        with contextlib.suppress(ValueError, RuntimeError):  # what cannot take a few samples says so at the first step
            module(*(tensor[:4] for tensor in batch))
        changed = [name for name, buffer in module.named_buffers() if not torch.equal(buffer, kept[name])]
        for name, buffer in module.named_buffers():
            buffer.copy_(kept[name])
    if changed:
        node, _, what = changed[0].rpartition(".")
        raise TrainingError(
            f"“{node}” keeps figures of the samples ({what}), to which private training adds no noise",
            "freeze it, or take another layer in its place",
        )


@contextlib.contextmanager
def aside(device: torch.device) -> Iterator[None]:
    """For a pass that is only looked at: no gradients, and the random state stays as it was."""
    import torch

    with _kept_random(device), torch.no_grad():
        yield


@contextlib.contextmanager
def _kept_random(device: torch.device) -> Iterator[None]:
    import torch

    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield


@contextlib.contextmanager
def _plain_kernels(module: torch.nn.Module) -> Iterator[None]:
    """Without oneDNN's fused LSTM where there is one, since torch takes that sample by sample here; and without the
    warnings that say so of others."""
    import torch

    fused = any(isinstance(each, torch.nn.LSTM) for each in module.modules())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with torch.backends.mkldnn.flags(enabled=False) if fused else contextlib.nullcontext():
            yield
