"""Steps that map columns: numbers, categories, dates, pictures, sounds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.data import DataError, DataReference, Split
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.lazy import Lazy
from nnstudio.data.preparation import Preparation
from nnstudio.data.steps.media import Crop, Resize, Spectrogram
from nnstudio.data.steps.numbers import Dates, Encode, Impute, Scale
from nnstudio.data.steps.windows import Windows

CITIES = ("Bern", "Köln", "Rom", "Oslo")


def drawn(seed):
    """Rows of a table, some of them without a size or a city."""
    random = np.random.default_rng(seed)
    count = int(random.integers(8, 30))
    size = np.where(random.random(count) < 0.2, np.nan, random.normal(size=count) * 10.0 ** random.integers(-2, 4))
    price, when = random.exponential(size=count) * 100, random.integers(0, 2_000_000_000, count)
    return list(zip(size, price, random.integers(-1, len(CITIES), count), when, strict=True))


ROWS = st.integers(0, 10**6).map(drawn)
STEPS = [
    *((Scale(columns=("size", "price"), how=how),) for how in ("standardise", "min–max", "robust", "log1p", "none")),
    *((Impute(columns=("size",), how=how, indicator=True),) for how in ("mean", "median", "most frequent", "constant")),
    (Impute(columns=("city", "size"), how="most frequent"),), (Impute(columns=("city",), how="constant"),),
    *((Encode(column="city", how=how, least=2),) for how in ("codes", "one-hot", "ordinal")),
    (Dates(column="when"), Scale(columns=("when_year",), how="min–max")),
]  # fmt: skip


def table(rows):
    """The columns of a table: a number with gaps, a number, a category with gaps, a date; the price is the target."""
    size, price, city, when = map(np.array, zip(*rows, strict=True))
    return {
        "size": Column("size", "number", size.astype(float), standardise=True),
        "price": Column("price", "number", price.astype(float), standardise=True, role="target"),
        "city": Column("city", "category", city.astype(np.int64), CITIES),
        "when": Column("when", "time", when.astype(float), role="ignored"),
    }


def opened(columns, *steps, split=None):
    count = len(next(iter(columns.values())).values)
    source = Source(columns, count, all(c.values.ndim == 1 for c in columns.values()), {})
    return Dataset(DataReference("file:x", steps=steps, split=split or Split(by_time=True)), source, "x")


def as_given(column, rows):
    """The values of a column as a person would write them."""
    values = column.values[rows]
    if column.kind == "category":
        return [None if code < 0 else column.categories[code] for code in values]
    if column.kind == "time":
        return [datetime.fromtimestamp(value, UTC).isoformat() for value in values]
    return [None if value != value else value for value in values.tolist()]


@pytest.mark.parametrize("steps", STEPS, ids=lambda steps: f"{steps[0].kind}-{getattr(steps[0], 'how', '')}")
@settings(max_examples=8, deadline=None)
@given(rows=ROWS)
def test_new_rows_are_prepared_as_the_data_also_by_what_was_saved(steps, rows):
    columns = table(rows)
    made = opened(columns, *steps)
    saved = Preparation.from_json(json.loads(json.dumps(made.prepared.to_json())))
    assert saved == made.prepared
    for split in ("train", "test"):
        if made.count(split):
            given_rows = {name: as_given(column, made.indices(split)) for name, column in columns.items()}
            for name, array in saved.encode(given_rows).items():
                np.testing.assert_allclose(array, made.arrays(split)[name], rtol=1e-5, atol=1e-5)
                assert np.isfinite(array).all()


@pytest.mark.parametrize("steps", STEPS, ids=lambda steps: f"{steps[0].kind}-{getattr(steps[0], 'how', '')}")
@settings(max_examples=6, deadline=None)
@given(rows=ROWS, other=ROWS)
def test_what_is_learned_comes_from_training_rows_alone(steps, rows, other):
    before = opened(table(rows), *steps)
    changed = list(rows)
    for place, row in enumerate((*before.indices("validation"), *before.indices("test"))):
        changed[row] = other[place % len(other)]
    assert opened(table(changed), *steps).prepared == before.prepared


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=8, max_size=12),
    st.sampled_from(["standardise", "min–max", "robust", "log1p", "none"]),
)
def test_a_scaled_target_is_told_in_the_unit_of_the_file(values, how):
    columns = {
        "x": Column("x", "number", np.arange(len(values), dtype=float)),
        "y": Column("y", "number", np.array(values), role="target"),
    }
    made = opened(columns, Scale(columns=("y",), how=how), split=Split.everything())
    expected = columns["y"].values[made.indices("train")]
    np.testing.assert_allclose(made.decode("y", made.arrays("train")["y"]), expected, rtol=1e-3, atol=1e-2)


def test_each_way_of_scaling_does_what_it_says():
    values = np.array([0.0, 1, 2, 3, 4, 5, 6, 1000])
    columns = {"x": Column("x", "number", values), "y": Column("y", "number", values, role="target")}

    def scaled(how):
        made = opened(columns, Scale(columns=("x",), how=how), split=Split.everything())
        return np.sort(made.arrays("train")["x"][:, 0])

    assert (scaled("min–max")[[0, -1]] == [0, 1]).all()
    assert abs(np.median(scaled("robust"))) < 1e-6
    assert abs(scaled("standardise").std() - 1) < 1e-5
    assert scaled("log1p")[-1] < scaled("standardise")[-1]
    assert (scaled("none") == values).all()


def test_a_missing_value_is_filled_and_marked():
    columns = table([(float("nan") if row % 4 == 0 else float(row), 1.0 + row, row % 3, row) for row in range(20)])
    made = opened(columns, Impute(how="constant", value=7.0, indicator=True), split=Split.everything())
    assert made.types["features"].sizes[1] == len(CITIES) + 2
    assert made.encode({"size": [None, 5], "city": ["Rom", "Rom"]})["size_missing"].ravel().tolist() == [1.0, 0.0]
    assert "size: 7" in made.prepared.told(0)


def test_categories_have_no_mean():
    with pytest.raises(DataError, match="have no mean"):
        opened(table([(1.0, 2.0, 0, 0)] * 9), Impute(columns=("city",), how="mean"))


def test_a_category_that_training_rows_lack_counts_as_unknown():
    rows = [(1.0, float(row), row % 3 if row < 14 else 3, row) for row in range(20)]
    made = opened(table(rows), Encode(column="city", how="codes"))
    assert any("6 rows have" in told and "unknown" in told for told in made.warnings)
    assert made.fields["city"].classes == ("<unknown>", "Bern", "Köln", "Rom")
    assert made.encode({"city": ["Rom", "Oslo", "Atlantis", ""]})["city"].tolist() == [3, 0, 0, 0]
    hot = opened(table(rows), Encode(column="city", how="one-hot")).encode({"city": ["Bern", "Atlantis"]})["city"]
    assert hot.tolist() == [[1, 0, 0], [0, 0, 0]]


def test_numbers_that_name_something_become_codes_in_their_order():
    columns = {
        "user": Column("user", "number", np.array([10.0, 9, 10, 101, 9, 10])),
        "rating": Column("rating", "number", np.arange(6.0), role="target"),
    }
    made = opened(columns, Encode(column="user"), split=Split.everything())
    assert made.fields["user"].classes == ("<unknown>", "9", "10", "101")
    assert made.encode({"user": [101, 5]})["user"].tolist() == [3, 0]


def test_the_end_of_the_year_is_next_to_its_beginning_and_a_date_can_be_typed():
    when = [datetime(2024, month, 1, tzinfo=UTC).timestamp() for month in range(1, 13)]
    columns = {
        "when": Column("when", "time", np.array(when), role="ignored"),
        "y": Column("y", "number", np.arange(12.0), role="target"),
    }
    made = opened(columns, Dates(column="when"), split=Split.everything())
    assert made.types["features"].sizes[1] == 7
    points = made.encode({"when": ["2024-12-31", "01.01.2025", "2024-07-01 12:00"]})
    circle = np.hstack([points["when_month_sin"], points["when_month_cos"]])
    assert np.linalg.norm(circle[0] - circle[1]) < 0.05 < np.linalg.norm(circle[0] - circle[2])
    assert made.prepared.takes("features") == ("when",)
    with pytest.raises(DataError, match="must be a date"):
        made.encode({"when": ["tomorrow"]})


def test_parts_of_dates_can_be_seen_in_windows():
    when = np.arange(60) * 3600.0
    columns = {
        "when": Column("when", "time", when, role="ignored"), "y": Column("y", "number", np.sin(when), role="target")
    }  # fmt: skip
    made = opened(columns, Dates(column="when", year=False, month=False, weekday=False), Windows(past=12, horizon=1))
    assert made.types["past"].sizes[1:] == (12, 3)
    assert set(made.prepared.takes("past")) == {"y", "when"}


# Pictures and sounds.


class Read(Lazy):
    """Values that count what was read of them."""

    def __init__(self, values):
        self.values, self.shape, self.dtype, self.read = values, values.shape, values.dtype, 0

    def take(self, rows):
        self.read += len(rows)
        return self.values[rows]


def pictures(count=12, height=9, width=7):
    random = np.random.default_rng(0)
    return {
        "image": Column("image", "image", random.integers(0, 256, (count, 3, height, width), np.uint8), divisor=255.0),
        "mask": Column(
            "mask", "mask", random.integers(0, 3, (count, height, width)), ("a", "b", "c"), role="target"
        ),
    }  # fmt: skip


@pytest.mark.parametrize("step", [Resize(height=4, width=14), Crop(height=5, width=11)], ids=["resize", "crop"])
def test_pictures_and_their_masks_get_another_size_and_new_ones_too(step):
    columns = pictures()
    made = opened(columns, step)
    assert made.types["image"].sizes[1:] == (3, step.height, step.width)
    assert made.types["mask"].sizes[1:] == (step.height, step.width)
    assert set(np.unique(made.arrays("train")["mask"])) <= {0, 1, 2}
    saved = Preparation.from_json(json.loads(json.dumps(made.prepared.to_json())))
    fresh = saved.encode({"image": columns["image"].values[made.indices("test")]})["image"]
    np.testing.assert_array_equal(fresh, made.arrays("test")["image"])


def test_a_resized_picture_looks_as_pillow_makes_it():
    from PIL import Image

    columns = pictures(count=2, height=24, width=30)
    made = opened(columns, Resize(height=10, width=17), split=Split.everything())
    row = int(made.indices("train")[0])
    picture = Image.fromarray(columns["image"].values[row].transpose(1, 2, 0))
    expected = np.asarray(picture.resize((17, 10), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    assert np.abs(made.arrays("train")["image"][0] * 255 - expected).max() <= 1.5


def test_pictures_that_are_read_when_asked_for_stay_so():
    columns = pictures(count=500)
    lazily = Read(columns["image"].values)
    made = opened(
        {"image": Column("image", "image", lazily, divisor=255.0)}, Resize(columns=("image",), height=4, width=4)
    )
    assert lazily.read < 10
    assert made.arrays("train")["image"][:3].shape == (3, 3, 4, 4)


def test_boxes_are_not_left_behind_by_a_crop():
    columns = pictures() | {"boxes": Column("boxes", "boxes", np.zeros((12, 2, 5), np.float32), ("a",))}
    with pytest.raises(DataError, match="resize the pictures instead"):
        opened(columns, Crop())


@pytest.mark.parametrize("mel", [0, 20])
def test_a_tone_is_bright_at_its_pitch(mel):
    rate, moments = 8000, np.arange(4000) / 8000
    tones = np.stack([np.sin(2 * np.pi * pitch * moments) for pitch in (500, 1000, 2000, 3000)])[:, None]
    columns = {"sound": Column("sound", "sound", (tones * 32000).astype(np.int16), divisor=32768.0, rate=rate)}
    made = opened(columns, Spectrogram(column="sound", window=256, hop=128, mel=mel), split=Split.everything())
    assert made.types["sound"].labels == ("N", "C", "H", "W")
    assert made.types["sound"].sizes[1:] == (1, mel or 129, (4000 - 256) // 128 + 1)
    loudest = made.arrays("train")["sound"][np.argsort(made.indices("train"))].mean(axis=3).argmax(axis=2).ravel()
    assert (np.diff(loudest) > 0).all()
    if not mel:
        assert loudest.tolist() == [16, 32, 64, 96]
    saved = Preparation.from_json(json.loads(json.dumps(made.prepared.to_json())))
    fresh = saved.encode({"sound": columns["sound"].values[made.indices("train")]})["sound"]
    np.testing.assert_allclose(fresh, made.arrays("train")["sound"], atol=1e-5)


@pytest.mark.parametrize(("step", "match"), [
    (Spectrogram(column="sound", window=9000), "choose a shorter window"),
    (Spectrogram(column="sound", window=64, mel=64), "choose fewer bands"),
])  # fmt: skip
def test_a_spectrogram_that_cannot_be_made_is_refused(step, match):
    with pytest.raises(DataError, match=match):
        opened({"sound": Column("sound", "sound", np.zeros((9, 1, 4000), np.float32), rate=8000)}, step)
