"""Networks of a brain: decompose a group, go back to single people, ask what a network follows.

The decomposition is :func:`analysis.decomposition.spatial_ica`, the one that the language models get: a volume plays
the part of a token, a voxel that of a neuron.
"""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from nilearn import masking
from nilearn.decomposition import CanICA, DictLearning
from nilearn.glm.first_level.hemodynamic_models import glover_hrf
from sklearn.exceptions import ConvergenceWarning

from analysis.activity import Activity
from analysis.decomposition import spatial_ica
from analysis.errors import InputError
from analysis.fmri_data import HIGH_PASS, REST, Labels, Matrix, Scans, rim
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


def follows_blocks(
    courses: Sequence[Matrix],
    labels: Sequence[Labels],
    tr: float,
    *,
    against: Literal["others", "rest"] = "others",
    follow: str = "all",
    n_draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Ask whether a component responds to one kind of block: more or less than to the others, or than to rest.

    The response to a block is the regression of the time course on the block's expected haemodynamic response.
    Against the others, the effect of a kind is its mean response less theirs, and the null permutes the kinds of the
    blocks within each run. Against rest, it is the mean response, and the null shifts each run's courses circularly by
    an offset of the run's own. Two-sided; p is corrected over components and kinds by the largest standardised effect
    (Nichols and Holmes 2002).

    Parameters
    ----------
    courses : sequence of ndarray of shape (n_volumes, k)
        One per run.
    labels : sequence of ndarray of str, shape (n_volumes,)
    tr : float
        Seconds.
    against : {"others", "rest"}
    follow : str
        Kinds of block to ask about, separated by blanks, or ``"all"``; p is corrected over those.
    n_draws : int
        Draws of the null; the smallest p is 1 / (1 + n_draws).
    seed : int

    Returns
    -------
    DataFrame
        One row per component and kind: ``component``, ``follows``, ``effect`` (standard deviations of the time
        course), ``z``, ``p``.

    Raises
    ------
    InputError
        If a kind of block is asked for that is not there, or there is nothing to compare it with.
    """
    rng = np.random.default_rng(seed)
    weights, kinds = zip(*(_block_weights(run, tr) for run in labels), strict=True)
    order = np.concatenate(kinds)
    names = _asked(follow, order, against)

    def responses(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        moved = (np.roll(course, offset, axis=0) for course, offset in zip(courses, offsets, strict=True))
        return np.concatenate([weight @ course for weight, course in zip(weights, moved, strict=True)])

    observed = responses(np.zeros(len(courses), int))
    effects = [_by_kind(observed, order, names, against)]
    for _ in range(n_draws):
        if against == "others":
            permuted = np.concatenate([rng.permutation(run) for run in kinds])
            effects.append(_by_kind(observed, permuted, names, against))
        else:
            offsets = np.array([rng.integers(0, len(course)) for course in courses])
            effects.append(_by_kind(responses(offsets), order, names, against))
    rows = itertools.product(names.tolist(), range(1, observed.shape[1] + 1))
    return _corrected(pd.DataFrame(rows, columns=["follows", "component"]), np.array(effects), two_sided=True)


def _asked(follow: str, kinds: Labels, against: str) -> Labels:
    there = np.unique(kinds)
    names = there if follow == "all" else np.unique(follow.split())
    if not len(names) or not np.isin(names, there).all():
        raise InputError(f"follow='{follow}' names blocks that are not there. There are: {', '.join(there) or 'none'}.")
    if len(there) < 2 and against == "others":
        raise InputError(f"All blocks are of one kind ({there[0]}), so it cannot be compared with others.")
    return names


def _block_weights(labels: Labels, tr: float) -> tuple[npt.NDArray[np.float64], Labels]:
    """Return what turns a time course into the response to each block, shape (n_blocks, n_volumes), and their kinds.

    A block that the run's end cuts short, so that little of its response is seen, is left out.
    """
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    spans = [span for span in np.split(np.arange(len(labels)), starts[1:]) if labels[span[0]] != REST]
    boxes = np.zeros((len(spans), len(labels)))
    for box, span in zip(boxes, spans, strict=True):
        box[span] = 1
    kernel = glover_hrf(tr, oversampling=1)
    expected = np.array([np.convolve(box, kernel)[: len(labels)] for box in boxes]).reshape(len(spans), -1)
    size = np.square(expected).sum(1)
    whole = size > 0.25 * size.max(initial=0)
    design = np.column_stack([expected[whole].T, np.ones(len(labels))])
    return np.linalg.pinv(design)[:-1], labels[np.array([span[0] for span in spans], int)][whole]


def _by_kind(responses: npt.NDArray[np.float64], kinds: Labels, names: Labels, against: str) -> npt.NDArray[np.float64]:
    """Average the responses of each kind, shape (n_kinds * k,)."""
    means = np.array([responses[kinds == name].mean(0) for name in names])
    if against == "others":
        means -= np.array([responses[kinds != name].mean(0) for name in names])
    return means.ravel()


def intersubject(courses: Sequence[Matrix], *, n_draws: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Correlate each person's time course with the mean of all others (Hasson et al. 2004), component by component.

    The null shifts each person's courses circularly by an offset of that person's own: each keeps its pace, the people
    lose step. p is corrected over components by the largest standardised correlation.

    Parameters
    ----------
    courses : sequence of ndarray of shape (n_volumes, k)
        One per person, in step.
    n_draws : int
        Shifts; the smallest p is 1 / (1 + n_draws).
    seed : int

    Returns
    -------
    DataFrame of k rows
        ``component``, ``effect`` (mean correlation over people), ``z``, ``p``.
    """
    table = np.stack([course / course.std(0) for course in courses]).astype(np.float64)
    table -= table.mean(1, keepdims=True)
    n_people, n_volumes, k = table.shape
    rng = np.random.default_rng(seed)
    offsets = rng.integers(0, n_volumes, (n_draws, n_people))
    draws = [_shift(table, one) for one in offsets.tolist()]
    effects = np.array([_leave_one_out(table), *draws])
    return _corrected(pd.DataFrame({"component": np.arange(1, k + 1)}), effects)


def _shift(table: npt.NDArray[np.float64], offsets: Sequence[int]) -> npt.NDArray[np.float64]:
    moved = np.stack([np.roll(course, offset, axis=0) for course, offset in zip(table, offsets, strict=True)])
    return _leave_one_out(moved)


def _leave_one_out(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    others = table.sum(0) - table
    products = (table * others).sum(1) / np.linalg.norm(table, axis=1) / np.linalg.norm(others, axis=1)
    return np.asarray(products.mean(0))


def _corrected(rows: pd.DataFrame, effects: npt.NDArray[np.float64], *, two_sided: bool = False) -> pd.DataFrame:
    """Add effect, z and max-corrected p, from effects of shape (1 + n_draws, n_rows) with the observed one first."""
    z = (effects - effects[1:].mean(0)) / effects[1:].std(0)
    size = np.abs(z) if two_sided else z
    p = (1 + (size[1:].max(1)[None, :] >= size[0][:, None]).sum(1)) / len(effects)
    return rows.assign(effect=effects[0], z=z[0], p=p)


def findings(
    scans: Scans, courses: Sequence[Matrix], *, follow: str = "all", n_draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Put every question to the components that the scans allow: blocks where there are labels, people in step.

    Parameters
    ----------
    scans : Scans
    courses : sequence of ndarray of shape (n_volumes, k)
        One per run.
    follow : str
        Kinds of block to ask about, separated by blanks, or ``"all"``; p is corrected over those.
    n_draws, seed : int

    Returns
    -------
    DataFrame
        ``test``, ``follows``, ``component``, ``effect``, ``z``, ``p``; empty where no question fits the scans.

    Raises
    ------
    InputError
        As :func:`follows_blocks`.
    """
    tables = []
    if scans.labels is not None and scans.tr:
        ask = partial(follows_blocks, courses, scans.labels, scans.tr, follow=follow, n_draws=n_draws, seed=seed)
        tables.append(ask(against="rest").assign(test="blocks against rest"))
        if len(np.unique(np.concatenate(scans.labels))) > 2:
            tables.append(ask(against="others").assign(test="blocks against others"))
    if scans.same_stimulus:
        shared = intersubject(courses, n_draws=n_draws, seed=seed)
        tables.append(shared.assign(test="people in step", follows="the other people"))
    columns = ["test", "follows", "component", "effect", "z", "p"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Say for each question how much is beyond chance, and what is furthest from it.

    Returns
    -------
    DataFrame, one row per question, asked or not
        ``pairs`` (of component and what it may follow), ``beyond chance`` (p < .05), and of the pair with the largest
        standardised effect ``component``, ``follows``, ``effect``, ``p``.
    """
    rows: dict[str, list[Any]] = {}
    for question in ("blocks against rest", "blocks against others", "people in step"):
        asked = table[table["test"] == question]
        if asked.empty:
            rows[question] = ["these data do not allow the question", "", "", "", "", ""]
            continue
        top = asked.loc[asked["z"].abs().idxmax()]
        furthest = [top["component"], top["follows"], f"{top['effect']:.2f}", f"{top['p']:.3f}"]
        rows[question] = [len(asked), int((asked["p"] < 0.05).sum()), *furthest]
    columns = ["pairs", "beyond chance", "component", "follows", "effect", "p"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("question")
