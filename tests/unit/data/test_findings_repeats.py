"""Rows that stand several times, and in two splits: found in every kind of data, and mended."""

from __future__ import annotations

import json
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnstudio.data import DataReference, Split, open_data
from nnstudio.data import repeats as repeats_module
from nnstudio.data.dataset import Dataset
from nnstudio.data.findings import Finding, findings
from nnstudio.data.steps.texts import Tokens

REPEATED = {"rows-in-two-splits", "repeated-rows"}


def repeats(data: Dataset) -> list[Finding]:
    return [each for each in findings(data) if each.code in REPEATED]


def cured(data: Dataset, title: str) -> Dataset:
    (one,) = repeats(data)
    (cure,) = [each for each in one.cures if each.title == title]
    return open_data(cure.change(data.reference))


def pictures(folder: Path, copies: int, same_size: bool = False) -> DataReference:
    random = np.random.default_rng(3)
    for kind in "ab":
        (folder / kind).mkdir(parents=True)
        for place in range(50):
            made = Image.fromarray((random.random((12, 12)) * 255).astype(np.uint8))
            ending = "bmp" if same_size else "png"
            made.save(folder / kind / f"{place}.{ending}")
            if place < copies:
                made.save(folder / kind / f"copy{place}.{ending}")
    return DataReference.file(folder)


def table(path: Path, names: str, rows: list[str]) -> DataReference:
    path.write_text("\n".join([names, *rows]))
    return DataReference.file(path)


@pytest.mark.parametrize("same_size", [True, False])
def test_copies_of_pictures_are_found_and_kept_in_one_part(tmp_path: Path, same_size: bool) -> None:
    data = open_data(pictures(tmp_path / "p", 50, same_size))
    (one,) = repeats(data)
    assert one.code == "rows-in-two-splits"
    assert one.evidence["rows"] >= 30
    (kept,) = repeats(cured(data, "Keep equal rows together"))
    assert kept.code == "repeated-rows"


def test_different_pictures_are_no_copies(tmp_path: Path) -> None:
    assert repeats(open_data(pictures(tmp_path / "p", 0, same_size=True))) == []


