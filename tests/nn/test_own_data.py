"""A user's own images, from files or from Datasets of PyTorch, as a network is trained on them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, TensorDataset

from smtj.cli import main
from smtj.datasets import load_dataset
from smtj.errors import DataError
from smtj.nn import train

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (60, 6, 5), np.uint8)
Y = np.arange(60) % 3


@pytest.fixture(autouse=True)
def _(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def draw(folder: str, colour: bool = False, names: tuple[str, ...] = ("ant", "bee", "cow")) -> None:
    for number, (pixels, label) in enumerate(zip(X, Y, strict=True)):
        if label < len(names):
            path = Path(folder, names[label], f"{number:02}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(pixels)
            if colour and number == 0:
                image = Image.merge("RGB", (image, image, image.point(lambda v: v // 2)))
            image.save(path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": X.astype(int), "y": Y},
        {"images": X / 255, "labels": Y.astype(float)},
        {"x_train": X[:48], "y_train": Y[:48, None], "x_test": X[48:], "y_test": Y[48:, None]},
        {
            "train_images": X[:48], "train_labels": Y[:48],
            "val_images": X[48:], "val_labels": Y[48:],
        },
        {
            "train_x": X[:48] > 99, "train_y": np.array(["a", "b", "c"])[Y[:48]],
            "val_x": X[:1] > 9, "val_y": np.array(["a"]),
            "test_x": X[48:] > 99, "test_y": np.array(["a", "b", "c"])[Y[48:]],
        },
    ],
    ids=lambda arrays: " ".join(arrays),
)  # fmt: skip
def test_arrays_are_found_by_their_names(arrays: dict[str, np.ndarray]) -> None:
    np.savez("own.npz", **arrays)
    data = load_dataset("own.npz")
    whole = np.concatenate((data.train_images, data.test_images))
    labels = np.concatenate((data.train_labels, data.test_labels))
    assert (data.pixels, data.classes, whole.shape) == (30, 3, X.shape)
    if len(arrays) == 2:
        assert len(data.test_labels) == 10 and len(set(np.bincount(data.test_labels))) <= 2
    else:
        assert len(data.test_labels) == 12 and (labels == Y).all()
    scale = 255 if whole.dtype == np.float32 else 1
    wanted = X if whole.max() != whole[whole > 0].min() else (X > 99) * 255
    found = {
        (int(y), (scale * x).round().astype(int).tobytes())
        for x, y in zip(whole, labels, strict=True)
    }
    assert found == {(int(y), x.astype(int).tobytes()) for x, y in zip(wanted, Y, strict=True)}


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"a": X, "b": Y}, "own.npz has the arrays a, b; name them x and y, or x_train, y_train,"),
        ({"x_train": X}, "own.npz has the arrays x_train; name them"),
        ({"x": X, "y": Y[:5]}, r"images of shape \(60, 6, 5\) and labels of shape \(5,\);"),
        ({"x": X * 1.0, "y": Y}, "images of float64 that are neither whole numbers from 0 to 255"),
        ({"x": X, "y": Y - 1}, "labels that are no whole numbers from 0"),
        ({"x": X, "y": Y / 2}, "labels that are no whole numbers from 0"),
        ({"x": X, "y": np.arange(60)}, "60 images in 60 classes cannot be split"),
        ({"x": X, "y": np.array([None] * 60)}, "own.npz is damaged, or no .npz file of numbers"),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, 1:], "y_test": Y},
            r"training images of shape \(6, 5\) and test images of shape \(5, 5\); bring them to",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_other_arrays_are_refused_in_a_sentence(
    arrays: dict[str, np.ndarray], sentence: str
) -> None:
    np.savez("own.npz", **arrays)
    with pytest.raises(DataError, match=sentence):
        load_dataset("own.npz")


def test_a_folder_of_images_has_a_class_per_folder() -> None:
    draw("grey")
    data = load_dataset("grey")
    assert data.train_images.shape == (50, 6, 5) and data.classes == 3
    assert set(np.bincount(data.test_labels)) == {3, 4}
    for image, label in zip(data.test_images, data.test_labels, strict=True):
        assert Y[(image == X).all((1, 2))] == [label]
    draw("split/train", colour=True)
    draw("split/test", names=("ant", "bee"))
    halves = load_dataset("split")
    assert halves.train_images.shape == (60, 3, 6, 5) and halves.test_images.shape == (40, 3, 6, 5)
    assert (halves.pixels, halves.classes) == (90, 3)
    assert np.array_equal(halves.train_images[0, :, 2, 2], [X[0, 2, 2]] * 2 + [X[0, 2, 2] // 2])
    draw("strange/train", names=("ant",))
    draw("strange/val", names=("ant", "bee"))
    Path("bad/ant").mkdir(parents=True)
    with pytest.raises(DataError, match="bad has no images in folders of its own, one for each cl"):
        load_dataset("bad")
    for name, content, sentence in (
        ("strange", None, "val has the class bee, which strange/train lacks"),
        ("bad", b"no image", "a.png cannot be read as an image"),
        ("bad", Image.fromarray(X[0].astype(np.uint16)), "a.png has more than 8 bits per pixel"),
        ("bad", Image.fromarray(X[0, 1:]), "b.png has 5 × 6 pixels and bad/ant/a.png 5 × 5; bring"),
    ):
        Image.fromarray(X[0]).save("bad/ant/b.png")
        if isinstance(content, bytes):
            Path("bad/ant/a.png").write_bytes(content)
        elif content is not None:
            content.save("bad/ant/a.png")
        with pytest.raises(DataError, match=sentence):
            load_dataset(name)


class Pairs(Dataset):
    """As torchvision's without a transform: images of PIL and numbers."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.fromarray(self.images[index]), int(self.labels[index])


