"""Make what is computed: ``python resources/datasets/make_simulated.py [engines] [words --espeak WHEEL]``.

engines.csv is simulated here; words.npz is spoken by eSpeak NG out of the wheel of espeakng-loader, which is unpacked
into a folder that is deleted afterwards. The files that come out are the same, byte for byte, each time.
"""

from __future__ import annotations

import argparse
import ctypes
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from make import write_csv, write_npz  # beside this file

ENGINES, MOST_CYCLES = 80, 125
#: What each sensor shows at full load, how much of that the load makes, what a worn compressor and a worn fan add, how
#: that grows with the damage, and the noise.
SENSORS = {
    "core_temperature": (620.0, 0.25, 24.0, 6.0, 1.0, 1.6),
    "exhaust_temperature": (540.0, 0.35, 30.0, 12.0, 1.5, 2.2),
    "pressure": (38.0, 0.50, -1.8, 1.4, 1.0, 0.13),
    "fan_speed": (2350.0, 0.30, 20.0, -24.0, 1.0, 2.5),
    "core_speed": (9050.0, 0.15, 70.0, -50.0, 1.5, 7.0),
    "fuel_flow": (5.2, 0.80, 0.20, 0.12, 1.0, 0.018),
    "vibration": (0.9, 0.40, 0.30, 0.90, 3.0, 0.05),
}
WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
ACCENTS = ("en-us", "en-gb-x-rp", "en-gb-scotland")
RATE, LENGTH, LOUDEST = 8000, 6000, 96


def engines() -> None:
    """Eighty engines from new to broken, of one fault or the other: damage grows slowly, then fast, and shows more the
    greater the load."""
    random = np.random.Generator(np.random.PCG64(2024))
    rows: list[list[object]] = []
    for engine in range(1, ENGINES + 1):
        life, bend, start = 120 + random.random() * 160, 1.5 + random.random() * 3, random.random() * 0.15
        life = int(life)
        fault = int(random.random() * 2)
        own = {name: 1 + 0.004 * normal(random) for name in SENSORS}
        for cycle in range(1, life + 1):
            damage = start + (1 - start) * (cycle / life) ** bend
            load = (0.55, 0.75, 1.0)[int(random.random() * 3)] + 0.02 * normal(random)
            air = 15 + 12 * np.sin(cycle / 30) + 3 * normal(random)
            shown: list[object] = [f"{load:.3f}", f"{air:.1f}"]
            for name, (full, share, *by, power, noise) in SENSORS.items():
                value = full * own[name] * (1 - share + share * load) * (1 + 0.0004 * (air - 15))
                value += by[fault] * load**2 * damage**power + noise * normal(random)
                shown.append(f"{value:.5g}")
            rows.append([f"engine {engine:02}", cycle, *shown, min(life - cycle, MOST_CYCLES)])
    write_csv("engines.csv", ["engine", "cycle", "load", "air", *SENSORS, "remaining"], rows)


def normal(random: np.random.Generator) -> float:
    """A normal random number out of uniform ones, which are the same for all versions of NumPy (Box and Muller)."""
    first, second = random.random(2)
    return float(np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second))


class Speaker:
    """eSpeak NG, unpacked into a folder."""

    def __init__(self, folder: Path) -> None:
        root = folder / "espeakng_loader"
        self.library = ctypes.CDLL(str(root / "libespeak-ng.so.1.52.0"))
        self.rate = self.library.espeak_Initialize(2, 0, str(root / "espeak-ng-data").encode(), 0)
        self.heard: list[np.ndarray] = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._kept = kind(self._hear)  # as long as the library may call it
        self.library.espeak_SetSynthCallback(self._kept)
        self.variants = sorted(path.name for path in (root / "espeak-ng-data" / "voices" / "!v").iterdir())

    def _hear(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _: object) -> int:
        if count > 0:
            self.heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def says(self, word: str, voice: str, rate: int, pitch: int) -> np.ndarray:
        """The samples of a word, at the library's rate; empty where there is no such voice."""
        self.heard.clear()
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            return np.zeros(0)
        self.library.espeak_SetParameter(1, rate, 0)
        self.library.espeak_SetParameter(3, pitch, 0)
        text = word.encode() + b"\0"
        self.library.espeak_Synth(text, len(text), 0, 1, 0, 1, None, None)
        self.library.espeak_Synchronize()
        return np.concatenate(self.heard).astype(float) if self.heard else np.zeros(0)


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """The samples at RATE, without what lies above half of it."""
    count = round(len(samples) * RATE / rate)
    kept = np.fft.rfft(samples)[: count // 2 + 1]
    kept *= np.clip((1 - np.linspace(0, 1, len(kept))) * 20, 0, 1)
    return np.fft.irfft(kept, count) * RATE / rate


def trimmed(samples: np.ndarray) -> np.ndarray:
    """Without the silence before and after, and of a loudness of 1."""
    loud = np.flatnonzero(np.abs(samples) > 0.03 * np.abs(samples).max(initial=0))
    kept = samples[loud[0] : loud[-1] + 1] if len(loud) else samples
    return kept / max(1e-9, np.abs(kept).max(initial=0))


def words(wheel: Path) -> None:
    """Ten words by every voice of eSpeak NG, each with an accent, a rate and a pitch; kin are in one part."""
    random = np.random.Generator(np.random.PCG64(7))
    sounds, said, voices, parts = [], [], [], []
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
        speaker = Speaker(Path(folder))
        families = sorted({variant.rstrip("0123456789").lower() for variant in speaker.variants})
        for variant in speaker.variants:
            number = families.index(variant.rstrip("0123456789").lower())
            accent = ACCENTS[int(random.random() * len(ACCENTS))]
            rate, pitch = 140 + int(random.random() * 60), 30 + int(random.random() * 40)
            part = "test" if number % 4 == 3 else "validation" if number % 8 == 1 else "train"
            for word in WORDS:
                made = trimmed(resampled(speaker.says(word, f"{accent}+{variant}", rate, pitch), speaker.rate))
                if not 800 <= len(made) <= LENGTH:  # too short to be heard, or too slow
                    continue
                place = int(random.random() * (LENGTH - len(made)))
                sounds.append(np.pad(np.round(made * LOUDEST), (place, LENGTH - len(made) - place)).astype(np.int8))
                said.append(word)
                voices.append(f"{variant} ({accent})")
                parts.append(part)
    write_npz("words.npz", sound=np.stack(sounds), word=np.array(said, "S"), voice=np.array(voices, "S"),
              part=np.array(parts, "S"))  # fmt: skip


def main() -> None:
    """Write the named sets beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=("engines", "words"))
    parser.add_argument("--espeak", type=Path, metavar="WHEEL")
    options = parser.parse_args()
    if "engines" in options.names:
        engines()
    if "words" in options.names:
        if options.espeak is None:
            parser.error("words needs --espeak WHEEL; pip download --no-deps espeakng-loader")
        words(options.espeak)


if __name__ == "__main__":
    main()