def test_copies_of_sounds_are_found(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    for kind in "ab":
        (tmp_path / "s" / kind).mkdir(parents=True)
        for place in range(20):
            samples = (random.normal(size=800) * 8000).astype(np.int16).tobytes()
            for name in (f"{place}.wav", f"copy{place}.wav"):
                with wave.open(str(tmp_path / "s" / kind / name), "wb") as file:
                    file.setparams((1, 2, 8000, 0, "NONE", ""))
                    file.writeframes(samples)
    assert repeats(open_data(DataReference.file(tmp_path / "s")))


def test_copies_in_an_array_are_found_and_used_once(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    image, label = (random.random((100, 8, 8)) * 255).astype(np.uint8), random.integers(0, 2, 100)
    path = tmp_path / "d.npz"
    np.savez(path, image=np.concatenate([image, image]), label=np.tile(label, 2))
    data = open_data(DataReference.file(path))
    once = cured(data, "Use equal rows once")
    assert sum(once.count(split) for split in ("train", "validation", "test")) == 100
    assert "100 rows are the same as an earlier one; no split uses them" in once.warnings
    assert repeats(once) == []


def test_only_so_many_bytes_of_large_arrays_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(100, 50)).astype(np.float32)
    path = tmp_path / "d.npz"
    np.savez(path, x=np.concatenate([x, x]), y=np.tile(random.integers(0, 2, 100), 2))
    monkeypatch.setattr(repeats_module, "READ", 200 * 60)
    (one,) = repeats(open_data(DataReference.file(path)))
    assert one.evidence["rows"] < 20


def test_copies_of_texts_are_found_before_and_after_they_become_tokens(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = ["good", "bad", "fine", "film", "plot", "story", "was", "very", "really", "the"]
    said = [
        json.dumps({"text": " ".join(random.choice(words, 12)), "label": str(random.choice(["p", "n"]))})
        for _ in range(200)
    ]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(said + said[:100]))
    data = open_data(DataReference.file(path))
    assert len(repeats(data)) == 1
    joined = cured(data, "Keep equal rows together")
    assert joined.count("validation") > 10  # texts count, not the label alone
    steps = (Tokens.make({"column": "text"}),)
    assert len(repeats(open_data(DataReference.file(path, steps=steps)))) == 1


@pytest.mark.parametrize("inputs", [1, 2])
def test_copies_in_a_small_table_of_decimals_are_found(tmp_path: Path, inputs: int) -> None:
    random = np.random.default_rng(1)
    rows = [",".join(f"{value:.4f}" for value in random.normal(size=inputs + 1)) for _ in range(200)]
    names = ",".join([*"ab"[:inputs], "target"])
    (one,) = repeats(open_data(table(tmp_path / "d.csv", names, rows + rows[:60])))
    assert one.evidence["rows"] >= 10
    assert repeats(open_data(table(tmp_path / "e.csv", names, rows))) == []


@pytest.mark.parametrize(
    "values",
    [
        lambda r: (n := int(r.integers(1, 50)), 2 * n),  # few numbers, and what follows from them
        lambda r: (int(r.integers(1, 5)), int(r.integers(1, 5)), "xy"[int(r.integers(0, 2))]),
        lambda r: (round(float(r.random()), 1), "small"),
        lambda r: (n := round(float(r.normal()), 1), round(n * n, 2), round(3 * n, 1)),
    ],
)
def test_equal_rows_of_few_possible_ones_are_chance(tmp_path: Path, values) -> None:
    random = np.random.default_rng(2)
    rows = [",".join(map(str, values(random))) for _ in range(300)]
    names = ",".join("abc"[: rows[0].count(",")]) + ",target"
    assert repeats(open_data(table(tmp_path / "d.csv", names, rows))) == []


def test_short_texts_are_equal_by_chance(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    rows = [json.dumps({"text": str(random.choice(["yes", "no", "maybe"])), "y": place % 7}) for place in range(200)]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(rows))
    data = open_data(DataReference.file(path).with_choice("text", kind="text"))
    assert repeats(data) == []


def test_rows_that_lack_a_value_are_in_no_part_where_that_is_chosen(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    rows = [
        f"{random.normal():.4f},{'' if n % 5 == 0 else f'some words {n}'},{random.normal():.4f}" for n in range(100)
    ]
    reference = table(tmp_path / "d.csv", "a,text,target", rows)
    (one,) = [each for each in findings(open_data(reference)) if each.code == "missing-values"]
    assert "“text” has no value in 20 rows (20.0%); it is read as an empty text" in one.message
    assert one.rows[:2] == (0, 5)
    after = open_data(one.cures[0].change(reference))
    assert not any(row % 5 == 0 for split in ("train", "validation", "test") for row in after.indices(split))
    assert "20 rows lack a value; no split uses them" in after.warnings
    assert "missing-values" not in {each.code for each in findings(after)}


def test_data_of_which_each_row_lacks_something_is_told_in_a_sentence(tmp_path: Path) -> None:
    rows = [f"{'' if n % 2 else n},{n if n % 2 else ''},{n}" for n in range(30)]
    reference = table(tmp_path / "d.csv", "a,b,target", rows).with_(split=Split(complete=True))
    with pytest.raises(Exception, match="Every row of “d.csv” lacks a value"):
        open_data(reference)


def test_a_split_by_rows_once_is_saved_with_the_reference() -> None:
    reference = DataReference("file:x", split=Split(once=True, complete=True))
    assert DataReference.from_json(reference.to_json()) == reference


@pytest.mark.parametrize("times", [2, 4])
def test_where_all_rows_stand_several_times_the_parts_keep_their_shares(tmp_path: Path, times: int) -> None:
    rows = [f"{at * 0.37:.4f},{at * 1.91 % 7:.4f},{'ab'[at % 2]}" for at in range(200)] * times
    reference = table(tmp_path / "t.csv", "one,two,kind", rows)
    data = open_data(reference.with_(split=reference.split.with_(together=True)))
    shares = [data.count(split) / data.total for split in ("train", "validation", "test")]
    assert shares == pytest.approx(data.reference.split.shares, abs=0.02)
    seen = [{rows[row] for row in data.indices(split).tolist()} for split in ("train", "validation", "test")]
    assert not seen[0] & (seen[1] | seen[2])
    assert not seen[1] & seen[2]


def test_equal_rows_keep_together_what_belongs_to_their_groups_in_each_fold_too(tmp_path: Path) -> None:
    rows = [f"{at // 4},{at % 88 * 0.37:.4f},{at % 88 % 2}" for at in range(176)]  # each row is in two groups
    reference = table(tmp_path / "g.csv", "who,one,kind", rows).with_choice("who", role="group")
    for data in open_data(reference.with_(split=reference.split.with_(together=True))).folds(3):
        who = [{rows[row].split(",")[0] for row in data.indices(split).tolist()} for split in ("train", "test")]
        what = [{rows[row].split(",", 1)[1] for row in data.indices(split).tolist()} for split in ("train", "test")]
        assert not (who[0] & who[1])
        assert not (what[0] & what[1])


def test_one_long_text_among_many_takes_no_memory_for_all(tmp_path: Path) -> None:
    texts = [f"text {at}" for at in range(3000)] + ["long " * 40_000]
    lines = [json.dumps({"text": text, "kind": "ab"[at % 2]}) for at, text in enumerate(texts)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    reference = DataReference.file(tmp_path / "t.jsonl")
    tracemalloc.start()
    findings(open_data(reference.with_choice("text", role="input")))
    open_data(reference.with_(
        split=reference.split.with_(together=True), steps=(Tokens(column="text", by="words", length=8),)
    ))  # fmt: skip
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6, "a table of equal widths would take 2.4 GB"
