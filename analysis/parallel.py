"""Independent pieces of work side by side: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import joblib
from threadpoolctl import threadpool_limits

from analysis.errors import InputError

VARIABLE = "SCHEDULER"
"""Names the environment variable with the address of a Dask scheduler; empty or absent, all work is done here."""

_PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "transformers")
_SECONDS = 10  # that a scheduler has to answer
_is_piece: ContextVar[bool] = ContextVar("is_piece", default=False)


def spread(
    function: Callable[..., Any],
    pieces: Iterable[Sequence[Any]],
    *,
    shared: Sequence[Any] = (),
    n_jobs: int = 1,
) -> list[Any]:
    """Call ``function(*shared, *piece)`` for each piece, and return the results in the order of the pieces.

    With the environment variable `SCHEDULER` the calls go to that Dask cluster, whatever ``n_jobs`` is. What is
    shared is sent to each worker once, not once a piece. Workers compute with one BLAS thread, as chapters do, so a
    cluster of like processors gives the same numbers to the last digit; other processors may round differently.
    A piece that spreads pieces of its own works these off by itself.

    Parameters
    ----------
    function : callable
        Of a module, so that other processes can import it.
    pieces : iterable of sequence
        Arguments that differ from call to call; keep them small.
    shared : sequence
        Arguments that all calls have in common, the large ones among them.
    n_jobs : int
        Processes on this machine.

    Returns
    -------
    list

    Raises
    ------
    InputError
        If a scheduler is named that cannot be used; see :func:`cluster`. What a piece raises is raised here.
    """
    if _is_piece.get():
        return [function(*shared, *piece) for piece in pieces]
    if address := os.environ.get(VARIABLE, ""):
        return _spread_on(cluster(address), function, pieces, shared)
    return joblib.Parallel(n_jobs)(joblib.delayed(function)(*shared, *piece) for piece in pieces)


def _spread_on(
    client: Any, function: Callable[..., Any], pieces: Iterable[Sequence[Any]], shared: Sequence[Any]
) -> list[Any]:
    """Do the same through a client of dask.

    Not through joblib's backend of that name, which waits for ever where a worker dies or cannot load a piece
    (joblib 1.6), and takes three times as long to hand one over.
    """
    from distributed import KilledWorker  # noqa: PLC0415 (as in `cluster`)

    sent = client.scatter(list(shared), broadcast=True, hash=False) if shared else []
    futures = [client.submit(_piece, function, *sent, *piece, pure=False) for piece in pieces]
    try:
        return list(client.gather(futures))
    except KilledWorker as error:
        raise InputError(
            f"Several workers of {client.scheduler.address} died over one piece of work; most often memory has run "
            "out. Give them more, or ask for less at once."
        ) from error
    finally:
        client.cancel(futures)  # after an error, the rest is not wanted


def _piece(function: Callable[..., Any], *arguments: Any) -> Any:
    token = _is_piece.set(True)
    try:
        with threadpool_limits(1):
            return function(*arguments)
    finally:
        _is_piece.reset(token)


@functools.cache
def cluster(address: str) -> Any:
    """Connect to a Dask scheduler, once for each process.

    Parameters
    ----------
    address : str
        As in ``tcp://127.0.0.1:8786``.

    Returns
    -------
    distributed.Client

    Raises
    ------
    InputError
        If dask is not installed, no scheduler answers, it has no worker, or a worker has other code or packages.
    """
    try:
        import distributed  # noqa: PLC0415 (an extra: only those who name a scheduler need it)
    except ModuleNotFoundError:
        raise InputError(
            f"{VARIABLE}={address} needs dask. Install the extra 'cluster': "
            "pip install -c constraints.txt -e '.[cluster]'"
        ) from None
    try:
        client = distributed.Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError):
        raise InputError(
            f"No Dask scheduler answers at {VARIABLE}={address}. Start one with 'dask scheduler', or leave it out."
        ) from None
    problem = _problem(client)
    if problem:
        client.close()
        raise InputError(f"The cluster at {VARIABLE}={address} cannot be used: {problem}")
    return client


def _problem(client: Any) -> str:
    """Say what keeps a cluster from giving our numbers; nothing where all is well."""

    def probe() -> dict[str, str]:  # within, so that it travels as code: the package may be what is missing
        try:
            from analysis.parallel import state  # noqa: PLC0415
        except ImportError as error:
            return {"analysis": f"none ({error})"}
        return state()

    command = f"dask worker --nthreads 1 {client.scheduler.address}"
    if not (threads := client.nthreads()):
        return f"it has no workers. Start some with: {command}"
    if max(threads.values()) > 1:  # threads of one process share what they are warned of, and how many threads BLAS has
        return f"the worker {max(threads, key=threads.__getitem__)} has several threads. Start it with: {command}"
    mine = state()
    for worker, theirs in client.run(probe).items():
        for name, version in mine.items():
            if (other := theirs.get(name, "none")) != version:
                return f"the worker {worker} has {name} {other}, not {version}. Install there what is installed here."
    return ""


def state() -> dict[str, str]:
    """Return what decides the numbers of a process: versions, and a digest of this package's code."""
    found = {"python": platform.python_version()}
    found |= {name: importlib.metadata.version(name).partition("+")[0] for name in _PACKAGES}
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path.relative_to(package)).encode() + path.read_bytes())
    return found | {"analysis": digest.hexdigest()[:12]}
