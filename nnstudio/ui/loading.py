"""Loading torch from a background thread without holding up the window.

`import torch` maps some hundreds of megabytes of shared libraries while it holds Python's lock. They are opened
first through a foreign call, which gives the lock back meanwhile; the import then finds them loaded.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import sys
import threading
from pathlib import Path

log = logging.getLogger(__name__)
_lock = threading.Lock()


class TorchUnavailableError(RuntimeError):
    """Torch cannot be imported. The text is one sentence for a person, with the remedy."""


def load_torch() -> None:
    """Import torch, from any thread; the first call takes seconds. TorchUnavailableError where it cannot be."""
    if "torch" in sys.modules and getattr(sys.modules["torch"], "__version__", None):
        return
    with _lock:
        _open_libraries()
        try:
            import torch  # noqa: F401
        except Exception as error:
            log.warning("torch could not be imported", exc_info=True)
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise TorchUnavailableError(
                f"PyTorch could not be loaded ({reason}), so networks can be drawn and saved but not checked or "
                "trained; install it again with “pip install --force-reinstall torch” and restart NN Studio"
            ) from error
        _leave_a_core()


def _leave_a_core() -> None:
    """Have what works in the background from now on leave a core to the window. A run computes as its plan says."""
    import torch

    from nnstudio.train.environment import cores

    torch.set_num_threads(min(torch.get_num_threads(), max(1, cores() - 1)))


def _open_libraries() -> None:
    """Map torch's libraries with the lock given back. Whatever goes wrong here, the import says better."""
    if not sys.platform.startswith("linux"):
        return
    try:
        spec = importlib.util.find_spec("torch")
        if spec is None or spec.origin is None:
            return
        folder = Path(spec.origin).parent / "lib"
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
        for name, mode in (
            ("libtorch_global_deps.so", ctypes.RTLD_GLOBAL),
            ("libc10.so", ctypes.RTLD_LOCAL),
            ("libtorch_cpu.so", ctypes.RTLD_LOCAL),
            ("libtorch_python.so", ctypes.RTLD_LOCAL),
        ):
            if (folder / name).exists():
                dlopen(str(folder / name).encode(), mode | 1)  # 1: RTLD_LAZY
    except (OSError, AttributeError, ImportError, ValueError):
        log.debug("torch's libraries were not opened ahead", exc_info=True)
