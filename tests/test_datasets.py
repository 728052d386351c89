"""Every way to a data set, and every refusal on the way."""

import functools
import gzip
import hashlib
import http.server
import math
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from smtj.datasets import DATASET_NAMES, ImageDataset, load_dataset, loading, mirrors
from smtj.datasets.idx import (
    PARTS,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    parse_idx,
)
from smtj.datasets.loading import cache_folder
from smtj.datasets.mirrors import PUBLISHED, Published
from smtj.errors import DataError

SHARED = os.environ.get("SMTJ_DATA_DIR")
DIGITS_TITLE = "scikit-learn's 8×8 digits"

Files = dict[str, bytes]


def idx(shape: tuple[int, ...], offset: int = 0) -> bytes:
    elements = (np.arange(math.prod(shape)) + offset) % 10
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    return header + elements.astype(np.uint8).tobytes()


def small_set(offset: int = 0) -> Files:
    return {
        TRAIN_IMAGES: idx((12, 3, 4), offset),
        TRAIN_LABELS: idx((12,), offset),
        TEST_IMAGES: idx((5, 3, 4), offset),
        TEST_LABELS: idx((5,), offset),
    }


def put(folder: Path, files: Files, suffix: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part, raw in files.items():
        body = gzip.compress(raw, mtime=0) if suffix == ".gz" else raw
        (folder / f"{part}{suffix}").write_bytes(body)
    return folder


def md5(raw: bytes) -> str:
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def one_sentence(error: pytest.ExceptionInfo[DataError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert not message.endswith(".")
    assert ": " in message
    return message


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small published sets, an empty cache, no data folder, and mirrors that do not answer."""
    monkeypatch.delenv("SMTJ_DATA_DIR", raising=False)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "127.0.0.1")
    monkeypatch.setattr(loading, "cache_folder", lambda name: tmp_path / "cache" / name)
    for offset, name in enumerate(("mnist", "fashion-mnist")):
        checks = {part: md5(raw) for part, raw in small_set(offset).items()}
        dead = tuple(f"http://127.0.0.1:{closed_port()}/{n}/" for n in range(2))
        monkeypatch.setitem(PUBLISHED, name, Published(PUBLISHED[name].title, dead, checks))
    return tmp_path


class Mirror:
    """A web server on this machine that serves a folder and remembers what was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                asked.append(self.path)

        handler = functools.partial(Handler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    served = Mirror(put(tmp_path / "served", small_set(), ".gz"))
    thread = threading.Thread(target=served.server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


def use_mirrors(monkeypatch: pytest.MonkeyPatch, *addresses: str, name: str = "mnist") -> None:
    now = PUBLISHED[name]
    monkeypatch.setitem(PUBLISHED, name, Published(now.title, addresses, now.md5))


def assert_small(dataset: ImageDataset, offset: int = 0) -> None:
    assert dataset.train_images.shape == (12, 3, 4)
    assert dataset.test_images.shape == (5, 3, 4)
    assert dataset.train_labels.shape == (12,)
    assert dataset.test_labels.shape == (5,)
    expected = (np.arange(144) + offset) % 10
    np.testing.assert_array_equal(dataset.train_images.ravel(), expected)
    for array in (dataset.train_images, dataset.train_labels, dataset.test_images):
        assert array.dtype == np.uint8
        assert array.flags.writeable
    assert dataset.pixels == 12
    assert dataset.classes == 10
    assert not dataset.stand_in


# Where files are found


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dotted", [False, True])
def test_any_folder_of_idx_files(tmp_path: Path, suffix: str, dotted: bool) -> None:
    files = small_set(offset=7)
    if dotted:
        files = {part.replace("-idx", ".idx"): raw for part, raw in files.items()}
    dataset = load_dataset("idx", put(tmp_path / "mine", files, suffix))
    assert_small(dataset, offset=7)
    assert dataset.name == "idx"
    assert dataset.title == "IDX files of mine"
    assert dataset.origin == str(tmp_path / "mine")


def test_labels_may_take_every_byte(tmp_path: Path) -> None:
    labels = struct.pack(">4BI", 0, 0, 8, 1, 5) + bytes([0, 7, 255, 3, 1])
    dataset = load_dataset("idx", put(tmp_path / "mine", {**small_set(), TEST_LABELS: labels}))
    assert dataset.classes == 256


def test_explicit_path_comes_first(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world / "data" / "mnist", small_set())
    monkeypatch.setenv("SMTJ_DATA_DIR", str(world / "data"))
    own = put(world / "own", small_set(), ".gz")
    dataset = load_dataset("mnist", own)
    assert_small(dataset)
    assert (dataset.name, dataset.title, dataset.origin) == ("mnist", "MNIST", str(own))


def test_home_is_understood_in_paths(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world / "own", small_set())
    monkeypatch.setenv("HOME", str(world))
    monkeypatch.setenv("USERPROFILE", str(world))
    assert_small(load_dataset("mnist", Path("~/own")))
    assert_small(load_dataset("idx", Path("~/own")))
    monkeypatch.setenv("SMTJ_DATA_DIR", "~/own")
    assert_small(load_dataset("mnist"))


def test_data_dir_comes_before_the_cache(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world / "cache" / "mnist", small_set())
    put(world / "data" / "mnist", small_set())
    monkeypatch.setenv("SMTJ_DATA_DIR", str(world / "data"))
    assert load_dataset("mnist").origin == str(world / "data" / "mnist")


def test_files_in_data_dir_itself_are_recognised(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world / "data", small_set())
    put(world / "cache" / "fashion-mnist", small_set(1))
    monkeypatch.setenv("SMTJ_DATA_DIR", str(world / "data"))
    assert load_dataset("mnist").origin == str(world / "data")
    fashion = load_dataset("fashion-mnist")
    assert_small(fashion, offset=1)
    assert fashion.origin == str(world / "cache" / "fashion-mnist")


@pytest.mark.parametrize("value", ["", "nowhere", "empty"])
def test_the_cache_serves_where_data_dir_has_nothing(
    world: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    (world / "empty" / "mnist").mkdir(parents=True)
    put(world / "cache" / "mnist", small_set(), ".gz")
    monkeypatch.setenv("SMTJ_DATA_DIR", value and str(world / value))
    assert load_dataset("mnist").origin == str(world / "cache" / "mnist")


# Downloads


@pytest.mark.parametrize("progress", [False, True])
def test_download_lands_in_the_cache_once(
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
    mirror: Mirror,
    capsys: pytest.CaptureFixture[str],
    progress: bool,
) -> None:
    use_mirrors(monkeypatch, mirror.address)
    dataset = load_dataset("mnist", progress=progress)
    assert_small(dataset)
    assert dataset.origin == str(world / "cache" / "mnist")
    assert mirror.asked == [f"/{part}.gz" for part in PARTS]
    assert {p.name for p in (world / "cache" / "mnist").iterdir()} == set(PARTS)
    assert capsys.readouterr().out == ""
    load_dataset("mnist")
    assert len(mirror.asked) == 4


def test_only_what_is_missing_is_downloaded(
    world: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    files = small_set()
    put(world / "cache" / "mnist", {TRAIN_IMAGES: files[TRAIN_IMAGES]})
    use_mirrors(monkeypatch, mirror.address)
    assert_small(load_dataset("mnist", progress=False))
    assert f"/{TRAIN_IMAGES}.gz" not in mirror.asked


@pytest.mark.parametrize("harm", ["closed", "absent", "cut", "other", "page"])
def test_the_next_mirror_is_tried(
    monkeypatch: pytest.MonkeyPatch, mirror: Mirror, harm: str
) -> None:
    good = gzip.compress(small_set()[TRAIN_IMAGES])
    body = {
        "cut": good[:-9],
        "other": gzip.compress(small_set(3)[TRAIN_IMAGES]),
        "page": b"<html>Log in to this network</html>",
    }
    if harm in body:
        (mirror.folder / "bad").mkdir()
        (mirror.folder / "bad" / f"{TRAIN_IMAGES}.gz").write_bytes(body[harm])
    first = f"http://127.0.0.1:{closed_port()}/" if harm == "closed" else f"{mirror.address}bad/"
    use_mirrors(monkeypatch, first, mirror.address)
    assert_small(load_dataset("mnist", progress=False))
    assert ("/bad/" in mirror.asked[0]) == (harm != "closed")


def test_a_mirror_that_never_answers_is_left_soon(
    monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    monkeypatch.setattr(mirrors, "TIMEOUT_S", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_mirrors(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}/", mirror.address)
        assert_small(load_dataset("mnist", progress=False))


def test_a_layer_of_gzip_taken_off_in_transit_is_no_harm(
    monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    put(mirror.folder, {f"{part}.gz": raw for part, raw in small_set().items()})
    use_mirrors(monkeypatch, mirror.address)
    assert_small(load_dataset("mnist", progress=False))


def test_no_good_mirror_leaves_nothing(
    world: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    put(mirror.folder, {TRAIN_IMAGES: b"other"}, ".gz")
    use_mirrors(monkeypatch, mirror.address)
    with pytest.raises(DataError) as error:
        load_dataset("mnist", progress=False)
    assert f"{mirror.address}{TRAIN_IMAGES}.gz gives another file" in one_sentence(error)
    assert not list(world.glob("cache/**/*"))


def test_a_full_disk_leaves_nothing(
    world: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror
) -> None:
    def full(path: Path, content: bytes) -> Path:
        raise OSError(28, "No space left on device")

    use_mirrors(monkeypatch, mirror.address)
    monkeypatch.setattr(mirrors, "write_bytes", full)
    with pytest.raises(DataError, match="mnist cannot be written, No space left on device"):
        load_dataset("mnist", progress=False)
    assert not list(world.glob("cache/**/*"))
    assert load_dataset("mnist", allow_stand_in=True, progress=False).stand_in


# Without files and network


def test_nothing_found_says_where_to_put_the_files(world: Path) -> None:
    with pytest.raises(DataError) as error:
        load_dataset("mnist", progress=False)
    message = one_sentence(error)
    assert message.startswith("MNIST is neither in SMTJ_DATA_DIR, which is not set, nor in ")
    assert str(world / "cache" / "mnist") in message
    assert message.count("fails with ConnectionError") == 2
    assert message.endswith(
        'plain or .gz, into a folder "mnist" and set the environment variable SMTJ_DATA_DIR to '
        "its parent folder"
    )
    assert all(part in message for part in PARTS)


def test_nothing_found_names_the_data_dir_that_was_searched(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTJ_DATA_DIR", str(world / "nowhere"))
    with pytest.raises(DataError, match=f"neither in {re.escape(str(world / 'nowhere'))} nor in"):
        load_dataset("fashion-mnist", progress=False)


def test_stand_in_is_labelled() -> None:
    dataset = load_dataset("mnist", allow_stand_in=True, progress=False)
    assert dataset.stand_in
    assert dataset.name == "digits"
    assert dataset.title == f"{DIGITS_TITLE}, a stand-in for MNIST"
    assert dataset.origin == "scikit-learn"


def test_no_stand_in_for_what_can_be_had(world: Path) -> None:
    put(world / "cache" / "mnist", small_set())
    assert_small(load_dataset("mnist", allow_stand_in=True))


def test_no_stand_in_for_a_wrong_path(world: Path) -> None:
    with pytest.raises(DataError, match="nowhere does not exist"):
        load_dataset("mnist", world / "nowhere", allow_stand_in=True)


def test_digits_are_split_the_same_way_always() -> None:
    first, second = load_dataset("digits"), load_dataset("digits")
    assert not first.stand_in
    assert first.title == DIGITS_TITLE
    assert first.train_images.shape == (1500, 8, 8)
    assert first.test_images.shape == (297, 8, 8)
    assert (first.classes, first.pixels) == (10, 64)
    assert (first.train_images.min(), first.train_images.max()) == (0, 255)
    assert np.unique(first.train_images).size == 17
    assert set(np.bincount(first.test_labels)) <= set(range(28, 32))
    for array, again in (
        (first.train_images, second.train_images),
        (first.train_labels, second.train_labels),
        (first.test_images, second.test_images),
        (first.test_labels, second.test_labels),
    ):
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, again)


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match=re.escape("needs scikit-learn: install it with pip inst")):
        load_dataset("digits")


# Refusals of what is asked


def test_unknown_name() -> None:
    with pytest.raises(DataError) as error:
        load_dataset("cifar")
    message = one_sentence(error)
    assert message == (
        "unknown data set 'cifar': choose mnist, fashion-mnist, digits or idx, or give the path of "
        "an .npz file or of a folder of images by class"
    )
    assert DATASET_NAMES == ("mnist", "fashion-mnist", "digits", "idx")


def test_idx_needs_a_path() -> None:
    with pytest.raises(DataError, match=r'"idx" needs a path: the folder of its four IDX files'):
        load_dataset("idx")


def test_digits_take_no_path(world: Path) -> None:
    with pytest.raises(DataError, match=r'takes no path: use "idx" for'):
        load_dataset("digits", world)


# Refusals of what is found


@pytest.mark.parametrize("name", ["idx", "mnist"])
def test_path_that_is_no_folder(world: Path, name: str) -> None:
    with pytest.raises(DataError, match="nowhere does not exist: give the folder that holds"):
        load_dataset(name, world / "nowhere")
    file = world / "file"
    file.touch()
    with pytest.raises(DataError, match="file is a file: give the folder that holds"):
        load_dataset(name, file)


def test_folder_with_files_missing(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = small_set()
    del files[TRAIN_LABELS], files[TEST_IMAGES]
    folder = put(world / "data" / "mnist", files)
    expected = re.escape(f"{folder} lacks {TRAIN_LABELS}, {TEST_IMAGES}: it must hold all four")
    with pytest.raises(DataError, match=expected):
        load_dataset("idx", folder)
    monkeypatch.setenv("SMTJ_DATA_DIR", str(world / "data"))
    with pytest.raises(DataError, match=expected):
        load_dataset("mnist", allow_stand_in=True)


def test_other_images_at_an_explicit_path(world: Path) -> None:
    own = put(world / "own", small_set(5))
    with pytest.raises(DataError) as error:
        load_dataset("mnist", own)
    message = one_sentence(error)
    assert message.startswith(f"{own / TRAIN_IMAGES} is not MNIST's {TRAIN_IMAGES} (MD5 of the")
    assert md5(small_set()[TRAIN_IMAGES]) in message
    assert message.endswith(f'or load the folder as data set "idx" with path {own}')
    assert_small(load_dataset("idx", own), offset=5)


@pytest.mark.parametrize("inside", [".", "mnist"])
def test_other_images_in_data_dir(
    world: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    put(world / "data" / inside, small_set(5))
    monkeypatch.setenv("SMTJ_DATA_DIR", str(world / "data"))
    with pytest.raises(DataError, match=r"is not MNIST's .* put the original there, or load"):
        load_dataset("mnist", allow_stand_in=True)


def test_wrong_file_in_the_cache(world: Path) -> None:
    folder = put(world / "cache" / "mnist", {**small_set(), TEST_LABELS: b"damage"})
    with pytest.raises(DataError) as error:
        load_dataset("mnist", allow_stand_in=True)
    message = one_sentence(error)
    assert message.startswith(f"{folder / TEST_LABELS} is not MNIST's {TEST_LABELS} (MD5")
    assert message.endswith("delete it to download it again")


GOOD = small_set()


@pytest.mark.parametrize(
    ("part", "raw", "expected"),
    [
        (TRAIN_IMAGES, b"", "is empty: expected an IDX file with 3 dimension(s)"),
        (TEST_LABELS, b"\x89PNG\r\n", "begins with the bytes 89 50 4e 47: an IDX file of unsigned"),
        (
            TRAIN_IMAGES,
            GOOD[TRAIN_LABELS],
            "begins with the bytes 00 00 08 01: an IDX file of unsigned bytes with 3 dimension(s) "
            "begins with 00 00 08 03",
        ),
        (TRAIN_LABELS, b"\0\0\x0d\x01" + GOOD[TRAIN_LABELS][4:], "begins with the bytes 00 00 0d"),
        (
            TEST_IMAGES,
            gzip.compress(b"x", mtime=0),
            "1f 8b 08 00 (it is gzip: add .gz to its name): an IDX",
        ),
        (TEST_IMAGES, GOOD[TEST_IMAGES][:9], "ends inside its header: it has 9 of 16 bytes"),
        (
            TEST_IMAGES,
            GOOD[TEST_IMAGES][:-1],
            "is cut short: its header promises 76 bytes, it has 75",
        ),
        (
            TRAIN_LABELS,
            GOOD[TRAIN_LABELS] + b"\n",
            "has bytes after its end: its header promises 20 bytes, it has 21",
        ),
        (
            TRAIN_IMAGES,
            struct.pack(">4B3I", 0, 0, 8, 3, *[2**32 - 1] * 3),
            "is cut short: its header promises 79228162458924105385300197391 bytes, it has 16",
        ),
        (TRAIN_IMAGES, idx((0, 3, 4)), "has no elements, its shape is (0, 3, 4): no dimension may"),
        (
            TEST_LABELS,
            idx((6,)),
            f"{TEST_LABELS} holds 6 labels: ",
        ),
        (TRAIN_LABELS, idx((11,)), "holds 12 images, and each needs one label"),
        (TEST_IMAGES, idx((5, 4, 3)), "holds images of 4×3 pixels: those of "),
    ],
)
def test_damaged_idx_file(tmp_path: Path, part: str, raw: bytes, expected: str) -> None:
    folder = put(tmp_path / "mine", {**GOOD, part: raw})
    with pytest.raises(DataError) as error:
        load_dataset("idx", folder)
    message = one_sentence(error)
    assert expected in message
    assert message.startswith(str(folder / part))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD[TRAIN_IMAGES], "is not gzip in spite of its name: fetch it again, or drop .gz"),
        (b"", "is not gzip in spite of its name"),
        (
            gzip.compress(GOOD[TRAIN_IMAGES], mtime=0)[:-9],
            "is a damaged gzip file: delete it and fetch it again",
        ),
        (gzip.compress(GOOD[TRAIN_IMAGES], mtime=0) + b"rest", "is a damaged gzip file"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 40, "is a damaged gzip file"),
    ],
)
def test_damaged_gzip_file(tmp_path: Path, body: bytes, expected: str) -> None:
    folder = put(tmp_path / "mine", GOOD, ".gz")
    path = folder / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(body)
    with pytest.raises(DataError) as error:
        load_dataset("idx", folder)
    assert one_sentence(error).startswith(f"{path} {expected}")


def test_a_folder_named_like_a_file(tmp_path: Path) -> None:
    folder = put(tmp_path / "mine", GOOD)
    (folder / TEST_LABELS).unlink()
    (folder / TEST_LABELS).mkdir()
    with pytest.raises(
        DataError, match=f"{TEST_LABELS} is a folder: expected the IDX file of that name"
    ):
        load_dataset("idx", folder)
    (folder / f"{TEST_LABELS}.gz").write_bytes(gzip.compress(GOOD[TEST_LABELS], mtime=0))
    assert_small(load_dataset("idx", folder))


def test_files_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    folder = put(tmp_path / "mine", GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(DataError, match=r"ubyte cannot be read \(Permission denied\): check"):
            load_dataset("idx", folder)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_file", refuse)
        patch.setenv("SMTJ_DATA_DIR", str(folder))
        for name, path in (("idx", folder), ("mnist", None)):
            with pytest.raises(DataError, match=r"cannot be read \(Permission denied\): check"):
                load_dataset(name, path)


def test_parsed_array_keeps_its_order() -> None:
    raw = struct.pack(">4B2I", 0, 0, 8, 2, 2, 3) + bytes([0, 1, 2, 3, 4, 255])
    parsed = parse_idx(raw, 2, Path("x"))
    np.testing.assert_array_equal(parsed, np.array([[0, 1, 2], [3, 4, 255]], np.uint8))


# The world outside


def test_cache_is_the_users() -> None:
    assert cache_folder("mnist").parts[-1] == "mnist"
    assert "smtj" in cache_folder("mnist").parts
    assert cache_folder("mnist").is_absolute()


def test_import_is_light() -> None:
    code = (
        "import sys, smtj.datasets; "
        "print(sorted({'torch', 'sklearn', 'requests', 'rich', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(
    SHARED is None or not (Path(SHARED) / "mnist").is_dir(),
    reason="needs MNIST in the folder mnist of the environment variable SMTJ_DATA_DIR",
)
def test_real_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SHARED is not None
    monkeypatch.undo()
    dataset = load_dataset("mnist")
    assert dataset.origin == str(Path(SHARED) / "mnist")
    assert dataset.train_images.shape == (60000, 28, 28)
    assert dataset.test_images.shape == (10000, 28, 28)
    assert dataset.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert (dataset.classes, dataset.pixels) == (10, 784)
