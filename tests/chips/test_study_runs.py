"""A study gives the same table however it is run, and loses nothing when it is stopped."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from distributed import LocalCluster

from closeness import close_to
from smtj.chips import study
from smtj.chips.plan import BLOCK, Study
from smtj.errors import CheckpointError, SmtjError

VARY = {"temperature": [280.0, 300.0, 340.0], "reads": [1, 4, "expected"]}
CHIPS = 12


@pytest.fixture(scope="module")
def reference(trained) -> pd.DataFrame:
    return study(*trained, chips=CHIPS, vary=VARY).frame


def test_the_table_has_every_chip_under_every_condition(reference: pd.DataFrame) -> None:
    assert list(reference.columns) == ["chip", "condition", "temperature", "reads", "accuracy"]
    assert len(reference) == CHIPS * 9
    assert reference.groupby("chip")["condition"].nunique().eq(9).all()
    assert set(reference["reads"]) == {1.0, 4.0, float("inf")}
    assert reference.attrs["units"] == {"temperature": "K", "reads": ""}
    means = reference.groupby(["temperature", "reads"])["accuracy"].mean().unstack()
    assert (means[float("inf")] > means[4.0]).all() and (means[4.0] > means[1.0]).all()


def test_a_seed_is_a_table_and_more_chips_begin_with_the_same(trained, reference) -> None:
    more = study(*trained, chips=CHIPS + 2, vary=VARY).frame
    assert more[: len(reference)].equals(reference)
    other = study(*trained, chips=CHIPS, vary=VARY, seed=1).frame
    assert not other["accuracy"].equals(reference["accuracy"])


def test_what_is_not_varied_stands_at_the_models_own_value(trained) -> None:
    table = study(*trained, chips=1, vary=[{"temperature": [350.0]}, {"slope_spread": [0.0]}])
    assert table.frame["temperature"].tolist() == [350.0, 300.0]
    assert table.frame["slope_spread"].tolist() == close_to([0.05, 0.0])


class Stopped(Exception):
    pass


def test_a_stopped_study_goes_on_from_what_it_kept(trained, reference, tmp_path: Path) -> None:
    out = tmp_path / "study"

    def stop(done: int, total: int, last: list[float]) -> None:
        if done >= 3 * BLOCK:
            raise Stopped

    with pytest.raises(Stopped):
        study(*trained, chips=CHIPS, vary=VARY, out=out, progress=stop)
    parts = sorted(path.name for path in (out / "parts").iterdir())
    assert parts == [f"{k:06d}.parquet" for k in range(3)]
    seen: list[tuple[int, int, list[float]]] = []
    result = study(
        *trained, chips=CHIPS, vary=VARY, out=out, progress=lambda *said: seen.append(said)
    )
    assert seen[0] == (3 * BLOCK, len(reference), [])
    assert seen[-1][:2] == (len(reference), len(reference))
    told = [accuracy for _, _, found in seen for accuracy in found]
    assert len(told) == len(reference) - 3 * BLOCK and set(told) <= set(reference["accuracy"])
    assert result.frame.equals(reference)
    assert sorted(path.name for path in out.iterdir()) == ["chips.parquet", "study.json"]
    kept = pd.DataFrame(pl.read_parquet(out / "chips.parquet").to_dict())
    assert kept.equals(reference)
    units = json.loads(pl.read_parquet_metadata(out / "chips.parquet")["units"])
    assert units["temperature"] == "K"
    # Once more: nothing is left to do.
    again: list[int] = []
    study(*trained, chips=CHIPS, vary=VARY, out=out, progress=lambda d, *_: again.append(d))
    assert again == [len(reference)]


def test_a_study_prints_plots_and_serialises(trained) -> None:
    result = study(*trained, chips=6, vary={"temperature": [280, 340], "reads": [1, 4]})
    text = repr(result)
    assert "6 chips, 500 images" in text and "yield at 95 %" in text
    assert "points of accuracy per 1 K" in text and "<td>280 K</td>" in result._repr_html_()
    assert result.plot().get_xlabel() == "Temperature (K)"
    axes = result.plot("reads")
    assert axes.get_ylabel() == "Accuracy (%)" and result.plot_yield(0.8, axes) is axes
    record = json.loads(json.dumps(result.to_dict(threshold=0.5), allow_nan=False))
    assert record["threshold"] == 0.5 and len(record["distributions"]) == 4
    assert len(result.to_dataframe()) == 24
    alone = study(*trained, chips=2)
    assert alone.plot().get_xlabel() == "Required accuracy (%)"


def test_another_study_does_not_take_the_folder(trained, tmp_path: Path) -> None:
    study(*trained, chips=1, out=tmp_path)
    record = (tmp_path / "study.json").read_text()
    with pytest.raises(CheckpointError, match="holds a study with other chips and seed; repeat"):
        study(*trained, chips=2, seed=5, out=tmp_path)
    with pytest.raises(CheckpointError, match="with other conditions; repeat"):
        study(*trained, chips=1, vary={"temperature": [310.0]}, out=tmp_path)
    with pytest.raises(CheckpointError, match="with other images"):
        study(trained.model, trained.images + 1, trained.labels, chips=1, out=tmp_path)
    assert (tmp_path / "study.json").read_text() == record
    assert json.loads(record)["chips"] == 1


def test_a_damaged_part_is_named(trained, tmp_path: Path) -> None:
    study(*trained, chips=1, out=tmp_path)
    (tmp_path / "chips.parquet").write_bytes(b"PAR1")
    with pytest.raises(CheckpointError, match=r"chips\.parquet is damaged .*; delete it"):
        study(*trained, chips=1, out=tmp_path)


def test_nothing_is_begun_that_cannot_be(trained, tmp_path: Path) -> None:
    out = tmp_path / "study"
    for wrong, message in (
        ({"vary": {"bias_voltage": [1.0]}}, "allows at most"),
        ({"vary": {"colour": [1.0]}}, '"colour" cannot be varied; choose from slope_spread'),
        ({"chips": 0}, "chips is 0"),
        ({"seed": -1}, "seed is -1"),
    ):
        with pytest.raises(SmtjError, match=message):
            study(*trained, out=out, **wrong)
    assert not out.exists()


@pytest.mark.proof
def test_a_worker_killed_in_the_middle_changes_nothing(trained, reference, tmp_path: Path) -> None:
    """Two processes of a Dask cluster, one of which is killed as soon as there are results."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        silence_logs=50,
        memory_limit=0,
        scheduler_kwargs={"dashboard_address": ":0"},
    ) as cluster:
        killed: list[int] = []

        def kill(done: int, total: int, last: list[float]) -> None:
            if last and not killed:
                # The rest has been handed out already.
                assert done <= BLOCK < total
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        result = study(
            *trained, chips=CHIPS, vary=VARY, scheduler=cluster.scheduler_address, progress=kill,
            out=tmp_path,
        )  # fmt: skip
    assert killed
    assert result.frame.equals(reference)


