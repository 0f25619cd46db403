"""What the scanner measured, as a value: read from NIfTI files, from an array of nodes, or fetched by nilearn."""

from __future__ import annotations

import glob
import gzip
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
import pandas as pd
from nibabel.filebasedimages import ImageFileError
from nibabel.nifti1 import Nifti1Image
from nilearn import datasets, image, masking, signal
from scipy import ndimage

from analysis.errors import InputError

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.str_]
REST = "rest"
HIGH_PASS = 0.008  # hertz: slower than this is drift
RIM_MM = 6.0  # the outermost millimetres of the brain, where movement shows
MIN_VOLUMES = 20  # a run shorter than this is a mistake


@dataclass(frozen=True)
class Scans:
    """What was measured, run by run.

    Attributes
    ----------
    runs : tuple of ndarray of shape (n_volumes, n_voxels), float32
        In scanner units, or standardised. Columns are the voxels of the mask, or nodes where there is no mask.
    tr : float or None
        Seconds from one volume to the next; None where it is not known.
    mask : Nifti1Image or None
        Which voxels the columns are; None for data that are not pictures.
    background : Nifti1Image or None
        What maps are drawn on, if not on the standard brain.
    labels : tuple of ndarray of str, or None
        For each run the condition of each volume, :data:`REST` between blocks.
    same_stimulus : bool
        Whether each run is another person who heard or saw the same, in step.
    name : str
    """

    runs: tuple[Matrix, ...]
    tr: float | None
    mask: Nifti1Image | None
    background: Nifti1Image | None
    labels: tuple[Labels, ...] | None
    same_stimulus: bool
    name: str

    @property
    def n_voxels(self) -> int:
        """Number of columns."""
        return self.runs[0].shape[1]


def clean(scans: Scans, smooth_mm: float = 6.0) -> Scans:
    """Smooth each volume, take drift out of each run, and bring each voxel to mean 0 and standard deviation 1 in it.

    Parameters
    ----------
    scans : Scans
    smooth_mm : float
        Full width at half maximum of the smoothing, in millimetres; nodes are not smoothed.

    Returns
    -------
    Scans
        Without drift, which is what a straight line and cosines slower than :data:`HIGH_PASS` explain; where the
        repetition time is not known, only the line goes. A voxel that never changes in a run is 0 there.
    """
    options: dict[str, Any] = {"filter": False}
    if scans.tr:
        options = {"filter": "cosine", "high_pass": HIGH_PASS, "t_r": scans.tr}
    runs = []
    for run in scans.runs:
        if scans.mask is not None and smooth_mm > 0:
            smooth = masking.apply_mask(masking.unmask(run, scans.mask), scans.mask, smoothing_fwhm=smooth_mm)
        else:
            smooth = run
        cleaned = signal.clean(smooth, detrend=True, standardize="zscore_sample", **options)
        runs.append(np.asarray(cleaned, np.float32))
    return replace(scans, runs=tuple(runs))


def rim(mask: Nifti1Image) -> npt.NDArray[np.bool_]:
    """Mark the voxels of the mask that lie in its outermost :data:`RIM_MM` (at least one voxel), shape (n_voxels,)."""
    inside = np.asarray(mask.dataobj, bool)
    sizes = np.abs(mask.header.get_zooms()[:3])
    depth = ndimage.distance_transform_edt(np.pad(inside, 1), sampling=sizes)[1:-1, 1:-1, 1:-1]
    return np.asarray(depth[inside] <= max(RIM_MM, *sizes))


def load_scans(source: str, *, simulated: Scans, n_people: int = 12) -> Scans:
    """Read the scans that a chapter's parameter names.

    Parameters
    ----------
    source : str
        ``"simulated"``; ``"development"`` (people who watch a short film, fetched by nilearn); the path of an
        ``.npz`` file with an array ``activity`` of shape (n_people, n_volumes, n_nodes); or the path or pattern of
        4-D NIfTI files, one a run. Beside NIfTI files an ``attributes.txt`` may stand: a heading, then for each volume
        of all files in their order its condition and the number of its run.
    simulated : Scans
        What ``"simulated"`` stands for.
    n_people : int
        How many people to fetch.

    Returns
    -------
    Scans
        Not cleaned yet; see :func:`clean`.

    Raises
    ------
    InputError
        If nothing is there, or what is there cannot be used.
    """
    if source == "simulated":
        return simulated
    if source == "development":
        return _fetch_development(n_people)
    paths = sorted(Path(match) for match in glob.glob(source))
    if not paths:
        raise InputError(
            f"There is no file '{source}'. Give fmri=simulated, fmri=development, an .npz file or 4-D NIfTI files."
        )
    if paths[0].suffix == ".npz":
        if len(paths) > 1:
            raise InputError(f"'{source}' names {len(paths)} .npz files. Give one; it holds all people.")
        return _read_nodes(paths[0])
    return _read_runs(paths)


def _read_nodes(path: Path) -> Scans:
    try:
        with np.load(path, allow_pickle=False) as held:
            names = list(held)
            values = np.asarray(held["activity"]) if "activity" in names else None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        raise InputError(f"'{path}' cannot be read as plain arrays. Save it again with numpy.savez.") from None
    if values is None:
        raise InputError(f"'{path}' has no array 'activity' (it has: {', '.join(names)}). Save one under that name.")
    if values.ndim != 3 or not np.issubdtype(values.dtype, np.number):
        raise InputError(
            f"'activity' in '{path}' has shape {values.shape} and type {values.dtype}. "
            "It must hold numbers of people × volumes × nodes."
        )
    runs = tuple(np.asarray(person, np.float32) for person in values)
    for run in runs:
        _check_run(run, path)
    return Scans(runs, None, None, None, None, len(runs) > 2, path.stem)


