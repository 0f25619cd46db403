"""Find functional networks: independent component analysis, spatial as in resting-state fMRI, or temporal."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from analysis.activity import Activity
from analysis.errors import InputError
from analysis.networks import Networks
from analysis.principal import Matrix, centred_energy, moving_columns, strongest_rows
from analysis.rotation import Turned, turn

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
    (Hyvärinen 1999; contrast log cosh) turns them. Of several restarts the one whose maps are sparsest together is
    kept (the smallest sum of L1 norms). CanICA (Varoquaux et al. 2010) asks for the smallest of the largest L1 norms,
    which looks at one map only: a start that leaves two others mixed can win.

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
    values, moving = _moving(activity, k, n_restarts)
    rng = np.random.RandomState(seed)
    turned = turn(whiten(values, k, rng), n_restarts, rng, max_iter, tol)
    # The mean of a source is 0, so that a volume's own mean adds nothing to its products with them.
    courses = values @ turned.sources.T.astype(np.float32) / values.shape[1]
    share = (courses.astype(np.float64) ** 2).sum(0) * values.shape[1] / centred_energy(values, 1)
    return arrange(activity, turned, spread_out(turned.sources, moving), courses, share)


def temporal_ica(
    activity: Activity,
    k: int,
    *,
    n_restarts: int = 10,
    seed: int = 0,
    max_iter: int = 500,
    tol: float = 1e-4,
) -> Networks:
    """Decompose activity into k networks whose time courses over tokens are as independent as can be.

    Tokens are the samples. This is what the code of the first paper's first version does; brains are mostly
    decomposed the other way, since a scan has few volumes and many voxels (Calhoun et al. 2001). A map is the
    regression of each neuron on the time courses, in standard deviations over neurons.

    Parameters and errors as in :func:`spatial_ica`.

    Returns
    -------
    Networks
        Strongest first, by share of variance.
    """
    values, moving = _moving(activity, k, n_restarts)
    rng = np.random.RandomState(seed)
    turned = turn(whiten(values.T, k, rng), n_restarts, rng, max_iter, tol)
    weights = turned.sources.astype(np.float32) @ values / len(values)
    share = (weights.astype(np.float64) ** 2).sum(1) * len(values) / centred_energy(values, 0)
    maps = spread_out(weights - weights.mean(1, keepdims=True), moving)
    return arrange(activity, turned, maps, turned.sources.T.astype(np.float32), share)


def _moving(activity: Activity, k: int, n_restarts: int) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Check what both decompositions ask for; return the activity of the neurons that ever change, and which.

    Centring would give one that never changes the mean of the others, and so a place in a map.
    """
    _check_finite(activity)
    moving = moving_columns(activity.values)
    values = activity.values if moving.all() else activity.values[:, moving]  # a copy may be large
    check_k(k, values.shape, n_restarts)
    return values, moving


class Source(Protocol):
    """What networks are found in."""

    @property
    def layer_sizes(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def site(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102


def arrange(source: Source, turned: Turned, maps: Matrix, courses: Matrix, share: npt.NDArray[np.float64]) -> Networks:
    """Put networks in order of strength, heavier tail positive, maps and time courses in standard deviations."""
    skewness = np.einsum("ij,ij,ij->i", maps, maps, maps, dtype=np.float64)
    sign = np.where(skewness < 0, -1, 1).astype(np.float32)
    order = np.argsort(-share)
    return Networks(
        maps=(in_deviations(maps.T).T * sign[:, None])[order],
        time_courses=(in_deviations(courses) * sign)[:, order],
        share=share[order],
        layer_sizes=source.layer_sizes,
        site=source.site,
        model=source.model,
        restart_agreement=turned.agreement[order],
        converged=turned.converged,
    )


def in_deviations(columns: npt.NDArray[np.floating]) -> Matrix:
    """Divide each column by its standard deviation; a constant one stays as it is."""
    spread = columns.std(0, dtype=np.float64) if len(columns) else np.ones(columns.shape[1])
    return np.asarray(columns / np.where(spread > 0, spread, 1), np.float32)


def spread_out(values: npt.NDArray[np.floating], moving: npt.NDArray[np.bool_]) -> Matrix:
    """Give rows over the moving neurons their places among all neurons; the others get 0."""
    whole = np.zeros((len(values), len(moving)), np.float32)
    whole[:, moving] = values
    return whole


def whiten(values: Matrix, k: int, rng: np.random.RandomState) -> npt.NDArray[np.float64]:
    """Return the k strongest directions over the columns, uncorrelated and of unit variance, shape (k, n_columns).

    The mean of each row is taken away first. FastICA itself runs in float64, since its contrasts lose the optimum in
    float32.
    """
    white = strongest_rows(values, k, rng, centre=True).astype(np.float64)
    white -= white.mean(1, keepdims=True)
    return np.asarray(white / white.std(1, keepdims=True))


def _check_finite(activity: Activity) -> None:
    with np.errstate(all="ignore"):
        sums = activity.values @ np.ones(activity.values.shape[1], np.float32)
    if np.isfinite(sums).all():  # a value that is not finite leaves no sum finite, and this is the quicker look
        return
    finite = np.isfinite(activity.values)
    if not finite.all():
        token, neuron = np.argwhere(~finite)[0]
        raise InputError(
            f"The activity is not finite (token {token}, neuron {neuron} in layer {activity.layer_of[neuron] + 1}). "
            "Load the model in float32, or leave that text out."
        )


def check_k(k: int, shape: tuple[int, ...], n_restarts: int) -> None:
    """Raise `InputError` unless k networks can be found in so many tokens (first) and neurons (second)."""
    n_tokens, n_neurons = shape
    if not 1 <= k < min(n_tokens, n_neurons):
        raise InputError(
            f"k={k} networks cannot be found in {n_tokens} tokens of {n_neurons} neurons. "
            f"Use k from 1 to {min(n_tokens, n_neurons) - 1}, or read more text."
        )
    if n_restarts < 1:
        raise InputError(f"n_restarts={n_restarts} starts nothing. Use 1 or more.")