def test_a_scheduler_that_is_not_there_is_refused(trained, monkeypatch) -> None:
    from smtj.chips import cluster

    monkeypatch.setattr(cluster, "PATIENCE_S", 0.2)
    with pytest.raises(SmtjError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        study(*trained, chips=1, scheduler="tcp://127.0.0.1:9")


def test_a_scheduler_lost_in_the_middle_is_told_and_costs_nothing(
    trained, reference, monkeypatch, tmp_path: Path
) -> None:
    from smtj.chips import cluster as on_cluster

    monkeypatch.setattr(on_cluster, "PATIENCE_S", 0.5)
    cluster = LocalCluster(
        n_workers=1, processes=False, dashboard_address=None, silence_logs=50, memory_limit=0
    )

    def lose(done: int, total: int, last: list[float]) -> None:
        if last:
            cluster.close()

    settings = {"chips": CHIPS, "vary": VARY, "out": tmp_path}
    with pytest.raises(SmtjError, match=r"scheduler at inproc://\S+ was lost in the middle"):
        study(*trained, **settings, scheduler=cluster.scheduler_address, progress=lose)
    assert list((tmp_path / "parts").iterdir())
    seen: list[int] = []
    again = study(*trained, **settings, progress=lambda done, *_: seen.append(done))
    assert seen[0] >= BLOCK
    assert again.frame.equals(reference)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_waits_until_a_cluster_has_begun(number: int) -> None:
    from smtj.chips.cluster import _undisturbed
    from smtj.cli.output import sigterm_as_ctrl_c

    reached = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), sigterm_as_ctrl_c(), _undisturbed():
            os.kill(os.getpid(), number)
            reached.append("the end")
            # A terminal sends Ctrl-C to all processes; those begun here are closed otherwise.
            child = subprocess.run(["sh", "-c", "kill -INT $$; echo alive"], capture_output=True)
        assert reached and child.stdout == b"alive\n"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert subprocess.run(["sh", "-c", "kill -INT $$; echo alive"]).returncode == -signal.SIGINT


def test_blocks_cover_every_evaluation_once() -> None:
    study = Study.of(7, VARY)
    rows = [row for k in range(study.blocks) for row in study.block(k)]
    assert len(rows) == study.evaluations == 63
    assert [chip for chip, _ in rows] == [k // 9 for k in range(63)]


def test_without_dask_or_polars_one_sentence_says_how_to_get_them(
    trained, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.delitem(sys.modules, "smtj.chips.cluster", raising=False)
    monkeypatch.delattr("smtj.chips.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    how = r'install it with pip install "smtj\[cluster\]"'
    with pytest.raises(SmtjError, match=how + ", or use this process only"):
        study(*trained, chips=1, workers=2)
    assert len(study(*trained, chips=1).frame) == 1
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(SmtjError, match="Polars, which saves results, is not installed; " + how):
        study(*trained, chips=1, out=tmp_path / "study")
    assert not (tmp_path / "study").exists()
