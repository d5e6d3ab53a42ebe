"""Sounds: WAV files of every form, folders of them, and what can be wrong with a file."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnstudio.data import DataError, describe_file, nifti, open_data, sound
from nnstudio.data.dataset import Dataset

RATE = 8000


def tone(seconds: float = 0.1, pitch: float = 440.0, rate: int = RATE) -> np.ndarray[Any, Any]:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


def wav(
    values: np.ndarray[Any, Any], *, bits: int = 16, kind: int = 1, channels: int = 1, rate: int = RATE,
    promised: int | None = None, extensible: bool = False, between: bytes = b"",
) -> bytes:  # fmt: skip
    """A WAV file of values from −1 to 1 (all channels one after the other in each frame)."""
    if kind == 3:
        data = values.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        data = (values * 127 + 128).round().astype(np.uint8).tobytes()
    else:
        whole = (values * (2.0 ** (bits - 1) - 1)).round().astype(np.int64)
        data = b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in whole)
    width = max(1, channels) * bits // 8
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else kind, channels, rate, rate * width, width, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 0, kind) + b"\0" * 14
    size = len(data) if promised is None else promised
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + between + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(len(chunks) + 4, 0xFFFFFFFF)) + b"WAVE" + chunks


def read(tmp_path: Path, data: bytes) -> tuple[np.ndarray[Any, Any], int]:
    path = tmp_path / "x.wav"
    path.write_bytes(data)
    return sound.read(path)


@pytest.mark.parametrize(
    ("bits", "kind", "off"), [(8, 1, 0.01), (16, 1, 1e-4), (24, 1, 1e-6), (32, 1, 1e-6), (32, 3, 1e-6), (64, 3, 1e-6)]
)
@pytest.mark.parametrize("extensible", [False, True])
def test_samples_of_every_width_are_read(tmp_path: Path, bits: int, kind: int, off: float, extensible: bool) -> None:
    samples, rate = read(tmp_path, wav(tone(), bits=bits, kind=kind, extensible=extensible))
    assert (samples.shape, rate) == ((1, 800), RATE)
    assert np.abs(samples[0] - tone()).max() < off


def test_channels_come_apart_and_other_chunks_are_passed_over(tmp_path: Path) -> None:
    both = np.stack([tone(), -tone()], 1).reshape(-1)
    samples, _ = read(tmp_path, wav(both, channels=2, between=b"LIST\3\0\0\0abc\0"))
    assert samples.shape == (2, 800)
    assert np.allclose(samples[0], -samples[1], atol=1e-4)


@pytest.mark.parametrize("promised", [0xFFFFFFFF, 2_000_000_000, 1601])
def test_a_file_that_promises_more_than_it_holds_gives_what_it_holds(tmp_path: Path, promised: int) -> None:
    samples, _ = read(tmp_path, wav(tone(), promised=promised))
    assert samples.shape == (1, 800)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (wav(tone(), channels=0), "0 channels"),
        (wav(tone(), promised=0), "hold no samples"),
        (wav(tone(), rate=0), "0 samples a second"),
        (wav(tone(), kind=6, bits=8), "kind 6, 8 bits"),
        (wav(tone(), bits=16)[:30], "cut short before their samples"),
        (b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff", "cut short before their samples"),
        (b"no sound at all", "no WAV files although"),
        (b"", "no WAV files although"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read(tmp_path, data)


def test_numbers_that_are_none_are_silence(tmp_path: Path) -> None:
    samples, _ = read(tmp_path, wav(np.array([np.nan, np.inf, 0.5]), kind=3, bits=32))
    assert samples[0].tolist() == [0.0, 1.0, 0.5]


def test_another_rate_keeps_the_pitch() -> None:
    made = sound.resampled(tone(1.0, 440.0)[None].astype(np.float32), RATE, 11025)
    assert made.shape == (1, 11025)
    assert np.abs(np.fft.rfft(made[0])).argmax() == 440


@pytest.fixture
def words(tmp_path: Path) -> Path:
    for name, pitch in (("low", 200.0), ("high", 900.0)):
        (tmp_path / name).mkdir()
        for place in range(10):
            rate = 16000 if place == 3 else RATE
            (tmp_path / name / f"{place}.wav").write_bytes(wav(tone(0.1 + 0.01 * (place == 5), pitch, rate), rate=rate))
    return tmp_path


def opened(folder: Path, **options: object) -> Dataset:
    reference = describe_file(folder)
    return open_data(reference.with_(options={**reference.options, **options}))


def test_a_folder_of_sounds_has_one_rate_and_length(words: Path) -> None:
    data = opened(words)
    assert data.reference.options["format"] == "sounds"
    assert data.types["sound"].labels == ("N", "C", "T")
    assert data.types["sound"].sizes[1:] == (1, 880)
    assert data.fields["label"].classes == ("high", "low")
    assert any("brought to 0.11 s" in text for text in data.warnings)
    heard = data.arrays("train")["sound"][:]
    assert 0.45 < np.abs(heard).max() < 0.6
    pitches = np.abs(np.fft.rfft(heard[:, 0, :800], axis=1)).argmax(axis=1) * 10
    high = data.arrays("train")["label"] == 0
    assert (np.abs(pitches - np.where(high, 900, 200)) <= 10).all()


def test_rate_and_length_are_chosen(words: Path) -> None:
    assert opened(words, rate=4000, milliseconds=50).types["sound"].sizes[1:] == (1, 200)
    with pytest.raises(DataError, match="samples a second"):
        opened(words, rate=3)


def test_sounds_that_cannot_be_read_are_left_out_and_told(words: Path) -> None:
    (words / "low" / "0.wav").write_bytes(wav(tone(), channels=0))
    (words / "low" / "1.wav").write_bytes(b"")
    (words / "high" / "0.wav").write_bytes(b"RIFF")
    data = opened(words)
    assert data.total == 17
    assert any("1 sound is left out, since they have 0 channels" in text for text in data.warnings)
    assert any("2 sounds are left out, since they are no WAV files" in text for text in data.warnings)


def test_flac_without_its_package_says_how_to_get_it(words: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    for path in words.rglob("*.wav"):
        path.rename(path.with_suffix(".flac"))
        path.with_suffix(".flac").write_bytes(b"fLaC")
    with pytest.raises(DataError, match="pip install soundfile"):
        opened(words)


def test_flac_and_ogg_are_read(words: Path) -> None:
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")
    for path in words.rglob("*.wav"):
        samples, rate = sound.read(path)
        soundfile.write(path.with_suffix(".flac"), samples.T, rate)
        path.unlink()
    (words / "low" / "bad.flac").write_bytes(b"fLaC and no more")
    data = opened(words)
    assert data.total == 20
    assert any("damaged" in text for text in data.warnings)


def test_a_scan_says_which_package_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "brain.nii").write_bytes(b"\0" * 400)
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(DataError, match="pip install nibabel"):
        describe_file(tmp_path / "brain.nii")


class Scans:
    """What stands in for nibabel: scans are NumPy arrays in files that are called as if they were NIfTI."""

    @staticmethod
    def load(path: Path) -> SimpleNamespace:
        with path.open("rb") as stream:
            array = np.load(stream)
        return SimpleNamespace(shape=array.shape, dataobj=array)


def test_a_folder_of_scans_gives_their_slices_and_keeps_each_scan_in_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", Scans)
    draw = np.random.default_rng(0)
    for place in range(12):
        scan = draw.random((6, 5, 4 + place)) if place else draw.random((8, 3, 4))
        with (tmp_path / f"p{place:02}.nii").open("wb") as stream:
            np.save(stream, scan)
        if place != 5:
            with (tmp_path / f"p{place:02}_seg.nii.gz").open("wb") as stream:
                np.save(stream, np.where(scan > 0.5, 4, 0))
    for name, slices in (("yy.nii", 6), ("yy_seg.nii", 5)):
        with (tmp_path / name).open("wb") as stream:
            np.save(stream, np.zeros((6, 5, slices)))
    (tmp_path / "zz.nii").write_bytes(b"no scan")
    (tmp_path / "zz_seg.nii").write_bytes(b"no scan")
    data = open_data(describe_file(tmp_path))
    assert data.types["image"].sizes[1:] == (1, 5, 6)
    assert data.fields["mask"].classes == ("0", "4")
    assert data.total == sum(4 + place for place in range(12) if place != 5)
    told = " ".join(data.warnings)
    assert "1 scan has no labels" in told
    assert "“zz.nii” is left out" in told
    assert "“yy.nii” is left out: “yy_seg.nii” is 6×5×5 and “yy.nii” 6×5×6; choose files that fit" in told
    assert "1 scan has another size than most; it is cut or filled up to 6×5" in told
    owner = data.columns["scan"].values
    parts = [set(owner[data.indices(split)].tolist()) for split in ("train", "validation", "test")]
    assert all(parts)
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
    row = int(np.flatnonzero(owner == 3)[2])
    scan = Scans.load(tmp_path / "p03.nii").dataobj[:, :, 2]
    image, mask = data.columns["image"].values[row], data.columns["mask"].values[row]
    assert (mask == (scan.T[::-1] > 0.5)).all()
    assert np.corrcoef(image[0].ravel(), scan.T[::-1].ravel())[0, 1] > 0.999


def test_slices_of_a_scan_and_its_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nibabel = pytest.importorskip("nibabel", reason="nibabel is not installed")
    scan = np.arange(6 * 5 * 12, dtype=np.int16).reshape(6, 5, 12)
    labels = np.where(scan > 200, 7, 0).astype(np.uint8)
    nibabel.save(nibabel.Nifti1Image(scan, np.eye(4)), tmp_path / "a.nii.gz")
    nibabel.save(nibabel.Nifti1Image(labels, np.eye(4)), tmp_path / "a_seg.nii.gz")
    data = open_data(describe_file(tmp_path / "a.nii.gz"))
    assert data.types["image"].sizes[1:] == (1, 5, 6)
    assert data.fields["mask"].classes == ("0", "7")
    assert data.total == 12
    assert data.columns["image"].values[3, 0, -1, 0] == pytest.approx(3 / scan.max())
    (tmp_path / "b.nii").write_bytes(b"\0" * 400)
    with pytest.raises(DataError, match="damaged or no NIfTI"):
        describe_file(tmp_path / "b.nii")
    monkeypatch.setattr(nifti, "MOST", 100)
    with pytest.raises(DataError, match="a scan of three axes"):
        describe_file(tmp_path / "a.nii.gz")
