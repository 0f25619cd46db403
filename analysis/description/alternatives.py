"""Other ways to split the same activity: PCA, dictionary learning, a random rotation, other numbers, other programs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from nilearn.decomposition import CanICA
from scipy.stats import kurtosis
from sklearn import config_context
from sklearn.decomposition import IncrementalPCA, dict_learning_online, fastica

from analysis import nifti
from analysis.activity import Activity
from analysis.errors import InputError
from analysis.group import Reduced, group_ica, reduce_texts
from analysis.networks import Maps, Networks, correlation, match
from analysis.recurrence.stability import halves, shifted

DICTIONARY_DRAWS = 5  # signal-free draws that the slow method gets
PENALTY = 0.1  # of dictionary learning, in mean lengths of a neuron's column of the reduced rows


def ica(reduced: Reduced, k: int, seed: int) -> Maps:
    """Spatial ICA as the book does it, with few restarts: as many for real as for signal-free activity."""
    return group_ica(reduced, k, n_restarts=2, max_iter=200, seed=seed).maps


def pca(reduced: Reduced, k: int, seed: int) -> Maps:
    """Return the k strongest orthogonal directions, which nothing turns."""
    return reduced.rows[:k]


def dictionary(reduced: Reduced, k: int, seed: int) -> Maps:
    """Learn a dictionary (Mairal et al. 2009): maps under an L1 penalty, started from ICA as nilearn's DictLearning is.

    nilearn fixes the penalty in units of its data. Ours is relative to the size of the data, so that real and
    signal-free activity meet the same one.
    """
    start = ica(reduced, k, seed).astype(np.float64)
    columns = reduced.rows.T.astype(np.float64)
    lengths = np.linalg.norm(columns, axis=1)
    columns /= lengths[lengths > 0].mean()
    loadings = np.linalg.lstsq(start.T, columns, rcond=None)[0]
    # scikit-learn fits one small lasso a neuron, and checking the arguments of each takes longer than the fit.
    with config_context(skip_parameter_validation=True, assume_finite=True):
        codes, _ = dict_learning_online(
            columns,
            k,
            alpha=PENALTY,
            max_iter=1,
            batch_size=256,
            dict_init=loadings / np.linalg.norm(loadings, axis=1, keepdims=True),
            method="cd",
            method_max_iter=10_000,
            random_state=seed,
            return_code=True,
        )
    return np.asarray(codes.T, np.float32)


def rotation(reduced: Reduced, k: int, seed: int) -> Maps:
    """Turn the directions that ICA turns, but at random: all of the subspace, none of the independence."""
    rows = reduced.rows[:k].astype(np.float64)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(rows), len(rows))))[0]
    return np.asarray(turn @ (rows / rows.std(1, keepdims=True)), np.float32)


Method: TypeAlias = Callable[[Reduced, int, int], Maps]
METHODS: Mapping[str, Method] = {
    "ICA": ica,
    "PCA": pca,
    "dictionary learning": dictionary,
    "random rotation": rotation,
}


@dataclass(frozen=True)
class Comparison:
    """Methods side by side.

    Attributes
    ----------
    networks : DataFrame
        A row for each method and network: ``method``, ``kurtosis`` (excess, of the maps of all texts),
        ``similarity`` (absolute correlation of matched maps of two halves); each sorted, largest first.
    null : DataFrame
        The same of signal-free activity, with ``draw``.
    shifted_maps : ndarray of shape (n_draws, k, n_neurons)
        The maps that ICA finds in signal-free activity, in z units.
    """

    networks: pd.DataFrame
    null: pd.DataFrame
    shifted_maps: npt.NDArray[np.float32]

    def similarity(self, method: str = "ICA") -> npt.NDArray[np.float64]:
        """Split-half similarity of one method's networks, shape (k,)."""
        return self.networks.loc[self.networks["method"] == method, "similarity"].to_numpy()

    def largest_by_chance(self, method: str = "ICA") -> npt.NDArray[np.float64]:
        """Largest split-half similarity in each draw of signal-free activity, shape (n_draws,)."""
        return self.null[self.null["method"] == method].groupby("draw")["similarity"].max().to_numpy()

    def table(self) -> pd.DataFrame:
        """Medians over the networks of each method, and in signal-free activity the median and 95th percentile draw."""
        medians = self.networks.groupby("method", sort=False)[["kurtosis", "similarity"]].median()
        draws = self.null.groupby(["method", "draw"], sort=False)[["kurtosis", "similarity"]].median()
        by_method = draws.groupby("method", sort=False)
        middle, high = by_method.median(), by_method.quantile(0.95)
        return pd.DataFrame(
            {
                f"{name}, {part}": values[name]
                for name in ("kurtosis", "similarity")
                for part, values in (("real", medians), ("shifted", middle), ("shifted, 95 %", high))
            }
        )


