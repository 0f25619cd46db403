"""Group networks from many texts, read one at a time: reduction, decomposition, and back to single texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.activity import Activity
from analysis.decomposition import arrange, check_k, in_deviations, spread_out
from analysis.errors import InputError
from analysis.networks import Networks
from analysis.principal import Matrix, centred_over_neurons, energy, strongest_of_both, strongest_rows
from analysis.rotation import turn


@dataclass(frozen=True)
class Reduced:
    """Many tokens, reduced to a few rows that span what is strongest in them.

    Attributes
    ----------
    rows : ndarray of shape (m, n_neurons), float32
        Orthogonal, strongest first; the length of a row is its singular value.
    n_tokens : int
        Tokens that were read.
    energy : float
        Sum of squares of all of them, each token centred over neurons.
    layer_sizes : tuple of int
    site, model : str
    """

    rows: Matrix
    n_tokens: int
    energy: float
    layer_sizes: tuple[int, ...]
    site: str
    model: str


def reduce_texts(texts: Iterable[Activity], m: int) -> Reduced:
    """Reduce text after text, so that memory does not grow with their number.

    The incremental group PCA of Smith et al. (2014, "MIGP"): the rows kept so far and the tokens of the next text
    are stacked, and the m strongest directions of the stack are kept. The k strongest directions of all tokens come
    out nearly unharmed if m is some times larger than k.

    Parameters
    ----------
    texts : iterable of Activity
        Standardised, of one model and site; read once, in order.
    m : int
        Rows to keep.

    Returns
    -------
    Reduced

    Raises
    ------
    InputError
        If there is no text, or the texts do not belong together.
    """
    if m < 1:
        raise InputError(f"m={m} rows keep nothing. Use some times the number of networks.")
    rows: Matrix | None = None
    first: Activity | None = None
    n_tokens, total = 0, 0.0
    rng = np.random.RandomState(0)  # of a first guess that the result does not depend on
    for activity in texts:
        first = first or activity
        if (activity.model, activity.site, activity.layer_sizes) != (first.model, first.site, first.layer_sizes):
            raise InputError(
                f"Activity of '{activity.model}' at {activity.site} and of '{first.model}' at {first.site} cannot "
                "be reduced together. Use one model and one site."
            )
        for centred in _blocks(centred_over_neurons(activity.values), m):
            n_tokens += len(centred)
            total += energy(centred)
            rows = strongest_rows(centred, m, rng) if rows is None else strongest_of_both(rows, centred, m)
    if first is None or rows is None:
        raise InputError("There is no activity to reduce. Give at least one text.")
    return Reduced(rows, n_tokens, total, first.layer_sizes, first.site, first.model)


def _blocks(values: Matrix, m: int) -> Iterator[Matrix]:
    """Cut into blocks of about m tokens: the work per token, (m + block)² / block, is smallest there."""
    for start in range(0, len(values), m):
        yield values[start : start + m]


def group_ica(
    reduced: Reduced, k: int, *, n_restarts: int = 10, seed: int = 0, max_iter: int = 500, tol: float = 1e-4
) -> Networks:
    """Decompose reduced activity into k spatially independent networks.

    Parameters
    ----------
    reduced : Reduced
    k : int
        Number of networks, fewer than the rows that were kept.
    n_restarts, seed, max_iter, tol
        As in :func:`analysis.decomposition.spatial_ica`.

    Returns
    -------
    Networks
        With no time courses (shape (0, k)); :func:`dual_regression` gives those of any text.
    """
    moving: npt.NDArray[np.bool_] = np.any(reduced.rows, axis=0)
    rows = reduced.rows[:, moving]
    check_k(k, (min(rows.shape[0] + 1, reduced.n_tokens), rows.shape[1]), n_restarts)
    white = rows[:k].astype(np.float64)
    white -= white.mean(1, keepdims=True)
    white /= white.std(1, keepdims=True)
    turned = turn(white, n_restarts, np.random.RandomState(seed), max_iter, tol)
    weights = rows @ turned.sources.T.astype(np.float32) / rows.shape[1]
    share = (weights.astype(np.float64) ** 2).sum(0) * rows.shape[1] / reduced.energy
    return arrange(reduced, turned, spread_out(turned.sources, moving), np.zeros((0, k), np.float32), share)


def time_courses(networks: Networks, activity: Activity) -> npt.NDArray[np.float32]:
    """Return how strongly each network is expressed at each token, in standard deviations, shape (n_tokens, k).

    Each token's pattern over neurons is regressed on all maps at once (the first half of a dual regression).
    """
    _check_same(networks, activity)
    design = networks.maps.T.astype(np.float64)
    design = design - design.mean(0)
    centred = centred_over_neurons(activity.values)
    return in_deviations(centred @ np.linalg.pinv(design).T.astype(np.float32))


def dual_regression(networks: Networks, activity: Activity) -> Networks:
    """Carry group networks to single texts: their own time courses, and their own maps.

    Regress each token's pattern on the group's maps, then each neuron's time course on those courses (Nickerson et
    al. 2017). The result keeps the order of the group's networks, so no matching is needed.

    Parameters
    ----------
    networks : Networks
        Of the group.
    activity : Activity
        Standardised; of one text, or of several as if they were one.

    Returns
    -------
    Networks
        ``share`` is each network's own share of this activity's variance; ``restart_agreement`` is NaN.
    """
    courses = time_courses(networks, activity)
    centred = centred_over_neurons(activity.values)
    design = courses - courses.mean(0)
    weights = np.linalg.pinv(design) @ (centred - centred.mean(0))
    power = (weights.astype(np.float64) ** 2).sum(1) * (design.astype(np.float64) ** 2).sum(0)
    weights = centred_over_neurons(weights)
    return Networks(
        maps=in_deviations(weights.T).T,
        time_courses=courses,
        share=power / energy(centred),
        layer_sizes=networks.layer_sizes,
        site=networks.site,
        model=networks.model,
        restart_agreement=np.full(networks.k, np.nan),
        converged=networks.converged,
    )


def _check_same(networks: Networks, activity: Activity) -> None:
    if networks.layer_sizes != activity.layer_sizes or networks.site != activity.site:
        raise InputError(
            f"The networks are of {sum(networks.layer_sizes)} neurons at {networks.site}, the activity of "
            f"{sum(activity.layer_sizes)} at {activity.site}. Record the same site of the same model."
        )
