"""The subspace of activity in which tags differ: to find it, to read it, to take it out, and its random likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular, subspace_angles
from scipy.optimize import brentq
from sklearn.covariance import ledoit_wolf

from analysis.errors import InputError
from analysis.probing.classifiers import Features, Labels, check_features

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Subspace:
    """Directions of activity along which tags differ, most telling first.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
        Of the items it was found from; directions are in standard deviations of each feature.
    weights : ndarray of shape (n_features, dimension)
        To read it out: linear discriminants, uncorrelated and of variance 1 within tags.
    basis : ndarray of shape (n_features, dimension)
        Orthonormal; its first d columns span the patterns that the first d discriminants make in activity. Not the
        weights: those also cancel noise (Haufe et al. 2014).
    """

    mean: Floats
    scale: Floats
    weights: Floats
    basis: Floats

    @property
    def dimension(self) -> int:
        """Number of directions."""
        return self.basis.shape[1]

    @property
    def projector(self) -> Floats:
        """Matrix of shape (n_features, n_features), in the features' own units, that takes the subspace out.

        For rows of activity: ``mean + (features - mean) @ projector``.
        """
        kept = np.eye(len(self.basis)) - self.basis @ self.basis.T
        return np.asarray(kept * self.scale / self.scale[:, None])

    def coordinates(self, features: Features) -> Floats:
        """Where items lie in the subspace, shape (n_items, dimension)."""
        return np.asarray((features - self.mean) / self.scale @ self.weights)

    def without(self, features: Features) -> Floats:
        """Activity with the subspace projected out: all items lie there where the mean does."""
        return np.asarray(self.mean + (features - self.mean) @ self.projector)


@dataclass(frozen=True)
class Discriminants:
    """Linear discriminant analysis (Fisher 1936; Rao 1948) in the coordinates that make noise white within tags.

    There a tag is a point, and the nearest point is the answer. What a probe may not use (a subspace that was taken
    out) or may only use (one that was kept) is a projection of these points, so thousands of subspaces can be tried
    without training anew: the weights of the answer are those of training with that constraint.

    Attributes
    ----------
    tags : ndarray of str, shape (n_tags,)
    root : ndarray of shape (n_features, n_features)
        Lower Cholesky factor of the shrunk covariance within tags.
    centres : ndarray of shape (n_tags, n_features)
        Mean of each tag minus the mean of all items, in white coordinates.
    axes : ndarray of shape (n_features, n_tags - 1)
        Orthonormal directions in white coordinates, most discriminating first.
    log_prior : ndarray of shape (n_tags,)
    """

    tags: Labels
    root: Floats
    centres: Floats
    axes: Floats
    log_prior: Floats

    @property
    def weights(self) -> Floats:
        """Discriminants as weights of features, shape (n_features, n_tags - 1)."""
        return np.asarray(solve_triangular(self.root.T, self.axes))

    @property
    def patterns(self) -> Floats:
        """Orthonormal; the first d span what the first d discriminants make in activity."""
        return orthonormal(self.root @ self.axes)

    def whitened(self, standard: Floats) -> Floats:
        """Bring standardised activity into white coordinates, shape (n_items, n_features)."""
        return np.asarray(solve_triangular(self.root, standard.T, lower=True).T)

    def predict(self, white: Floats) -> Labels:
        """Tag each item by all features."""
        return self._nearest(white, self.centres)

    def predict_by(self, white: Floats, subspace: Floats) -> Labels:
        """Tag each item with weights that lie in a subspace of activity, shape (n_features, d)."""
        kept = orthonormal(self.root.T @ subspace)
        return self._nearest(white, self.centres @ kept @ kept.T)

    def predict_without(self, white: Floats, subspace: Floats) -> Labels:
        """Tag each item with weights that are blind to a subspace of activity, shape (n_features, d)."""
        lost = orthonormal(solve_triangular(self.root, subspace, lower=True))
        return self._nearest(white, self.centres - self.centres @ lost @ lost.T)

    def _nearest(self, white: Floats, centres: Floats) -> Labels:
        scores = white @ centres.T - (centres**2).sum(1) / 2 + self.log_prior
        return np.asarray(self.tags[scores.argmax(1)])


def find_subspace(features: Features, tags: Labels, dimension: int | None = None) -> Subspace:
    """Find the directions that tell tags apart, by linear discriminant analysis with shrinkage.

    Taking out the full subspace (one dimension less than there are tags) makes the means of all tags the same in these
    items, and then no linear classifier can tell them apart there; Belrose et al. (2023) do it with the least change.
    In other items something may be left.

    Parameters
    ----------
    features : ndarray of shape (n_items, n_features)
    tags : ndarray of str, shape (n_items,)
    dimension : int, optional
        By default the full one.

    Returns
    -------
    Subspace

    Raises
    ------
    InputError
        If there are not so many dimensions in which tags can differ.
    """
    check_features(features, tags)
    mean, scale = centre_and_scale(features)
    found = fit_discriminants((features - mean) / scale, tags)
    d = len(found.tags) - 1 if dimension is None else dimension
    if not 1 <= d < len(found.tags):
        raise InputError(f"{len(found.tags)} tags differ in at most {len(found.tags) - 1} dimensions, not in {d}.")
    return Subspace(mean, scale, found.weights[:, :d], found.patterns[:, :d])


def angles(first: Subspace, second: Subspace) -> Floats:
    """Principal angles between two subspaces of the same features, in degrees, smallest first (Björck & Golub 1973).

    The second is brought to the first's units, so that features count the same in both.
    """
    if len(first.basis) != len(second.basis):
        raise InputError(f"{len(first.basis)} and {len(second.basis)} features have no angle. Use the same neurons.")
    other = second.basis * (second.scale / first.scale)[:, None]
    return np.degrees(subspace_angles(first.basis, other))[::-1]


def principal_axes(standard: Floats) -> tuple[Floats, Floats]:
    """Variances (largest first) and directions of the principal components, shapes (p,) and (p, p)."""
    variances, vectors = np.linalg.eigh(np.cov(standard.T))
    return variances[::-1], vectors[:, ::-1]


def random_subspaces(variances: Floats, components: Floats, like: Floats, *, n_draws: int, seed: int = 0) -> Floats:
    """Draw subspaces of the same dimension and the same variance as a given one.

    Directions are drawn from a normal distribution whose covariance is a power of that of the data; the power is
    chosen for each draw so that the variance within the subspace fits. (Directions that ignore the covariance would lie
    where activity hardly varies, and taking those out changes nothing, whatever they mean.)

    Parameters
    ----------
    variances, components : ndarray of shapes (n_features,) and (n_features, n_features)
        As :func:`principal_axes` gives them.
    like : ndarray of shape (n_features, d)
        Orthonormal basis.
    n_draws, seed : int

    Returns
    -------
    ndarray of shape (n_draws, n_features, d)
        Orthonormal bases. Where no power reaches the variance, they come as near as they can.
    """
    floored = np.maximum(variances, variances[0] * 1e-3)  # no power of an empty direction
    wanted = float((floored[:, None] * (components.T @ like) ** 2).sum())
    rng = np.random.default_rng(seed)
    drawn = [_of_variance(wanted, floored, rng.standard_normal(like.shape)) for _ in range(n_draws)]
    return np.stack([components @ directions for directions in drawn])


def _of_variance(wanted: float, variances: Floats, directions: Floats) -> Floats:
    """Turn directions towards or away from the main axes until they hold the wanted variance."""

    def turned(power: float) -> Floats:
        return orthonormal((variances / variances[0])[:, None] ** power * directions)

    def excess(power: float) -> float:
        return float((variances[:, None] * turned(power) ** 2).sum()) - wanted

    least, most = -4.0, 4.0
    if excess(least) >= 0:
        return turned(least)
    return turned(brentq(excess, least, most, xtol=1e-6)) if excess(most) > 0 else turned(most)


def fit_discriminants(standard: Floats, tags: Labels) -> Discriminants:
    """Fit linear discriminants to standardised activity.

    The covariance within tags is pooled and shrunk as far as Ledoit & Wolf (2004) find best. (scikit-learn's solver
    that gives directions shrinks the covariance of all items separately, and the difference of the two, meant to be
    between tags, then has more dimensions than tags can differ in.)
    """
    names, codes, counts = np.unique(tags, return_inverse=True, return_counts=True)
    means = tag_means(standard, codes, len(names))
    root = cholesky(ledoit_wolf(standard - means[codes], assume_centered=True)[0], lower=True)
    centres = solve_triangular(root, (means - standard.mean(0)).T, lower=True).T
    share = counts / len(tags)
    axes = np.linalg.svd(np.sqrt(share)[:, None] * centres, full_matrices=False)[2][: len(names) - 1].T
    return Discriminants(names, root, centres, axes, np.log(share))


def tag_means(standard: Floats, codes: npt.NDArray[np.int64], n_tags: int) -> Floats:
    """Mean activity of each tag, shape (n_tags, n_features)."""
    member = (codes == np.arange(n_tags)[:, None]).astype(np.float64)
    return np.asarray(member @ standard / member.sum(1, keepdims=True))


def orthonormal(directions: Floats) -> Floats:
    """Orthonormal basis; the first d columns span the first d directions."""
    return np.asarray(np.linalg.qr(directions)[0])


def centre_and_scale(features: Features) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each feature; 1 for one that is constant."""
    mean, scale = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
    return mean, np.where(scale > 0, scale, 1.0)