def compare(activity: Activity, k: int, m: int, *, n_draws: int = 20, seed: int = 0) -> Comparison:
    """Give all methods the same reduced rows, of real activity and of signal-free draws.

    Parameters
    ----------
    activity : Activity
        Standardised within texts; at least two texts.
    k, m : int
        Number of networks, and of rows to reduce to; see :func:`analysis.group.reduce_texts`.
    n_draws : int
        Draws of signal-free activity (see :func:`analysis.recurrence.stability.shifted`).
        In each the texts are halved anew. Dictionary learning, which takes longer than all else together, gets the
        first :data:`DICTIONARY_DRAWS`.
    seed : int

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If there are fewer rows than networks, one text, or no draw.
    """
    if not k < m or n_draws < 1:
        raise InputError(f"k={k}, m={m}, n_draws={n_draws} compare nothing. Use m some times k, and 1 draw or more.")
    real, _ = _one(activity, k, m, seed, METHODS, shift=False)
    fast = {name: method for name, method in METHODS.items() if method is not dictionary}
    tables, maps = [], []
    for draw, state in enumerate(np.random.SeedSequence(seed).generate_state(n_draws)):
        methods = METHODS if draw < DICTIONARY_DRAWS else fast
        table, found = _one(activity, k, m, int(state), methods, shift=True)
        tables.append(table.assign(draw=draw))
        maps.append(found)
    return Comparison(real, pd.concat(tables, ignore_index=True), np.stack(maps))


def _one(
    activity: Activity, k: int, m: int, seed: int, methods: Mapping[str, Method], *, shift: bool
) -> tuple[pd.DataFrame, Maps]:
    """Return the rows of one activity for all methods, and the maps of ICA."""
    parts = [reduce_texts([shifted(half, seed) if shift else half], m) for half in halves(activity, seed)]
    whole = _together(parts, m)
    moving = np.any(activity.values, axis=0)
    tables, first_maps = [], None
    for name, method in methods.items():
        maps = method(whole, k, seed)
        # A seed of its own for each half: a shared one would give the same random rotation twice.
        first, second = (method(part, k, seed + number) for number, part in enumerate(parts, 1))
        peaked = np.nan_to_num(kurtosis(maps[:, moving].astype(np.float64), axis=1))
        similar = match(correlation(first, second))[1]
        tables.append(
            pd.DataFrame({"method": name, "kurtosis": np.sort(peaked)[::-1], "similarity": np.sort(similar)[::-1]})
        )
        first_maps = maps if first_maps is None else first_maps
    assert first_maps is not None
    return pd.concat(tables, ignore_index=True), first_maps


def _together(parts: Sequence[Reduced], m: int) -> Reduced:
    """Reduce what has been reduced: the rows of the halves stand for all their tokens."""
    rows = np.concatenate([part.rows for part in parts])
    table = pd.DataFrame({"text": np.zeros(len(rows), int)})
    first = parts[0]
    stacked = Activity(rows, table, first.layer_sizes, first.site, first.model)  # type: ignore[arg-type]
    tokens, energy = sum(part.n_tokens for part in parts), sum(part.energy for part in parts)
    return replace(reduce_texts([stacked], m), n_tokens=tokens, energy=energy)


