"""How near the truth an analysis of the simulated group comes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from nibabel.affines import apply_affine
from nibabel.nifti1 import Nifti1Image
from scipy import spatial

from analysis.brain.components import REFIT_ITERATIONS, dual_regression, group_ica, looks_like_noise, reduce_runs
from analysis.brain.data import Matrix, clean
from analysis.brain.simulation import NETWORKS, Array, Group, foci, simulate
from analysis.errors import InputError
from analysis.networks import correlation, match, overlap


def recovery(maps: Matrix, group: Group) -> pd.DataFrame:
    """Pair components with the planted sources and say how well each source is found.

    Parameters
    ----------
    maps : ndarray of shape (k, n_voxels)
    group : Group

    Returns
    -------
    DataFrame, one row per source
        ``source``, ``component`` (from 1), ``r`` (absolute spatial correlation), ``dice`` (of the voxels
        where the source is above a quarter of its peak and as many of the component's strongest).
    """
    if len(maps) < len(group.maps):
        n_sources = len(group.maps)
        raise InputError(
            f"k={len(maps)} components cannot hold the {n_sources} planted sources. Use k={n_sources} or more."
        )
    similarity = correlation(group.maps, maps)
    partner, r = match(similarity)
    signs = np.sign(similarity[np.arange(len(partner)), partner])[:, None]
    places = group.maps > 0.25
    ranks = (-signs * maps[partner]).argsort(1).argsort(1)
    shared = np.diag(overlap(places, ranks < places.sum(1, keepdims=True)))
    dice = 2 * shared / (1 + shared)
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
        In the order of :data:`analysis.brain.simulation.NETWORKS`, positive where the network is.
    mask : Nifti1Image
    """
    points = apply_affine(mask.affine, np.argwhere(np.asarray(mask.dataobj, bool)))
    found = []
    for row, at in zip(maps, foci(), strict=True):
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
        Each person's, from :func:`analysis.brain.components.dual_regression`.

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
        The rest of :func:`analysis.brain.simulation.simulate`.

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
        As :func:`analysis.brain.components.looks_like_noise`, with ``truth`` (see :func:`is_noise`) and ``seed``.
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
