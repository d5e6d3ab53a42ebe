"""What a run needs of the process: device, threads, determinism and random state, all given back afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    import torch


class TrainingError(RuntimeError):
    """Training cannot begin or go on. The text is one sentence for a person; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "", node: str = "") -> None:
        super().__init__(message)
        self.message, self.hint, self.node = message, hint, node


def choose_device(name: str) -> torch.device:
    """The device of this name; ``auto`` takes CUDA, then MPS, then the CPU.

    TrainingError where the device is asked for by name and this machine has none.
    """
    import torch

    cuda = torch.cuda.is_available()
    mps = torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (name == "cuda" and not cuda) or (name == "mps" and not mps):
        what = {"cuda": "NVIDIA GPU that torch can use (CUDA)", "mps": "Apple GPU (MPS)"}[name]
        raise TrainingError(
            f"The plan asks for the device “{name}”, but this machine has no {what}",
            "choose the device “auto” or “cpu” in the plan, or install a torch that is built for the GPU",
        )
    return torch.device(name)


def cores() -> int:
    """How many CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_of(plan: Plan) -> int:
    """Threads to compute with: what the plan says, else all cores but one, which is the window's."""
    return plan.threads or max(1, cores() - 1)


def seed_of(seed: int, *purpose: object) -> int:
    """A seed for one purpose (``"order", epoch``), independent of those for others: 63 bits of a hash."""
    text = "/".join(map(str, (seed, *purpose))).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


@contextlib.contextmanager
def environment(plan: Plan, device: torch.device) -> Iterator[None]:
    """Threads, deterministic algorithms and the seed as the plan says; all as it was afterwards.

    torch keeps these for the whole process, so two runs at the same time would disturb each other.
    """
    import torch

    threads = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    warning = torch.is_deterministic_algorithms_warn_only_enabled()
    workspace = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        try:
            torch.set_num_threads(threads_of(plan))
            if plan.deterministic:
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
                torch.use_deterministic_algorithms(True)
            torch.manual_seed(seed_of(plan.seed, "torch"))
            yield
        finally:
            torch.set_num_threads(threads)
            if plan.deterministic:  # the call imports torch's compiler, which is left out where it need not be
                torch.use_deterministic_algorithms(strict, warn_only=warning)
            if workspace is None:
                os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


@contextlib.contextmanager
def any_algorithm() -> Iterator[None]:
    """Allow algorithms that are not deterministic, for looking at numbers that training does not depend on."""
    import torch

    if not torch.are_deterministic_algorithms_enabled():
        yield
        return
    warning = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(True, warn_only=warning)


def described(device: torch.device) -> Mapping[str, str]:
    """Versions and hardware, for the record of a run."""
    import torch

    accelerator = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(cores()),
        **({"accelerator": accelerator} if accelerator else {}),
        "executable": "frozen" if getattr(sys, "frozen", False) else "python",
    }
