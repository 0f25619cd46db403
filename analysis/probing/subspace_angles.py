"""Angles in the space of activity: between tags, and between what two halves of the lemmas say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import subspace_angles

from analysis.errors import InputError
from analysis.inference import corrected_p, mean_over_units, random_set_p
from analysis.probing.classifiers import Features, Labels, Rows, check_features, lemma_folds
from analysis.probing.scores import control_tags
from analysis.probing.subspace import centre_and_scale, orthonormal, principal_axes, random_subspaces, tag_means

Floats: TypeAlias = npt.NDArray[np.float64]


def tag_angles(features: Features, tags: Labels, lemmas: Labels, *, n_draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Angle between the directions of each two tags: mean activity of a tag minus the mean over tags.

    Noise makes means of many features longer, and so bends angles towards what noise gives. Products of means are
    therefore taken over pairs of different lemmas only, which leaves noise out of their expectation, as in the
    cross-validated distances of pattern analysis (Walther et al. 2016).

    Directions of n tags that have nothing to do with each other are not at right angles: as they are deviations from
    their own mean, the cosine is -1 / (n - 1), 109° for four tags. Hence two nulls: tags exchanged between lemmas of
    like frequency, and random directions of the same variance.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_features)
    tags, lemmas : ndarray of str, shape (n_items,)
        Each tag with three lemmas at least.
    n_draws : int
        Of each null.
    seed : int

    Returns
    -------
    DataFrame
        A row for each pair: ``first``, ``second``, ``degrees`` with the 95 % interval ``low``, ``high`` over lemmas, by
        the jackknife for units of unequal size (Busing et al. 1999): missing, 0 and 180 where a tag's direction cannot
        be told from noise; ``plain`` (with noise and all) and, for exchanged tags, ``shuffled_low``, ``shuffled_high``
        (95 % of draws); ``random_low``, ``random_high``; ``p`` (of the plain angle, two-sided, against exchanged tags,
        corrected over the pairs).

    Raises
    ------
    InputError
        If a tag has too few lemmas.
    """
    check_features(features, tags)
    names, codes = np.unique(tags, return_inverse=True)
    pairs = np.triu_indices(len(names), 1)
    mean, scale = centre_and_scale(features)
    standard = (features - mean) / scale
    means = tag_means(standard, codes, len(names))
    plain = _cosines(means - means.mean(0), pairs)
    low, middle, high = _intervals(_pseudo_values(standard, codes, lemmas, pairs), lemmas, seed)
    draws = _shuffled(standard, tags, lemmas, n_draws, seed)
    shuffled = np.stack([_cosines(draw - draw.mean(0), pairs) for draw in draws])
    random = np.stack([_cosines(draw, pairs) for draw in _random_directions(standard, means, n_draws, seed)])
    away = np.abs(np.vstack([plain, shuffled]) - shuffled.mean(0))
    table: dict[str, Floats | Labels] = {"first": names[pairs[0]], "second": names[pairs[1]]}
    table |= {"degrees": _degrees(middle), "low": _degrees(high), "high": _degrees(low), "plain": _degrees(plain)}
    for name, drawn in (("shuffled", shuffled), ("random", random)):
        least, most = np.quantile(drawn, [0.025, 0.975], axis=0)
        table |= {f"{name}_low": _degrees(most), f"{name}_high": _degrees(least)}
    return pd.DataFrame({**table, "p": corrected_p(away[0], away[1:])})


