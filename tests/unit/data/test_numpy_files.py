"""NPZ and NPY files: what the arrays are taken for, and files that would do harm."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest

from nnstudio.data import DataError, DataReference, Split, describe_file, open_data


class Planted:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


def opened(path, **arrays):
    np.savez_compressed(path, **arrays)
    return open_data(DataReference.file(path))


def refused(path) -> str:
    with pytest.raises(DataError) as caught:
        open_data(DataReference.file(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def with_header(shape: tuple[int, ...], body: bytes = b"", dtype: str = "<f8") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + body


def test_pictures_are_known_by_their_shape_and_labels_by_their_dtype(tmp_path):
    pixels = np.arange(20 * 6 * 5, dtype=np.uint8).reshape(20, 6, 5)
    data = opened(tmp_path / "d.npz", pics=pixels, y=np.arange(20) % 4)
    assert str(data.types["image"]) == "N×1×6×5 (batch, channel, height, width) float32"
    assert data.types["label"].classes == 4
    assert data.fields["label"].role == "target"
    assert np.array_equal(data.arrays("train")["image"][0, 0], (pixels[data.indices("train")[0]] / 255).astype("f4"))


def test_colours_may_come_last(tmp_path):
    pixels = np.zeros((4, 8, 9, 3), dtype=np.uint8)
    pixels[..., 2] = 255
    data = opened(tmp_path / "d.npz", x=pixels, y=np.array([0, 1, 0, 1]))
    assert data.types["image"].sizes[1:] == (3, 8, 9)
    assert data.pictures([0]).tolist() == pixels[:1].tolist()


def test_vectors_and_numbers_stay_as_they_are(tmp_path):
    x = np.random.default_rng(0).normal(5, 2, (10, 3))
    data = opened(tmp_path / "d.npz", X=x, y=np.linspace(0, 1, 10))
    assert np.allclose(data.arrays("train")["features"], x[data.indices("train")])
    assert data.types["y"].sizes[1:] == (1,)
    scaled = open_data(data.reference.with_choice("features", scaling="standardise"))
    assert np.allclose(scaled.arrays("train")["features"].mean(axis=0), 0, atol=1e-6)


def test_codes_of_a_sentence_can_feed_an_embedding(tmp_path):
    data = opened(tmp_path / "d.npz", words=np.array([[1, 2, 3], [4, 5, 0]]), y=np.array([0.5, 1.5]))
    coded = open_data(data.reference.with_choice("features", kind="category"))
    assert (coded.types["features"].dtype, coded.types["features"].classes) == ("int64", 6)


def test_missing_and_infinite_numbers_are_replaced_and_told(tmp_path):
    x = np.ones((10, 2))
    x[0, 0], x[1, 1] = np.nan, np.inf
    data = opened(tmp_path / "d.npz", x=x, y=np.arange(10.0))
    for split in ("train", "validation", "test"):
        assert (data.arrays(split)["features"] == 1).all()
    assert any("2 numbers that are missing or infinite" in warning for warning in data.warnings)


def test_a_single_array_is_a_data_set(tmp_path):
    np.save(tmp_path / "d.npy", np.zeros((5, 4), dtype=np.float32))
    assert describe_file(tmp_path / "d.npy").types["features"].sizes[1:] == (4,)


def test_python_objects_are_never_opened(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.array([Planted(), None], dtype=object))
    assert "holds Python objects, which are never opened" in refused(tmp_path / "d.npz")
    np.save(tmp_path / "d.npy", np.array([Planted()], dtype=object))
    assert "never opened" in refused(tmp_path / "d.npy")
    (tmp_path / "e.npy").write_bytes(pickle.dumps(Planted()))
    assert "no NumPy file" in refused(tmp_path / "e.npy")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_short_is_refused(tmp_path, part):
    path = tmp_path / "d.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(100, 10)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    assert "damaged or cut short" in refused(path)
    np.save(tmp_path / "d.npy", np.ones((100, 10)))
    whole = (tmp_path / "d.npy").read_bytes()
    (tmp_path / "d.npy").write_bytes(whole[: int(len(whole) * part)])
    assert "“d.npy”" in refused(tmp_path / "d.npy")


def test_a_damaged_byte_is_noticed(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, x=np.ones((100, 10)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    assert "damaged" in refused(path)


@pytest.mark.parametrize("shape", [(10**12,), (2**40, 2**40), (10, -5), (1,) * 20])
def test_a_header_that_promises_more_than_there_is_is_refused_before_memory_is_taken(tmp_path, shape):
    (tmp_path / "d.npy").write_bytes(with_header(shape, b"\0" * 80))
    assert "promises" in refused(tmp_path / "d.npy")
    with zipfile.ZipFile(tmp_path / "d.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", with_header(shape, b"\0" * 80))
    assert "promises" in refused(tmp_path / "d.npz")


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as file:
        file.writestr("x.npy", with_header((10**9,), b"\0" * 80))
    content = (tmp_path / "d.npz").read_bytes()
    size = len(with_header((10**9,), b"\0" * 80)).to_bytes(4, "little")
    assert content.count(size + size) == 2
    forged = content.replace(size + size, size + (2**32 - 2).to_bytes(4, "little"))
    (tmp_path / "d.npz").write_bytes(forged)
    assert "promises more data than it can hold" in refused(tmp_path / "d.npz")


def test_arrays_of_different_lengths_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.zeros((5, 2)), y=np.zeros(4))
    assert "lengths differ (x: 5, y: 4)" in refused(tmp_path / "d.npz")


def test_other_zip_files_and_empty_arrays_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as file:
        file.writestr("readme.txt", "hello")
    assert "holds no arrays" in refused(tmp_path / "d.npz")
    np.savez(tmp_path / "d.npz", x=np.zeros((0, 2)))
    assert "has no samples" in refused(tmp_path / "d.npz")
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 2), dtype=complex))
    assert "numbers or texts were expected" in refused(tmp_path / "d.npz")


def test_texts_in_an_array_are_classes(tmp_path):
    data = opened(tmp_path / "d.npz", x=np.zeros((4, 2)), kind=np.array(["cat", "dog", "cat", "ape"]))
    assert data.fields["label"].classes == ("ape", "cat", "dog")


def test_numbers_of_the_other_byte_order_are_read(tmp_path):
    np.save(tmp_path / "d.npy", np.arange(12, dtype=">f8").reshape(4, 3))
    data = open_data(DataReference.file(tmp_path / "d.npy", split=Split.everything()))
    assert data.arrays("train")["features"].sum() == 66


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainX", "trainY", "testX", "testY"),
    ],
)  # fmt: skip
def test_arrays_for_training_and_for_testing_are_one_with_its_split(tmp_path, names):
    random = np.random.default_rng(0)
    pixels, kinds = random.integers(0, 255, (50, 8, 8), dtype=np.uint8), np.arange(50) % 3
    given = dict(zip(names, (pixels[:40], kinds[:40], pixels[40:], kinds[40:]), strict=True))
    np.savez(tmp_path / "d.npz", **given)
    data = open_data(DataReference.file(tmp_path / "d.npz"))
    assert set(data.fields) == {"image", "label"}
    assert data.indices("test").tolist() == list(range(40, 50))
    assert data.count("train") + data.count("validation") == 40
    np.testing.assert_allclose(data.arrays("test")["image"][:, 0] * 255, pixels[40:], atol=1e-4)
    assert data.arrays("test")["label"].tolist() == kinds[40:].tolist()
    assert data.cells(0, 1)[0][-1] == "train"


def test_arrays_of_parts_that_do_not_fit_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x_train=np.zeros((9, 4, 4)), x_test=np.zeros((5, 4, 3)))
    with pytest.raises(DataError, match="their lengths differ"):
        open_data(DataReference.file(tmp_path / "d.npz"))
    for names in (("latest", "trainable"), ("contest", "x_test"), ("train", "Train")):
        np.savez(tmp_path / "d.npz", **{name: np.zeros((5, 4)) for name in names})
        assert "part" not in open_data(DataReference.file(tmp_path / "d.npz")).columns
    np.savez(tmp_path / "d.npz", x_train=np.zeros((9, 4)), x_test=np.zeros((5, 4)), y_train=np.zeros(8))
    with pytest.raises(DataError, match="their lengths differ"):
        open_data(DataReference.file(tmp_path / "d.npz"))


def test_an_array_of_no_numbers_is_refused(tmp_path):
    np.save(tmp_path / "d.npy", np.zeros((5, 0)))
    with pytest.raises(DataError, match="is 5×0, so no sample has a number"):
        open_data(DataReference.file(tmp_path / "d.npy"))