def orders(reduced: Reduced, reference: Networks, ks: Sequence[int], *, seed: int = 0) -> pd.DataFrame:
    """Ask for more or fewer networks, and see what becomes of those that were found.

    Parameters
    ----------
    reduced : Reduced
    reference : Networks
        Of the same rows.
    ks : sequence of int
        Numbers of networks to try.
    seed : int

    Returns
    -------
    DataFrame, a row for each k
        ``share`` of variance, ``matched`` (how many of the reference's networks have a partner), ``mean |r|`` and
        ``lowest |r|`` of those with their partner.
    """
    rows = []
    for k in ks:
        found = group_ica(reduced, k, seed=seed)
        partner, value = match(correlation(reference.maps, found.maps))
        value = value[partner >= 0]
        row = {"k": k, "share": found.share.sum(), "matched": len(value)}
        rows.append({**row, "mean |r|": value.mean(), "lowest |r|": value.min()})
    return pd.DataFrame(rows).set_index("k")


def incremental_pca(texts: Iterable[Activity], k: int, m: int, *, seed: int = 0) -> Maps:
    """Do the group decomposition with scikit-learn alone: IncrementalPCA text by text, then FastICA.

    Parameters
    ----------
    texts : iterable of Activity
        Standardised. Texts are joined until they have the ``m`` tokens that IncrementalPCA asks for at a time.
    k, m : int
        Number of networks, and of components to keep on the way.
    seed : int

    Returns
    -------
    ndarray of shape (k, n_neurons)
    """
    model, waiting = IncrementalPCA(m), []
    for text in texts:
        waiting.append(text.values - text.values.mean(1, keepdims=True))
        if sum(map(len, waiting)) >= m:
            model.partial_fit(np.concatenate(waiting))
            waiting = []
    if not hasattr(model, "components_"):
        raise InputError(f"The texts have fewer than m={m} tokens. Read more text, or keep fewer rows.")
    # Orthonormal already, and FastICA's own whitening can lose a direction of such input (it multiplies by sign(0)).
    white = model.components_[:k].astype(np.float64).T
    white = (white - white.mean(0)) / white.std(0)
    _, _, sources = fastica(white, whiten=False, max_iter=500, random_state=seed)
    return np.asarray(sources.T, np.float32)


def canica(texts: Iterable[Activity], k: int, *, seed: int = 0) -> Maps:
    """Do the group decomposition with nilearn's CanICA (Varoquaux et al. 2010), on images of layers × neurons.

    A model has no anatomy: the mask is given, nothing is smoothed, no trend is taken out, and the activity comes
    standardised already. CanICA keeps k directions of each image before it looks at what images share, so it matters
    whether an image is one text or all of them.

    Parameters
    ----------
    texts : iterable of Activity
        Standardised; each becomes one image.
    k : int
    seed : int

    Returns
    -------
    ndarray of shape (k, n_neurons)
    """
    images: list[Any] = []
    sizes: tuple[int, ...] = ()
    for text in texts:
        sizes = text.layer_sizes
        images.append(nifti.to_image(text.values - text.values.mean(1, keepdims=True), sizes))
    if not images:
        raise InputError("There is no activity to decompose. Give at least one text.")
    model = CanICA(
        n_components=k,
        mask=nifti.mask_image(sizes),
        smoothing_fwhm=None,
        detrend=False,
        standardize=False,
        threshold=None,
        n_init=5,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # nilearn says that it will use the mask it was given, which is what we ask of it.
        warnings.filterwarnings("ignore", message=".*[Gg]eneration of a mask.*")
        model.fit(images)
    return nifti.from_image(model.components_img_, sizes)
