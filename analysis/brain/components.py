"""Networks of a brain: decompose a group, go back to single people, tell what repeats and what is noise.

The decomposition is :func:`analysis.decomposition.spatial_ica`, the one that the language models get: a volume plays
the part of a token, a voxel that of a neuron.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from nilearn import masking
from nilearn.decomposition import CanICA, DictLearning
from sklearn.exceptions import ConvergenceWarning

from analysis.activity import Activity
from analysis.brain.data import HIGH_PASS, Matrix, Scans, rim
from analysis.decomposition import spatial_ica
from analysis.errors import InputError
from analysis.networks import Networks, correlation, match

REFIT_ITERATIONS = 60  # where there is signal the rotation is found by then; where there is none it never settles
FAST = 0.1  # hertz: the haemodynamic response lets little through above it
TOO_ROUGH, TOO_MUCH_RIM = (
    0.45,
    1.3,
)  # the noise rule; set on simulated groups of seeds 0 to 2 and 100 to 103, tried on others


def reduce_runs(scans: Scans, k: int) -> list[Matrix]:
    """Keep the k strongest directions of each run, all at the same length; shape (k, n_voxels) each.

    This is the first stage of CanICA (Varoquaux et al. 2010). Bringing the directions to one length makes the next
    stage look for what people have in common and not for what is strong in one of them. After it a person takes up few
    rows, and a bootstrap over people costs next to nothing.

    Raises
    ------
    InputError
        If a run has too few volumes or voxels.
    """
    reduced = []
    for number, run in enumerate(scans.runs, 1):
        if not 1 <= k < min(run.shape):
            raise InputError(
                f"k={k} components cannot be found in {scans.name}: its run {number} has {run.shape[0]} volumes of "
                f"{run.shape[1]} voxels. Use k from 1 to {min(run.shape) - 1}."
            )
        wide = run.astype(np.float64)
        _, directions = np.linalg.eigh(wide @ wide.T)
        rows = directions[:, ::-1][:, :k].T @ wide
        reduced.append((rows / rows.std(1, keepdims=True)).astype(np.float32))
    return reduced


def group_ica(
    reduced: Sequence[Matrix], k: int, *, n_restarts: int = 3, seed: int = 0, max_iter: int = 500
) -> Networks:
    """Decompose several people at once: their reduced runs under one another, then spatial ICA.

    Parameters
    ----------
    reduced : sequence of ndarray of shape (n_directions, n_voxels)
        From :func:`reduce_runs`.
    k : int
        Number of components, at most as many as the directions of a run.
    n_restarts, seed, max_iter : int
        As in :func:`analysis.decomposition.spatial_ica`.

    Returns
    -------
    Networks
        ``maps`` of shape (k, n_voxels) in z units. Time courses of people come from :func:`dual_regression`.
    """
    values = np.concatenate(reduced)
    rows = pd.DataFrame({"text": np.repeat(np.arange(len(reduced)), [len(part) for part in reduced])})
    rows = rows.assign(position=rows.groupby("text").cumcount(), domain="scan")
    # The site names where in a model activity is read; here it is the scanner, so no site of a model is right.
    stacked = Activity(values, rows, (values.shape[1],), cast(Any, "voxels"), "brain")
    return spatial_ica(stacked, k, n_restarts=n_restarts, seed=seed, max_iter=max_iter)


def nilearn_maps(scans: Scans, k: int, method: Literal["canica", "dictionary"], *, seed: int = 0) -> Matrix:
    """Decompose with nilearn's CanICA (Varoquaux et al. 2010) or DictLearning (Mensch et al. 2016).

    The scans have been cleaned, so neither does it again, and no threshold is put on the maps, shape (k, n_voxels).
    """
    options: dict[str, Any] = {
        "n_components": k,
        "mask": scans.mask,
        "smoothing_fwhm": None,
        "detrend": False,
        "standardize": False,
        "random_state": seed,
    }
    if method == "canica":
        model = CanICA(threshold=None, n_init=3, **options)
    else:
        model = DictLearning(batch_size=50, **options)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        # nilearn says that it will use the mask it was given, which is what we ask of it.
        warnings.filterwarnings("ignore", message=".*[Gg]eneration of a mask.*")
        # The sparse coding of single volumes stops at rounding, above a tolerance that scales with the data.
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        paths = [f"{folder}/{number}.nii" for number in range(len(scans.runs))]
        for run, path in zip(scans.runs, paths, strict=True):  # as files, so that one at a time is in memory
            masking.unmask(run, scans.mask).to_filename(path)
        model.fit(paths)
    return np.asarray(model.components_, np.float32)


def dual_regression(run: Matrix, maps: Matrix) -> tuple[Matrix, Matrix]:
    """Find the time courses of group maps in one run, and with them the run's own maps (Beckmann et al. 2009).

    Parameters
    ----------
    run : ndarray of shape (n_volumes, n_voxels)
        Cleaned.
    maps : ndarray of shape (k, n_voxels)
        Of the group.

    Returns
    -------
    courses : ndarray of shape (n_volumes, k)
        In standard deviations.
    own : ndarray of shape (k, n_voxels)
        In units of the run per standard deviation of the course.
    """
    centred = maps - maps.mean(1, keepdims=True)
    courses = np.linalg.lstsq(centred.T, (run - run.mean(1, keepdims=True)).T, rcond=None)[0].T
    courses = (courses - courses.mean(0)) / courses.std(0)
    own = np.linalg.lstsq(courses, run, rcond=None)[0]
    return courses.astype(np.float32), own.astype(np.float32)


def stability(reduced: Sequence[Matrix], found: Networks, *, n_draws: int = 20, seed: int = 0) -> pd.DataFrame:
    """Say how well each component is found again in other people.

    Parameters
    ----------
    reduced : sequence of ndarray
        One per run; runs are what is resampled.
    found : Networks
        The components of all runs together.
    n_draws : int
        Bootstrap samples of runs.
    seed : int

    Returns
    -------
    DataFrame of k rows
        ``bootstrap`` (mean absolute correlation with the partner in a bootstrap sample), ``low`` and ``high`` (5th and
        95th percentile over samples), ``split_half`` (absolute correlation of its partners in two halves).
    """
    if len(reduced) < 4:
        raise InputError(f"{len(reduced)} runs cannot be split in halves of two or more. Give at least 4 runs.")
    rng = np.random.default_rng(seed)
    samples = [rng.integers(0, len(reduced), len(reduced)) for _ in range(n_draws)]
    again = np.array([match(correlation(found.maps, _refit(reduced, found.k, s, seed)))[1] for s in samples])
    order = rng.permutation(len(reduced))
    halves = [_refit(reduced, found.k, order[start::2], seed) for start in (0, 1)]
    partners = [half[match(correlation(found.maps, half))[0]] for half in halves]
    return pd.DataFrame(
        {
            "bootstrap": again.mean(0),
            "low": np.quantile(again, 0.05, axis=0),
            "high": np.quantile(again, 0.95, axis=0),
            "split_half": np.abs(np.diag(correlation(*partners))),
        },
        index=pd.RangeIndex(1, found.k + 1, name="component"),
    )


def _refit(reduced: Sequence[Matrix], k: int, chosen: npt.NDArray[np.int64], seed: int) -> Matrix:
    return group_ica([reduced[run] for run in chosen], k, n_restarts=1, seed=seed, max_iter=REFIT_ITERATIONS).maps


def looks_like_noise(scans: Scans, maps: Matrix, courses: Sequence[Matrix]) -> pd.DataFrame:
    """Tell components that come from the scanner or from movement by two marks, each relative to plain chance.

    ``roughness``: power density of the time course above :data:`FAST`, over its mean density; 1 for white noise, less
    for what comes through a haemodynamic response. ``rim``: share of the squared map in the brain's rim, over the
    rim's share of the brain; 1 for a map without a place. A component with either above its bar is called noise. The
    marks are among those that raters use (Griffanti et al. 2017).

    Returns
    -------
    DataFrame of k rows
        ``roughness``, ``rim`` (NaN where they cannot be known), ``noise`` (bool).
    """
    roughness = np.full(len(maps), np.nan)
    if scans.tr and scans.tr < 0.5 / FAST:
        roughness = np.mean([_roughness(course, scans.tr) for course in courses], axis=0)
    at_rim = np.full(len(maps), np.nan)
    if scans.mask is not None:
        edge = rim(scans.mask)
        squared = maps.astype(np.float64) ** 2
        at_rim = squared[:, edge].sum(1) / squared.sum(1) / edge.mean()
    return pd.DataFrame(
        {"roughness": roughness, "rim": at_rim, "noise": (roughness > TOO_ROUGH) | (at_rim > TOO_MUCH_RIM)},
        index=pd.RangeIndex(1, len(maps) + 1, name="component"),
    )


def _roughness(course: Matrix, tr: float) -> npt.NDArray[np.float64]:
    frequency = np.fft.rfftfreq(len(course), tr)
    power = np.abs(np.fft.rfft(course - course.mean(0), axis=0)) ** 2
    kept = frequency > HIGH_PASS
    return np.asarray(power[frequency > FAST].mean(0) / power[kept].mean(0))
