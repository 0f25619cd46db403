"""A group of people whose networks are known, because we made them: where they are, when they work, what disturbs them.

Places come from tables of regions that ship with nilearn, the brain from its template, the slow response from its
haemodynamic model. Everything is drawn from one seed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from nibabel.affines import apply_affine
from nibabel.nifti1 import Nifti1Image
from nilearn import datasets, image
from nilearn.glm.first_level.hemodynamic_models import glover_hrf
from scipy import ndimage, spatial
from sklearn.decomposition import fastica

from analysis.decomposition import whiten
from analysis.errors import InputError
from analysis.fmri import REFIT_ITERATIONS, dual_regression, group_ica, looks_like_noise, reduce_runs
from analysis.fmri_data import RIM_MM, Labels, Matrix, Scans, clean
from analysis.networks import correlation, match, overlap

Array = npt.NDArray[np.float64]
TR = 2.0  # seconds
STEP = 4  # neural steps per volume
WIDTH_MM = 7.0  # standard deviation of the blob at each place
BLOCK, GAP = 8, 7  # volumes of a block and of the rest after it
SEITZMAN = {
    "default mode": "DefaultMode",
    "visual": "Visual",
    "motor": "SomatomotorDorsal",
    "auditory": "Auditory",
    "language": "VentralAttention",
    "salience": "Salience",
    "executive": "FrontoParietal",
}
NETWORKS = (*SEITZMAN, "cerebellar")
NOISE = ("movement", "pulsation")
DRIVEN = {"visual": "pictures", "motor": "tapping"}  # the kind of block that a network responds to
SHARED = ("auditory", "language")  # networks that follow the story that all people hear
OPPOSED = ("default mode", "executive")  # the second works most while the first pauses


@dataclass(frozen=True)
class Group:
    """Scans, and the truth behind them.

    Attributes
    ----------
    scans : Scans
        One run per person, in scanner units (the brain's mean is near 1,000).
    names : tuple of str
        The sources: :data:`NETWORKS`, then :data:`NOISE`.
    maps : ndarray of shape (n_sources, n_voxels), float32
        The group's maps, 1 at their peak.
    person_maps : ndarray of shape (n_people, n_sources, n_voxels), float32
        Each person's own; networks are shifted.
    courses : ndarray of shape (n_people, n_volumes, n_sources)
        In per cent of the mean signal.
    shifts : ndarray of shape (n_people, n_networks, 3)
        How far a person's networks lie from the group's, in millimetres.
    """

    scans: Scans
    names: tuple[str, ...]
    maps: Matrix
    person_maps: npt.NDArray[np.float32]
    courses: Array
    shifts: Array


def places() -> pd.DataFrame:
    """Return the places of the networks in MNI space: ``network``, ``x``, ``y``, ``z`` (millimetres), ``source``.

    All cortical regions that carry a network's name in the table of Seitzman et al. (2020), and the cerebellar
    regions of Dosenbach et al. (2010). Neither has a language network; the left-hemisphere regions that Seitzman's
    table calls ventral attention lie where it is found (Fedorenko et al. 2010).
    """
    tables = []
    seitzman = datasets.fetch_coords_seitzman_2018(ordered_regions=False)
    where = pd.DataFrame(seitzman["rois"]).reset_index(drop=True)
    labels, parts = np.asarray(seitzman["networks"]), np.asarray(seitzman["regions"])
    cortex = np.char.startswith(parts.astype(str), "cortex")
    for name, label in SEITZMAN.items():
        chosen = (labels == label) & (parts == "cortexL" if name == "language" else cortex)
        tables.append(where[chosen].assign(network=name, source="Seitzman et al. (2020)"))
    dosenbach = datasets.fetch_coords_dosenbach_2010(ordered_regions=False)
    chosen = np.asarray(dosenbach["networks"]) == "cerebellum"
    cerebellum = pd.DataFrame(dosenbach["rois"]).reset_index(drop=True)[chosen]
    tables.append(cerebellum.assign(network="cerebellar", source="Dosenbach et al. (2010)"))
    return pd.concat(tables, ignore_index=True)[["network", "x", "y", "z", "source"]]


def simulate(
    *,
    n_people: int = 16,
    n_volumes: int = 200,
    tsnr: float = 50,
    resolution: int = 4,
    shift_mm: float = 3.0,
    change: tuple[float, float] = (1.0, 2.0),
    seed: int = 0,
) -> Group:
    """Scan a group of simulated people.

    Parameters
    ----------
    n_people, n_volumes : int
        How many, and how long each (a volume every :data:`TR` seconds).
    tsnr : float
        Mean signal over the standard deviation over time of the noise in a voxel of 4 mm; larger voxels average more
        noise away, by the root of their volume. Drift and disturbances come on top.
    resolution : int
        Edge of a voxel in millimetres.
    shift_mm : float
        Standard deviation, along each axis, of how far a person's network lies from the group's.
    change : tuple of float
        Smallest and largest signal change of a network, in per cent, at the peak of its response to steady work;
        (0, 0) leaves only the noise, without disturbances.
    seed : int

    Returns
    -------
    Group

    Raises
    ------
    InputError
        If a number does not fit.
    """
    if n_people < 2 or n_volumes < 4 * (BLOCK + GAP) or tsnr <= 0 or not 2 <= resolution <= 10:
        raise InputError(
            f"n_people={n_people}, n_volumes={n_volumes}, tsnr={tsnr}, resolution={resolution} cannot be simulated. "
            f"Use 2 people or more, {4 * (BLOCK + GAP)} volumes or more, tsnr above 0 and 2 to 10 mm."
        )
    rng = np.random.default_rng(seed)
    mask = image.crop_img(datasets.load_mni152_brain_mask(resolution=resolution), copy_header=True)
    inside = np.asarray(mask.dataobj, bool)
    points = apply_affine(mask.affine, np.argwhere(inside))
    disturbances = _disturbances(mask)
    foci = _foci()
    shifts = rng.normal(0, shift_mm, (n_people, len(NETWORKS), 3))
    baseline = _baseline(mask)
    amplitudes = np.linspace(*change, len(NETWORKS))[rng.permutation(len(NETWORKS))]
    story = _neural(rng, n_volumes, len(SHARED))
    runs, maps, courses, labels = [], [], [], []
    for person in range(n_people):
        own = np.array([_blobs(points, at + shift) for at, shift in zip(foci, shifts[person], strict=True)])
        maps.append(np.concatenate([own, disturbances]).astype(np.float32))
        labels.append(_labels(rng, n_volumes))
        networks = _courses(rng, labels[-1], story) * amplitudes
        noise = _noise_courses(rng, n_volumes) * (max(change) > 0)
        courses.append(np.column_stack([networks, noise]))
        per_cent = courses[-1].astype(np.float32) @ maps[-1] + (max(change) > 0) * _drift(rng, points, n_volumes)
        per_cent += np.float32(100 / tsnr * (4 / resolution) ** 1.5) * rng.standard_normal(
            (n_volumes, len(points)), np.float32
        )
        runs.append(np.asarray(baseline * (1 + per_cent / 100), np.float32))
    group_maps = np.concatenate([[_blobs(points, at) for at in foci], disturbances]).astype(np.float32)
    scans = Scans(tuple(runs), TR, mask, None, tuple(labels), True, "the simulated group")
    return Group(scans, (*NETWORKS, *NOISE), group_maps, np.array(maps), np.array(courses), shifts)


def _foci() -> list[Array]:
    return [table[["x", "y", "z"]].to_numpy(float) for _, table in places().groupby("network", sort=False)]


def _blobs(points: Array, centres: Array) -> Array:
    """Draw a Gaussian at each centre; where they meet, the larger counts."""
    squared = (points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1)
    return np.asarray(np.exp(-squared.min(1) / (2 * WIDTH_MM**2)))


def _disturbances(mask: Nifti1Image) -> Array:
    """Draw where movement shows (the rim of the brain) and where the heartbeat does (the fluid deep inside)."""
    inside = np.asarray(mask.dataobj, bool)
    size = float(mask.header.get_zooms()[0])
    depth = ndimage.distance_transform_edt(np.pad(inside, 1), sampling=size)[1:-1, 1:-1, 1:-1][inside]
    rim = np.exp(-np.maximum(depth - max(RIM_MM, size), 0) / 2)
    tissue = sum(
        image.resample_to_img(load(resolution=int(size)), mask, copy_header=True, force_resample=True).get_fdata()
        for load in (datasets.load_mni152_gm_template, datasets.load_mni152_wm_template)
    )
    fluid = np.clip(1 - tissue[inside], 0, 1) * (depth > 15)
    return np.array([rim, fluid / fluid.max()])


def _baseline(mask: Nifti1Image) -> npt.NDArray[np.float32]:
    template = datasets.load_mni152_template(resolution=int(mask.header.get_zooms()[0]))
    aligned = image.resample_to_img(template, mask, copy_header=True, force_resample=True).get_fdata()
    brightness = aligned[np.asarray(mask.dataobj, bool)]
    return np.asarray(500 * (1 + brightness / brightness.mean()), np.float32)


def _neural(rng: np.random.Generator, n_volumes: int, n: int, off: float = 12) -> Array:
    """Switch on for about 12 seconds and off for about `off`, at random; shape (n_volumes * STEP, n)."""
    states = np.zeros((n_volumes * STEP, n))
    for column in states.T:
        lengths = rng.exponential(np.tile([off, 12], n_volumes) * STEP / TR).astype(int) + 1
        column[:] = np.repeat(np.arange(len(lengths)) % 2, lengths)[rng.integers(0, 40) :][: len(column)]
    return states


def _labels(rng: np.random.Generator, n_volumes: int) -> Labels:
    n_pairs = n_volumes // (BLOCK + GAP) // 2
    kinds = rng.permutation(np.repeat(list(DRIVEN.values()), n_pairs))
    labels = np.full(n_volumes, "rest", dtype="<U10")
    for number, kind in enumerate(kinds):
        start = number * (BLOCK + GAP) + GAP // 2
        labels[start : start + BLOCK] = kind
    return np.roll(labels, rng.integers(n_volumes))  # nobody starts when another does


def _courses(rng: np.random.Generator, labels: Labels, story: Array) -> Array:
    """Draw the signal of each network; a driven or shared one follows its driver for half of its strength."""
    neural, quiet = (_neural(rng, len(labels), len(NETWORKS), off) for off in (12, 36))
    for column, name in enumerate(NETWORKS):
        if name in DRIVEN:
            neural[:, column] = np.maximum(quiet[:, column], np.repeat(labels == DRIVEN[name], STEP))
        if name == OPPOSED[1]:
            neural[:, column] = np.maximum(quiet[:, column], 1 - neural[:, NETWORKS.index(OPPOSED[0])])
        if name in SHARED:
            neural[:, column] = np.maximum(quiet[:, column], story[:, SHARED.index(name)])
    kernel = glover_hrf(TR / STEP, oversampling=1)
    kernel /= kernel.cumsum().max()  # the peak of the response to steady work is 1
    return np.array([np.convolve(column, kernel)[: len(neural)][::STEP] for column in neural.T]).T


def _noise_courses(rng: np.random.Generator, n_volumes: int) -> Array:
    """Draw sudden movements (up to several per cent at the rim) and a pulse that the sampling folds to near 0.2 Hz."""
    movement = 0.2 * rng.standard_normal(n_volumes)
    spikes = rng.choice(n_volumes, max(3, n_volumes // 30), replace=False)
    movement[spikes] += rng.choice([-1, 1], len(spikes)) * rng.uniform(3, 6, len(spikes))
    phase = np.cumsum(2 * np.pi * (0.2 * TR + 0.03 * rng.standard_normal(n_volumes)))
    return np.column_stack([movement, 1.5 * np.sin(phase + rng.uniform(0, 2 * np.pi))])


def _drift(rng: np.random.Generator, points: Array, n_volumes: int) -> npt.NDArray[np.float32]:
    """Draw a slow change, about 1 % at the ends of the brain, along a direction of the person's own."""
    time = np.linspace(0, 1, n_volumes)
    slow = np.column_stack([2 * time - 1, np.cos(2 * np.pi * time + rng.uniform(0, 2 * np.pi))])
    fields = points @ rng.standard_normal((3, 2)) / np.abs(points).max()
    return np.asarray(slow @ fields.T, np.float32)


def recovery(maps: Matrix, group: Group) -> pd.DataFrame:
    """Pair components with the planted sources and say how well each source is found.

    Parameters
    ----------
    maps : ndarray of shape (k, n_voxels)
    group : Group

    Returns
    -------
    DataFrame, one row per source
        ``source``, ``component`` (from 1; 0 for none), ``r`` (absolute spatial correlation), ``dice`` (of the voxels
        where the source is above a quarter of its peak and as many of the component's strongest).
    """
    similarity = correlation(group.maps, maps)
    partner, r = match(similarity)
    signs = np.sign(similarity[np.arange(len(partner)), partner])[:, None]
    places = group.maps > 0.25
    ranks = (-signs * maps[partner]).argsort(1).argsort(1)
    shared = np.diag(overlap(places, ranks < places.sum(1, keepdims=True)))
    dice = np.where(partner >= 0, 2 * shared / (1 + shared), 0)
    return pd.DataFrame({"source": group.names, "component": partner + 1, "r": r, "dice": dice})


def is_noise(maps: Matrix, group: Group, at: float = 0.5) -> npt.NDArray[np.bool_]:
    """Say which components come from no planted network, shape (k,): no network's map correlates beyond ``at``."""
    similarity = np.abs(correlation(maps, group.maps[: len(NETWORKS)]))
    return np.asarray(similarity.max(1) < at)


def displacements(maps: Matrix, mask: Nifti1Image) -> Array:
    """Say how far the weight of each network's map lies from the published places, shape (n_networks, 3), millimetres.

    The weight is the positive part of the map within 15 mm of a place, taken over all places of a network together.

    Parameters
    ----------
    maps : ndarray of shape (n_networks, n_voxels)
        In the order of :data:`NETWORKS`, positive where the network is.
    mask : Nifti1Image
    """
    points = apply_affine(mask.affine, np.argwhere(np.asarray(mask.dataobj, bool)))
    found = []
    for row, at in zip(maps, _foci(), strict=True):
        distance, nearest = spatial.KDTree(at).query(points)
        weight = np.maximum(row, 0) * (distance < 15)
        found.append(weight @ (points - at[nearest]) / weight.sum())
    return np.array(found)


def individual_errors(group: Group, maps: Matrix, own: Sequence[Matrix]) -> pd.DataFrame:
    """Compare where people's networks are with what their own maps say, and with what the group's maps say.

    Parameters
    ----------
    group : Group
    maps : ndarray of shape (k, n_voxels)
        Of the group.
    own : sequence of ndarray of shape (k, n_voxels)
        Each person's, from :func:`analysis.fmri.dual_regression`.

    Returns
    -------
    DataFrame, one row per person and network
        ``person``, ``network``, ``group`` and ``own``: distance in millimetres between the true shift of the network
        and the one taken from the group's map (none) or the person's own.
    """
    similarity = correlation(group.maps, maps)
    partner, _ = match(similarity)
    chosen = partner[: len(NETWORKS)]
    signs = np.sign(similarity[np.arange(len(NETWORKS)), chosen])[:, None]
    mask = group.scans.mask
    middle = displacements(signs * maps[chosen], mask)
    table = []
    for person, (mine, true) in enumerate(zip(own, group.shifts, strict=True), 1):
        moved = displacements(signs * mine[chosen], mask) - middle
        errors = {"group": np.linalg.norm(true, axis=1), "own": np.linalg.norm(true - moved, axis=1)}
        table.append(pd.DataFrame({"person": person, "network": NETWORKS, **errors}))
    return pd.concat(table, ignore_index=True)


Case = Literal["apart", "overlapping", "in step"]
By = Literal["space", "time"]
CASES: tuple[Case, ...] = get_args(Case)
BY: tuple[By, ...] = get_args(By)


def two_sources(case: Case, seed: int = 0) -> tuple[Array, Array, Array]:
    """Mix two sources in a picture of 24 × 24 voxels over 240 volumes.

    Parameters
    ----------
    case : {"apart", "overlapping", "in step"}
        Whether the maps overlap, or the time courses go together; "apart" for neither.
    seed : int

    Returns
    -------
    values : ndarray of shape (240, 576)
    maps : ndarray of shape (2, 576)
    courses : ndarray of shape (240, 2)
    """
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:24, :24]
    centres = [(12, 9), (12, 15)] if case == "overlapping" else [(7, 7), (17, 16)]
    radius = 6 if case == "overlapping" else 4
    maps = np.array([((down - y) ** 2 + (across - x) ** 2 <= radius**2).ravel() for y, x in centres], float)
    courses = _neural(rng, 240 // STEP, 2)
    if case == "in step":
        again = rng.random(240) < 0.15
        courses[:, 1] = np.where(again, courses[:, 1], courses[:, 0])
    return courses @ maps + 0.3 * rng.standard_normal((240, 576)), maps, courses


def unmix(values: npt.NDArray[np.float64], k: int, by: By, seed: int = 0) -> Matrix:
    """Decompose a table of volumes by voxels by spatial or by temporal ICA; return the maps, shape (k, n_voxels).

    Spatial ICA makes the maps independent; temporal ICA makes the time courses independent and finds the maps by
    regression on them.
    """
    centred = (values - values.mean(0)).astype(np.float32)
    table = centred - centred.mean(1, keepdims=True) if by == "space" else centred.T
    white = whiten(table, k, np.random.RandomState(seed))
    _, _, sources = fastica(white.T, whiten=False, fun="logcosh", max_iter=1000, random_state=seed)
    if by == "time":
        sources = np.linalg.lstsq(sources, centred, rcond=None)[0].T
    return np.asarray(sources.T, np.float32)


def unmixing(seeds: Sequence[int]) -> pd.DataFrame:
    """Unmix two sources in each case, from space and from time, once for each seed.

    Returns
    -------
    DataFrame
        ``case``, ``by`` ("space" or "time"), ``seed``, ``r`` (absolute correlation with the true map, the worse of the
        two), ``maps`` (the two maps found, in the order and with the sign of the true ones).
    """
    rows = []
    for case, by, seed in itertools.product(CASES, BY, seeds):
        values, true, _ = two_sources(case, seed)
        found = unmix(values, 2, by, seed)
        similarity = correlation(true.astype(np.float32), found)
        partner, r = match(similarity)
        maps = found[partner] * np.sign(similarity[[0, 1], partner])[:, None]
        rows.append({"case": case, "by": by, "seed": seed, "r": r.min(), "maps": maps})
    return pd.DataFrame(rows)


def noise_curve(tsnrs: Sequence[float], seeds: Sequence[int], k: int, **simulated: Any) -> pd.DataFrame:
    """Say how well the networks are found as noise grows.

    Parameters
    ----------
    tsnrs : sequence of float
    seeds : sequence of int
        One group each.
    k : int
        Number of components.
    **simulated
        The rest of :func:`simulate`.

    Returns
    -------
    DataFrame
        ``tsnr``, ``seed``, ``r`` (mean over the networks of their absolute correlation with the planted map).
    """
    rows = []
    for tsnr, seed in itertools.product(tsnrs, seeds):
        group = simulate(tsnr=tsnr, seed=seed, **simulated)
        found = group_ica(reduce_runs(clean(group.scans), k), k, n_restarts=1, seed=seed, max_iter=REFIT_ITERATIONS)
        r = recovery(found.maps, group)["r"][: len(NETWORKS)].mean()
        rows.append({"tsnr": tsnr, "seed": seed, "r": r})
    return pd.DataFrame(rows)


def marked_groups(seeds: Sequence[int], k: int, **simulated: Any) -> pd.DataFrame:
    """Mark the components of several simulated groups by the noise rule, beside the truth.

    Returns
    -------
    DataFrame of len(seeds) * k rows
        As :func:`analysis.fmri.looks_like_noise`, with ``truth`` (see :func:`is_noise`) and ``seed``.
    """
    tables = []
    for seed in seeds:
        group = simulate(seed=seed, **simulated)
        scans = clean(group.scans)
        found = group_ica(reduce_runs(scans, k), k, n_restarts=1, seed=seed, max_iter=REFIT_ITERATIONS)
        courses = [dual_regression(run, found.maps)[0] for run in scans.runs]
        marks = looks_like_noise(scans, found.maps, courses)
        tables.append(marks.assign(truth=is_noise(found.maps, group), seed=seed))
    return pd.concat(tables)