def split_half_angles(
    features: Features, tags: Labels, lemmas: Labels, *, n_draws: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Principal angles between the subspaces of tags that two halves of the lemmas give, each without the other.

    A subspace of tags exists as far as words that share nothing but their tags agree on it. Two nulls: the same with
    tags exchanged between lemmas of like frequency (two subspaces of means may agree because activity varies much in
    few directions), and random subspaces of the dimension and variance of one half's against the other's.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_features)
    tags, lemmas : ndarray of str, shape (n_items,)
    n_draws : int
        Of each null.
    seed : int
        Of the split and the draws.

    Returns
    -------
    DataFrame indexed by angle, from 1, smallest first
        ``degrees``; ``shuffled`` and ``random`` (median of draws) with ``shuffled_low``, ``random_low`` (5 % of draws
        are smaller); ``p`` (share of exchanged tags with an angle as small).

    Raises
    ------
    InputError
        If a tag is missing in one half.
    """
    check_features(features, tags)
    halves = lemma_folds(tags, lemmas, n_folds=2, seed=seed)[0]
    mean, scale = centre_and_scale(features)
    parts = [((features[rows] - mean) / scale, tags[rows], lemmas[rows]) for rows in halves]
    codes = [np.unique(mine, return_inverse=True)[1] for _, mine, _ in parts]
    n_tags = len(np.unique(tags))
    if any(len(np.unique(code)) < n_tags for code in codes):
        raise InputError("A tag has too few lemmas to be in both halves. Leave it out or give more text.")
    spans = [_span(tag_means(standard, code, n_tags)) for (standard, _, _), code in zip(parts, codes, strict=True)]
    observed = _angles(*spans)
    both = zip(*(_shuffled(*part, n_draws, seed + place) for place, part in enumerate(parts)), strict=True)
    shuffled = np.stack([_angles(_span(first), _span(second)) for first, second in both])
    likes = random_subspaces(*principal_axes(parts[0][0]), spans[0], n_draws=n_draws, seed=seed)
    random = np.stack([_angles(like, spans[1]) for like in likes])
    table = {"degrees": observed}
    for name, draws in (("shuffled", shuffled), ("random", random)):
        table |= {name: np.median(draws, axis=0), f"{name}_low": np.quantile(draws, 0.05, axis=0)}
    table["p"] = np.array([random_set_p(-mine, -draws) for mine, draws in zip(observed, shuffled.T, strict=True)])
    return pd.DataFrame(table, index=pd.RangeIndex(1, n_tags, name="angle"))


def _pseudo_values(standard: Floats, codes: Rows, lemmas: Labels, pairs: tuple[Rows, Rows]) -> Floats:
    """Leave out each lemma in turn; the mean of what comes back, over items, is the jackknife estimate of cosines.

    Returns
    -------
    ndarray of shape (n_items, n_pairs)
        The pseudo-value of the item's lemma; NaN in a column that cannot be told from noise.
    """
    member = (codes == np.arange(codes.max() + 1)[:, None]).astype(np.float64)
    rows_of = list(pd.Series(codes).groupby(lemmas).indices.values())
    sums = np.stack([member[:, rows] @ standard[rows] for rows in rows_of])  # lemmas × tags × features
    counts = np.stack([member[:, rows].sum(1) for rows in rows_of])
    if ((counts > 0).sum(0) < 3).any():
        raise InputError("A tag has fewer than three lemmas, too few for its direction. Leave it out.")
    whole, left = _left_out(sums, pairs, counts)
    pseudo = np.empty((len(codes), len(whole)))
    for rows, without in zip(rows_of, left, strict=True):
        share = len(codes) / len(rows)
        pseudo[rows] = share * whole - (share - 1) * without
    return pseudo


def _left_out(sums: Floats, pairs: tuple[Rows, Rows], counts: Floats) -> tuple[Floats, Floats]:
    """Cosines over all lemmas, shape (n_pairs,), and without each of them, shape (n_lemmas, n_pairs)."""
    products, n_products = (_products_between(values) for values in (sums, counts[:, :, None]))
    whole, *left = (_cosines_of_products(a / b, pairs) for a, b in zip(products, n_products, strict=True))
    return whole, np.stack(left)


def _products_between(values: Floats) -> Floats:
    """Products of tags' sums over pairs of different lemmas: of all lemmas, then without each, shape (1 + n, T, T)."""
    total = values.sum(0)
    own, cross = values @ values.transpose(0, 2, 1), values @ total.T
    everything = total @ total.T - own.sum(0)
    without = everything - cross - cross.transpose(0, 2, 1) + 2 * own
    return np.concatenate([everything[None], without])


def _cosines_of_products(products: Floats, pairs: tuple[Rows, Rows]) -> Floats:
    """Cosines between deviations from the mean of all tags; NaN where one has no length."""
    centring = np.eye(len(products)) - 1 / len(products)
    centred = centring @ products @ centring
    length = np.sqrt(np.where(np.diag(centred) > 0, np.diag(centred), np.nan))
    return np.asarray(centred[pairs] / length[pairs[0]] / length[pairs[1]])


def _intervals(pseudo: Floats, lemmas: Labels, seed: int) -> Floats:
    """Low, middle and high cosine of each pair, shape (3, n_pairs)."""
    units = np.unique(lemmas, return_inverse=True)[1]
    found = np.tile(np.array([[-1.0], [np.nan], [1.0]]), pseudo.shape[1])
    for place in np.flatnonzero(np.isfinite(pseudo).all(0)):
        interval = mean_over_units(pseudo[:, place], units, seed=seed)
        found[:, place] = interval.low, interval.estimate, interval.high
    return found


def _shuffled(standard: Floats, tags: Labels, lemmas: Labels, n_draws: int, seed: int) -> Iterator[Floats]:
    """Yield means of tags that were exchanged between words; a lemma that has two tags is two words."""
    names = np.unique(tags)
    words = np.char.add(np.char.add(lemmas, "/"), tags)
    for draw in range(n_draws):
        given = control_tags(tags, words, seed=seed * n_draws + draw)
        yield tag_means(standard, np.searchsorted(names, given), len(names))


def _random_directions(standard: Floats, means: Floats, n_draws: int, seed: int) -> Floats:
    """Draw a direction for each tag, of the variance of the tag's own, shape (n_draws, n_tags, n_features)."""
    axes = principal_axes(standard)
    own = means - means.mean(0)
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    drawn = [random_subspaces(*axes, row[:, None], n_draws=n_draws, seed=seed + t)[..., 0] for t, row in enumerate(own)]
    return np.stack(drawn, axis=1)


def _span(means: Floats) -> Floats:
    """Orthonormal basis of the differences between means, shape (n_features, n_tags - 1)."""
    return orthonormal((means[:-1] - means[-1]).T)


def _cosines(directions: Floats, pairs: tuple[Rows, Rows]) -> Floats:
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray((unit[pairs[0]] * unit[pairs[1]]).sum(1))


def _angles(first: Floats, second: Floats) -> Floats:
    return np.degrees(subspace_angles(first, second))[::-1]


def _degrees(cosines: npt.ArrayLike) -> Floats:
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))