def _read_runs(paths: Sequence[Path]) -> Scans:
    images = [_read_image(path) for path in paths]
    first = images[0]
    for path, picture in zip(paths, images, strict=True):
        same = picture.shape[:3] == first.shape[:3] and np.allclose(picture.affine, first.affine, atol=1e-3)
        if not same:
            raise InputError(f"'{path}' has another grid than '{paths[0]}'. Resample all runs to one grid.")
    pictures = [_values(picture, path) for path, picture in zip(paths, images, strict=True)]
    background = Nifti1Image(np.mean(pictures[0], axis=-1), first.affine)
    mask = _brain(background, paths[0])
    inside = np.asarray(mask.dataobj, bool)
    runs = [np.ascontiguousarray(values[inside].T) for values in pictures]
    for run, path in zip(runs, paths, strict=True):
        _check_run(run, path)
    tr = float(first.header.get_zooms()[3])
    labels = _read_labels(paths, [len(run) for run in runs])
    return Scans(tuple(runs), tr if tr > 0 else None, mask, background, labels, False, paths[0].parent.name)


def _read_image(path: Path) -> Nifti1Image:
    try:
        picture = nibabel.load(path)
    except (ImageFileError, OSError):
        raise InputError(f"'{path}' cannot be read as NIfTI. Give .nii or .nii.gz files.") from None
    if len(picture.shape) != 4:
        raise InputError(f"'{path}' has {len(picture.shape)} dimensions. Give 4-D files: one picture per volume.")
    if not isinstance(picture, Nifti1Image):
        raise InputError(f"'{path}' is not NIfTI. Convert it, for example with nibabel.")
    return picture


def _values(picture: Nifti1Image, path: Path) -> Matrix:
    try:
        values = np.asarray(picture.dataobj, np.float32)
        if path.suffix == ".gz":  # only reading to the end compares the check sum
            with gzip.open(path) as packed:
                while packed.read(1 << 24):
                    pass
    except (OSError, EOFError, ValueError, zlib.error):
        raise InputError(f"'{path}' is cut short or damaged. Copy or download it again.") from None
    finite = np.isfinite(values)
    if (finite.any(-1) & ~finite.all(-1)).any():
        raise InputError(f"'{path}' holds values that are not finite. Repair or leave out these volumes.")
    return np.where(finite, values, 0)  # some programs write NaN outside of the brain


def _brain(background: Nifti1Image, path: Path) -> Nifti1Image:
    """Tell brain from air by the brightness of the mean picture; coarse voxels are not eroded."""
    coarse = min(background.header.get_zooms()[:3]) > 8
    try:
        mask = masking.compute_epi_mask(background, opening=0 if coarse else 2)
    except ValueError:
        mask = None
    if mask is None or not np.asarray(mask.dataobj).any():
        raise InputError(f"No brain stands out from the background of '{path}'. Give functional runs as scanned.")
    return mask


def _check_run(run: Matrix, path: Path) -> None:
    if len(run) < MIN_VOLUMES:
        raise InputError(f"'{path}' has {len(run)} volumes. A run needs at least {MIN_VOLUMES}.")
    if not np.isfinite(run).all():
        raise InputError(f"'{path}' holds values that are not finite. Repair or leave out these volumes.")
    if not np.ptp(run, axis=0).any():
        raise InputError(f"'{path}' never changes. Give a functional run, not a copy of one picture.")


def _read_labels(paths: Sequence[Path], lengths: Sequence[int]) -> tuple[Labels, ...] | None:
    path = paths[0].parent / "attributes.txt"
    if not path.exists():
        return None
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = lines if lines and len(lines[0]) > 1 and lines[0][1].isdigit() else lines[1:]
    if len(lines) != sum(lengths) or any(len(line) < 2 for line in lines):
        raise InputError(
            f"'{path}' describes {len(lines)} volumes, the runs have {sum(lengths)}. Give all runs that it "
            "describes, or move it away to go without conditions."
        )
    conditions = np.array([line[0] for line in lines])
    return tuple(np.split(conditions, np.cumsum(lengths)[:-1]))


def _fetch_development(n_people: int) -> Scans:
    try:
        fetched = datasets.fetch_development_fmri(n_subjects=n_people, verbose=0)
    except OSError:  # all network errors of requests are of this kind
        raise InputError(
            "fmri=development could not be downloaded. Connect to the network, or use fmri=simulated or files."
        ) from None
    mask = datasets.load_mni152_brain_mask(resolution=4)
    runs = []
    for path, confounds in zip(fetched.func, fetched.confounds, strict=True):
        aligned = image.resample_to_img(mask, path, interpolation="nearest", copy_header=True, force_resample=True)
        nuisance = pd.read_csv(confounds, sep="\t").fillna(0)
        run = signal.clean(masking.apply_mask(path, aligned), confounds=nuisance, detrend=False, standardize=None)
        runs.append(np.asarray(run, np.float32))
        _check_run(runs[-1], Path(path))
    return Scans(tuple(runs), 2.0, aligned, None, None, len(runs) > 2, "development")
