"""Find functional networks: spatial independent component analysis, as in resting-state fMRI."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import fastica
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import randomized_svd

from analysis.activity import Activity
from analysis.errors import InputError
from analysis.networks import Networks, correlation, match

Matrix = npt.NDArray[np.float32]
Constant = Literal["refuse", "keep"]


def standardise(activity: Activity, *, constant: Constant = "refuse") -> Activity:
    """Bring every neuron to mean 0 and standard deviation 1 within each text.

    A text is to the model what a run is to a scanner session: levels and scales differ from one to the next for
    reasons that are not co-activation. Without it the deep layers, whose activity is larger, decide everything.

    Parameters
    ----------
    activity : Activity
    constant : {"refuse", "keep"}
        What to do with a neuron that never changes: refuse, or keep it at 0, where no network can include it.

    Returns
    -------
    Activity
        A copy; a neuron that is constant within one text only is 0 there.

    Raises
    ------
    InputError
        If a value is not finite, or a neuron never changes and ``constant`` is ``"refuse"``.
    """
    if constant not in ("refuse", "keep"):
        raise InputError(f"constant='{constant}' is unknown. Use 'refuse' or 'keep'.")
    _check_finite(activity)
    values = np.empty_like(activity.values)
    moved = np.zeros(values.shape[1], bool)
    for rows in activity.tokens.groupby("text").indices.values():
        block = activity.values[rows]
        block = block - block.mean(0, dtype=np.float64).astype(np.float32)
        spread = block.std(0, dtype=np.float64).astype(np.float32)
        alive = spread > 1e-6 * np.abs(activity.values[rows]).max(0)  # rounding leaves a little in what is constant
        values[rows] = np.where(alive, block / np.where(alive, spread, 1), 0)
        moved |= alive
    if constant == "refuse" and not moved.all():
        dead = np.flatnonzero(~moved)
        raise InputError(
            f"{len(dead)} of {len(moved)} neurons never change (the first is neuron {dead[0]}, in layer "
            f"{activity.layer_of[dead[0]] + 1}). Read more text, or keep them out of all networks with constant=keep."
        )
    return Activity(values, activity.tokens, activity.layer_sizes, activity.site, activity.model)


def spatial_ica(
    activity: Activity,
    k: int,
    *,
    n_restarts: int = 10,
    seed: int = 0,
    max_iter: int = 500,
    tol: float = 1e-4,
) -> Networks:
    """Decompose activity into k networks whose maps over neurons are as independent as can be.

    Neurons are the samples and tokens the mixtures, as voxels and volumes are in fMRI (McKeown et al. 1998): each
    volume is centred, a truncated singular value decomposition keeps the k strongest directions, and FastICA
    (Hyvärinen 1999; contrast log cosh) turns them. Of several restarts the one whose least sparse map is the sparsest
    is kept (the smallest of the largest L1 norms), as nilearn's CanICA does (Varoquaux et al. 2010).

    Parameters
    ----------
    activity : Activity
        Standardised; see :func:`standardise`.
    k : int
        Number of networks, at most the number of tokens and of neurons.
    n_restarts : int
        Random starts of the rotation.
    seed : int
        Same seed, same networks on the same machine.
    max_iter, tol : int, float
        When FastICA stops.

    Returns
    -------
    Networks
        Strongest first, by share of variance.

    Raises
    ------
    InputError
        If k does not fit the data, or a value is not finite.
    """
    _check_finite(activity)
    # A neuron that never changes is left out: centring would give it the mean of the others, and so a place in a map.
    moving: npt.NDArray[np.bool_] = np.any(activity.values, axis=0)
    values = activity.values[:, moving]
    _check_k(k, values, n_restarts)
    rng = np.random.RandomState(seed)
    centred = values - values.mean(1, keepdims=True)
    directions = whiten(centred, k, rng)
    runs = [_rotate(directions, rng.randint(2**31 - 1), max_iter, tol) for _ in range(n_restarts)]
    best = min(range(n_restarts), key=lambda run: float(np.abs(runs[run][0]).sum(1).max()))
    sources, converged = runs[best]
    agreement = _agreement(sources, [maps for run, (maps, _) in enumerate(runs) if run != best])

    sources *= np.sign((sources**3).mean(1, keepdims=True))
    courses = centred @ sources.T.astype(np.float32) / values.shape[1]
    share = (courses.astype(np.float64) ** 2).sum(0) * values.shape[1] / (centred.astype(np.float64) ** 2).sum()
    order = np.argsort(-share)
    maps = np.zeros((k, len(moving)), np.float32)
    maps[:, moving] = sources[order]
    return Networks(
        maps=maps,
        time_courses=(courses / courses.std(0))[:, order],
        share=share[order],
        layer_sizes=activity.layer_sizes,
        site=activity.site,
        model=activity.model,
        restart_agreement=agreement[order],
        converged=converged,
    )


def whiten(centred: Matrix, k: int, rng: np.random.RandomState) -> npt.NDArray[np.float64]:
    """Return the k strongest directions over neurons, uncorrelated and of unit variance, shape (k, n_neurons).

    The randomised decomposition of Halko et al. (2011): exact to rounding where the spectrum falls, and many times
    faster than a full one. FastICA itself runs in float64, since its contrasts lose the optimum in float32.
    """
    _, _, right = randomized_svd(centred, k, n_iter=4, random_state=rng)
    white = right.astype(np.float64)
    white -= white.mean(1, keepdims=True)
    return np.asarray(white / white.std(1, keepdims=True))


def _rotate(
    white: npt.NDArray[np.float64], seed: int, max_iter: int, tol: float
) -> tuple[npt.NDArray[np.float64], bool]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        _, _, sources = fastica(white.T, whiten=False, fun="logcosh", max_iter=max_iter, tol=tol, random_state=seed)
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    sources = np.asarray(sources.T)
    return sources / sources.std(1, keepdims=True), converged


def _agreement(best: npt.NDArray[np.float64], others: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    if not others:
        return np.full(len(best), np.nan)
    maps = best.astype(np.float32)
    return np.mean([match(correlation(maps, other.astype(np.float32)))[1] for other in others], axis=0)


def _check_finite(activity: Activity) -> None:
    finite = np.isfinite(activity.values)
    if not finite.all():
        token, neuron = np.argwhere(~finite)[0]
        raise InputError(
            f"The activity is not finite (token {token}, neuron {neuron} in layer {activity.layer_of[neuron] + 1}). "
            "Load the model in float32, or leave that text out."
        )


def _check_k(k: int, values: Matrix, n_restarts: int) -> None:
    n_tokens, n_neurons = values.shape
    if not 1 <= k < min(n_tokens, n_neurons):
        raise InputError(
            f"k={k} networks cannot be found in {n_tokens} tokens of {n_neurons} neurons. "
            f"Use k from 1 to {min(n_tokens, n_neurons) - 1}, or read more text."
        )
    if n_restarts < 1:
        raise InputError(f"n_restarts={n_restarts} starts nothing. Use 1 or more.")
