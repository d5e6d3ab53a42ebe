"""Playing sounds: through the package sounddevice where it is installed, else by a player of the system. No Qt."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Programs that play a WAV file, with what they are told before its path.
PLAYERS: tuple[tuple[str, ...], ...] = (
    ("pw-play",), ("paplay",), ("afplay",), ("aplay", "-q"), ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-v", "0"),
)  # fmt: skip
#: What says how to listen where nothing plays.
NO_PLAYER = "To listen, install the package sounddevice (“pip install sounddevice”) and start the program again."


def can_play() -> bool:
    """Whether there is anything that plays."""
    return bool(_player()) or _device() is not None


def _device() -> Any:
    """The module sounddevice, where it is installed and finds a loudspeaker."""
    try:
        import sounddevice

        sounddevice.query_devices(kind="output")
    except Exception:  # not installed, no PortAudio, or no device: whatever it raises, it cannot play
        return None
    return sounddevice


def _player() -> Sequence[str]:
    """The first player of the system that is there."""
    if sys.platform == "win32":
        return ("winsound",)
    if sys.platform.startswith("linux") and not _has_loudspeaker():
        return ()
    return next(([found, *rest] for name, *rest in PLAYERS if (found := shutil.which(name))), ())


def _has_loudspeaker() -> bool:
    """Whether Linux has anything that sounds could go to: a device, or a server of sounds."""
    own = Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere"))
    known = (Path("/dev/snd"), own / "pulse" / "native", own / "pipewire-0")
    return bool(os.environ.get("PULSE_SERVER")) or any(path.exists() for path in known)


class Playing:
    """One sound that is played at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._file: Path | None = None
        self._asynchronous = False  # Windows itself plays

    def play(self, samples: NDArray[np.floating], rate: int) -> None:
        """Play C×T from −1 to 1, in place of what is played; comes back at once. OSError where that fails."""
        self.stop()
        device = _device()
        if device is not None:
            device.play(np.ascontiguousarray(samples.T, np.float32), rate)
            return
        player = _player()
        if not player:
            raise OSError(NO_PLAYER)
        with tempfile.NamedTemporaryFile(prefix="nnstudio-", suffix=".wav", delete=False) as file:
            self._file = Path(file.name)
        write_wav(self._file, samples, rate)
        if player[0] == "winsound":
            import winsound

            winsound.PlaySound(str(self._file), winsound.SND_FILENAME | winsound.SND_ASYNC)  # type: ignore[attr-defined]
            self._asynchronous = True
            return
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([*player, str(self._file)], stdin=quiet, stdout=quiet, stderr=quiet)

    @property
    def failed(self) -> bool:
        """Whether the player ended with an error, such as where there is no loudspeaker."""
        return self._process is not None and bool(self._process.poll())

    def stop(self) -> None:
        """End what is played."""
        with contextlib.suppress(Exception):
            device = sys.modules.get("sounddevice")
            if device is not None:
                device.stop()
        if self._asynchronous:
            import winsound

            winsound.PlaySound(None, 0)  # type: ignore[attr-defined]
            self._asynchronous = False
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1)
            self._process = None
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)
            self._file = None


def write_wav(path: Path, samples: NDArray[np.floating], rate: int) -> None:
    """Write C×T from −1 to 1 as 16 bit. OSError where that fails."""
    whole = np.clip(np.rint(np.asarray(samples, np.float64) * 32767), -32768, 32767).astype("<i2")
    with path.open("wb") as stream, wave.open(stream, "wb") as file:
        file.setnchannels(len(whole))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(whole.T).tobytes())
