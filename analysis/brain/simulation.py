"""A group of people whose networks are known, because we made them: where they are, when they work, what disturbs them.

Places come from tables of regions that ship with nilearn, the brain from its template, the slow response from its
haemodynamic model. Everything is drawn from one seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from nibabel.affines import apply_affine
from nibabel.nifti1 import Nifti1Image
from nilearn import datasets, image
from nilearn.glm.first_level.hemodynamic_models import glover_hrf
from scipy import ndimage

from analysis.brain.data import RIM_MM, Labels, Matrix, Scans
from analysis.brain.mixing import switching
from analysis.errors import InputError

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
    points = apply_affine(mask.affine, np.argwhere(np.asarray(mask.dataobj, bool)))
    shifts = rng.normal(0, shift_mm, (n_people, len(NETWORKS), 3))
    amplitudes = np.linspace(*change, len(NETWORKS))[rng.permutation(len(NETWORKS))]
    story = _neural(rng, n_volumes, len(SHARED))
    thermal = 100 / tsnr * (4 / resolution) ** 1.5
    common = _Common(points, _disturbances(mask), _baseline(mask), amplitudes, story, thermal)
    runs, maps, courses, labels = zip(*(_person(rng, common, own) for own in shifts), strict=True)
    scans = Scans(runs, TR, mask, None, labels, True, "the simulated group")
    return Group(scans, (*NETWORKS, *NOISE), common.maps(0 * shifts[0]), np.array(maps), np.array(courses), shifts)


@dataclass(frozen=True)
class _Common:
    """What all people share: the brain and what disturbs it, how strong networks are, the story, the thermal noise."""

    points: Array
    disturbances: Array
    baseline: npt.NDArray[np.float32]
    amplitudes: Array
    story: Array
    thermal: float

    def maps(self, shifts: Array) -> Matrix:
        """Draw the networks, each shifted by so many millimetres, and the disturbances."""
        networks = [_blobs(self.points, at + shift) for at, shift in zip(foci(), shifts, strict=True)]
        return np.concatenate([networks, self.disturbances]).astype(np.float32)


def _person(rng: np.random.Generator, common: _Common, shifts: Array) -> tuple[Matrix, Matrix, Array, Labels]:
    """Scan one person; return the run, the person's maps, the courses and the labels."""
    n_volumes = len(common.story) // STEP
    disturbed = common.amplitudes.max() > 0
    maps = common.maps(shifts)
    labels = _labels(rng, n_volumes)
    networks = _courses(rng, labels, common.story) * common.amplitudes
    courses = np.column_stack([networks, _noise_courses(rng, n_volumes) * disturbed])
    per_cent = courses.astype(np.float32) @ maps + disturbed * _drift(rng, common.points, n_volumes)
    per_cent += np.float32(common.thermal) * rng.standard_normal(per_cent.shape, np.float32)
    return np.asarray(common.baseline * (1 + per_cent / 100), np.float32), maps, courses, labels


def foci() -> list[Array]:
    """Return the places of each network, in the order of :data:`NETWORKS`."""
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
    return switching(rng, n_volumes * STEP, n, on=12 * STEP / TR, off=off * STEP / TR)


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
