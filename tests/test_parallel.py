"""Pieces on a cluster of worker processes of their own, beside the same pieces here."""

import json
import os
import re
import subprocess
import sys
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from threadpoolctl import threadpool_info, threadpool_limits

from analysis import parallel
from analysis.activity import Activity
from analysis.decomposition import spatial_ica, standardise
from analysis.errors import InputError
from analysis.parallel import spread
from analysis.recurrence.icasso import bootstrap
from analysis.recurrence.repeats import leave_out
from analysis.recurrence.stability import recurrence
from analysis.simulation import planted


def start(folder, *arguments, **environment):
    """Start a part of a cluster as a process, in a folder that is not the project's."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("a"),
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a scheduler answers that has two workers: three processes beside this one."""
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    folder = tmp_path_factory.mktemp("cluster")
    at = folder / "at.json"
    # Neither the threads that a worker is given nor the cluster that it is told of may matter.
    wrong = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", parallel.VARIABLE: "tcp://127.0.0.1:1"}
    running = [start(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(at))]
    try:
        for _ in range(1200):
            if at.exists():
                break
            time.sleep(0.05)
        found = json.loads(at.read_text())["address"]
        running += [start(folder, "worker", found, "--nthreads", "1", **wrong) for _ in range(2)]
        with distributed.Client(found, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=90)
        yield found
        parallel.cluster(found).close()
        parallel.cluster.cache_clear()
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


@pytest.fixture
def on_cluster(address, monkeypatch):
    monkeypatch.setenv(parallel.VARIABLE, address)


@pytest.fixture(scope="module")
def activity():
    return standardise(planted(k=3, n_texts=12, tokens_per_text=30, n_neurons=200, noise=2.0)[0])


def both(monkeypatch, address, function):
    """Return what a function gives here, with one BLAS thread as in a chapter, and on the cluster."""
    monkeypatch.delenv(parallel.VARIABLE, raising=False)
    with threadpool_limits(1):
        here = function()
    monkeypatch.setenv(parallel.VARIABLE, address)
    # Restarts of this process's own decompositions go to the workers too; what is left here has one thread as well.
    with threadpool_limits(1):
        return here, function()


@pytest.mark.slow
def test_pieces_are_done_by_other_processes_with_one_thread_each(on_cluster):
    done_by = set(spread(os.getpid, [[] for _ in range(20)]))
    assert len(done_by) == 2
    assert os.getpid() not in done_by
    (threads,) = spread(threadpool_info, [[]])
    assert {pool["num_threads"] for pool in threads} <= {1}


@pytest.mark.slow
def test_results_are_in_the_order_of_the_pieces(on_cluster):
    assert spread(divmod, [(n, 7) for n in range(30)]) == [divmod(n, 7) for n in range(30)]
    assert spread(pow, [(3,), (4,)], shared=[2]) == [8, 16]
    assert spread(pow, []) == []


@pytest.mark.slow
def test_bootstrap_networks_are_the_same_to_the_last_digit(monkeypatch, address, activity):
    decompose = partial(spatial_ica, k=3, n_restarts=2)
    here, there = both(monkeypatch, address, lambda: bootstrap(activity, decompose, 4, seed=3))
    assert len(here) == len(there) == 4
    for mine, theirs in zip(here, there, strict=True):
        assert np.array_equal(mine.maps, theirs.maps)
        assert np.array_equal(mine.time_courses, theirs.time_courses)
    assert not np.array_equal(here[0].maps, here[1].maps)


@pytest.mark.slow
def test_restarts_are_the_same_to_the_last_digit(monkeypatch, address, activity):
    here, there = both(monkeypatch, address, lambda: spatial_ica(activity, 3, n_restarts=5, seed=2))
    assert np.array_equal(here.maps, there.maps)
    assert np.array_equal(here.restart_agreement, there.restart_agreement)
    assert here.converged == there.converged


@pytest.mark.slow
def test_draws_of_nulls_are_the_same_to_the_last_digit(monkeypatch, address, activity):
    here, there = both(monkeypatch, address, lambda: recurrence(activity, 3, n_draws=20, n_restarts=1))
    assert here.equals(there)
    decompose = partial(spatial_ica, k=2, n_restarts=1)
    here, there = both(monkeypatch, address, lambda: leave_out([activity, activity], decompose, n_splits=2, n_groups=2))
    assert np.array_equal(here.whole.tables, there.whole.tables)
    assert np.array_equal(here.without.tables, there.without.tables)


class Counted:
    """Counts how often it is sent; it arrives as its length."""

    sent = 0

    def __reduce__(self):
        Counted.sent += 1
        return len, (b"12345",)


@pytest.mark.slow
def test_what_is_shared_is_not_sent_with_each_piece(on_cluster):
    assert spread(divmod, [[2] for _ in range(40)], shared=[Counted()]) == [(2, 1)] * 40
    assert 1 <= Counted.sent <= 3


@pytest.mark.slow
def test_what_a_piece_raises_is_raised_here(on_cluster, activity):
    values = np.full_like(activity.values, np.nan)
    broken = Activity(values, activity.tokens, activity.layer_sizes, activity.site, activity.model)
    with pytest.raises(InputError, match="The activity is not finite"):
        spread(standardise, [[broken]])
    with pytest.raises(ZeroDivisionError):
        spread(divmod, [(1, 1), (1, 0)])


@pytest.mark.slow
def test_a_piece_that_kills_its_workers_ends_in_one_line(on_cluster):
    with pytest.raises(InputError, match=r"died over one piece of work; most often memory") as caught:
        spread(os._exit, [[3]])
    assert "\n" not in str(caught.value)
    assert spread(divmod, [(7, 2)]) == [(3, 1)]  # their keepers have started them anew


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    monkeypatch.setattr(parallel, "_SECONDS", 0.3)
    for place in ("tcp://127.0.0.1:1", "odd://127.0.0.1:1", "127.0.0.1:1"):
        monkeypatch.setenv(parallel.VARIABLE, place)
        with pytest.raises(InputError, match=f"No Dask scheduler answers at SCHEDULER={place}") as caught:
            spread(divmod, [(7, 2)])
        assert "\n" not in str(caught.value)


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setenv(parallel.VARIABLE, "tcp://127.0.0.1:2")
    with pytest.raises(InputError, match=r"needs dask. Install the extra 'cluster': pip install .*\[cluster\]"):
        spread(divmod, [(7, 2)])


@pytest.mark.parametrize(
    ("threads", "theirs", "message"),
    [
        ({}, {}, "it has no workers. Start some with: dask worker --nthreads 1 tcp://there"),
        ({"a": 1, "b": 4}, {}, "the worker b has several threads. Start it with: dask worker --nthreads 1"),
        ({"a": 1}, {"analysis": "none (no module)"}, r"the worker a has analysis none \(no module\), not [0-9a-f]{12}"),
        ({"a": 1}, {"numpy": "1.0"}, r"the worker a has numpy 1\.0, not \d"),
        ({"a": 1}, None, "^$"),
    ],
)
def test_what_would_give_other_numbers_is_refused(threads, theirs, message):
    state = parallel.state() | (theirs or {})
    client = SimpleNamespace(
        nthreads=lambda: threads,
        run=lambda _: dict.fromkeys(threads, state),
        scheduler=SimpleNamespace(address="tcp://there"),
    )
    found = parallel._problem(client)
    assert re.search(message, found)
    assert "\n" not in found