def test_datasets_of_pytorch_are_taken() -> None:
    parts = (X[:50], Y[:50], X[50:], Y[50:])
    floats = [TensorDataset(torch.tensor(x)[:, None] / 255, torch.tensor(y))
              for x, y in (parts[:2], parts[2:])]  # fmt: skip
    options = {"hidden": 4, "epochs": 1, "batch_size": 10}
    runs = [
        train(data, **options) for data in (parts, (Pairs(*parts[:2]), Pairs(*parts[2:])), floats)
    ]
    assert all(run.history == runs[0].history for run in runs)
    one = train(Pairs(X, Y), **options)
    assert one.test_images == 10 and one.experiment.network.sizes == (30, 4, 3)
    assert train(TensorDataset(torch.randn(60, 7), torch.tensor(Y)), **options).history
    for wrong in (
        TensorDataset(torch.randn(9, 7)),
        TensorDataset(torch.randn(4), torch.rand(4, 3)),
    ):
        with pytest.raises(
            DataError, match=r"TensorDataset is no data set of \(image, class\)|shape"
        ):
            train(wrong, epochs=1)
    with pytest.raises(DataError, match="augment needs images of height and width"):
        train(
            TensorDataset(torch.randn(60, 7), torch.tensor(Y)),
            augment=torch.nn.Identity(),
            **options,
        )


def test_the_command_trains_on_an_own_file_and_finds_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez("own.npz", x=X, y=Y)

    def smtj(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["smtj", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return f"{ended.value.code or 0} {said.err}{said.out}"

    small = ("--hidden", "4", "--epochs", "1", "--batch-size", "10")
    said = smtj("train", "--data", "own.npz", *small, "--out", "run")
    assert said.startswith(f"0 own.npz from {Path('own.npz').resolve()}\n30-4-3, cai2019")
    assert json.loads(Path("run/metrics.json").read_text())["settings"]["network"]["sizes"][0] == 30
    dataset = json.loads(Path("run/metrics.json").read_text())["settings"]["dataset"]
    assert load_dataset(dataset).title == "own.npz"  # as smtj chips and smtj cost find it
    both = smtj("train", "--data", "own.npz", "--dataset", "mnist", *small, "--out", "two")
    assert "--data own.npz is a data set of its own; leave out --dataset mnist" in both
    assert "nowhere.npz does not exist; give the path of an .npz file" in smtj(
        "train", "--data", "nowhere.npz", *small, "--out", "two"
    )
