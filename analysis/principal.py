"""The strongest directions of activity: principal components, before anything is turned."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.sparse.linalg import lobpcg

Matrix = npt.NDArray[np.float32]

_SMALL = 500  # the eigenvectors of a Gram matrix of this size take a twentieth of a second
_RESIDUAL = 0.1  # of what an average direction carries
_MAX_ITER = 60
_MANY, _PIECES = 20_000, 8
_FEW = 64
_BLOCK = 1000
_ROUNDING = 1e-6  # products in float32 are right to about 1e-7 of the largest: what lies below this is no row


def strongest_rows(matrix: Matrix, k: int, rng: np.random.RandomState, *, centre: bool = False) -> Matrix:
    """Return the k strongest principal rows of a matrix, each as long as its singular value.

    The eigenvectors of the smaller Gram matrix: all of them where it is small, else by LOBPCG (Knyazev 2001) without
    making it. On activity, whose spectrum falls slowly, four steps of a randomised decomposition miss .4 % of what the
    k strongest directions carry, which is enough to turn the weaker networks; this misses less than .01 % in less time.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_columns), float32
    k : int
        At most the smaller of the two sizes.
    rng : RandomState
        Of the first guess.
    centre : bool
        Whether each row's mean is to be taken from it. A large matrix is not copied for that.

    Returns
    -------
    ndarray of shape (at most k, n_columns), float32
        Orthogonal, strongest first; fewer than k where the rest is rounding.
    """
    is_wide = matrix.shape[0] <= matrix.shape[1]
    side = matrix if is_wide else matrix.T
    axis = None if not centre else 1 if is_wide else 0
    values, vectors = _eigenvectors(side, k, rng, axis)
    kept = values > values[0] * _ROUNDING
    left = vectors[:, kept].T.astype(np.float32)
    rows = _over_rows(left, matrix) if is_wide else np.sqrt(values[kept, None]).astype(np.float32) * left
    return np.asarray(rows - rows.mean(1, keepdims=True) if centre else rows)


def _guess(side: Matrix, k: int, rng: np.random.RandomState, axis: int | None) -> npt.NDArray[np.float64]:
    """Where LOBPCG starts: at random, or where a tenth of very many columns points, which spares passes of all."""
    n_columns = side.shape[1]
    width = n_columns // (10 * _PIECES)
    if n_columns < _MANY or width * _PIECES < 5 * k:
        return rng.standard_normal((len(side), k))
    starts = np.linspace(0, n_columns - width, _PIECES, dtype=int)
    part = np.concatenate([side[:, start : start + width] for start in starts], axis=1)
    return _eigenvectors(part, k, rng, axis)[1]


def strongest_of_both(rows: Matrix, block: Matrix, m: int) -> Matrix:
    """Return the m strongest principal rows of orthogonal rows with a block below them, never stacking the two.

    Half of the Gram matrix of the stack is known: the rows are orthogonal, so their own part holds their squared
    lengths and zeros. That saves a third of the arithmetic of :func:`strongest_rows` on the stack, and a copy.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns), float32
        Orthogonal, as :func:`strongest_rows` returns them.
    block : ndarray of shape (n_more, n_columns), float32
    m : int

    Returns
    -------
    ndarray of shape (at most m, n_columns), float32
    """
    n_rows, n = len(rows), len(rows) + len(block)
    gram = np.zeros((n, n))
    gram[np.arange(n_rows), np.arange(n_rows)] = np.einsum("ij,ij->i", rows, rows)
    gram[n_rows:, :n_rows] = block @ rows.T
    gram[n_rows:, n_rows:] = block @ block.T
    values, vectors = eigh(gram, lower=True, subset_by_index=(max(n - m, 0), n - 1))
    left = vectors[:, values > values[-1] * _ROUNDING][:, ::-1].T.astype(np.float32)
    strongest = left[:, :n_rows] @ rows
    strongest += left[:, n_rows:] @ block
    return np.asarray(strongest)


def _eigenvectors(
    side: Matrix, k: int, rng: np.random.RandomState, axis: int | None
) -> tuple[npt.NDArray[np.float64], ...]:
    """Eigenvalues and eigenvectors of ``side @ side.T``, strongest first, with the means along an axis taken away."""
    n = len(side)
    if n <= max(_SMALL, 5 * k):
        side = side if axis is None else side - side.mean(axis, keepdims=True)
        values, vectors = eigh((side @ side.T).astype(np.float64), subset_by_index=(max(n - k, 0), n - 1))
        return values[::-1], vectors[:, ::-1]

    def gram(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Centre the thin products instead of the matrix, which comes to the same."""
        inner = _over_rows(_centred(columns, axis == 0).T.astype(np.float32), side).T
        return np.asarray(_centred(side @ _centred(inner, axis == 1), axis == 0), np.float64)

    guess = _guess(side, k, rng, axis)
    some = side[:: max(n // _SMALL, 1)]  # enough of them to know what an average one carries
    level = (energy(some) if axis is None else centred_energy(some, axis)) / len(some)
    with warnings.catch_warnings():
        # Directions that are all but equally strong never settle, and any turn of them serves as well.
        warnings.filterwarnings("ignore", "Exited", UserWarning)
        values, vectors = lobpcg(gram, guess, tol=_RESIDUAL * level, maxiter=_MAX_ITER, largest=True)
    order = np.argsort(-values)
    return values[order], vectors[:, order]


def _centred(columns: npt.NDArray[np.floating], is_wanted: bool) -> npt.NDArray[np.floating]:
    return columns - columns.mean(0) if is_wanted else columns


def _over_rows(left: Matrix, side: Matrix) -> Matrix:
    """``left @ side`` with few rows on the left, block by block: two thirds of the time of one call of BLAS."""
    total = np.zeros((len(left), side.shape[1]), np.float32)
    for start in range(0, len(side), _BLOCK):
        total += left[:, start : start + _BLOCK] @ side[start : start + _BLOCK]
    return total


def energy(matrix: Matrix) -> float:
    """Sum of squares, rows added up in float64."""
    return float(np.einsum("ij,ij->i", matrix, matrix).sum(dtype=np.float64))


def centred_energy(matrix: Matrix, axis: int) -> float:
    """Sum of squares around the means along an axis, without a copy of the matrix."""
    ones = np.ones(matrix.shape[axis], np.float32)  # BLAS adds faster than a mean does
    sums = (matrix @ ones if axis else ones @ matrix).astype(np.float64)
    return energy(matrix) - float(sums @ sums) / len(ones)


def moving_columns(values: Matrix) -> npt.NDArray[np.bool_]:
    """Say of each column whether it is anything but zero; the first rows settle it for most."""
    moving: npt.NDArray[np.bool_] = np.any(values[:_FEW], axis=0)
    still = np.flatnonzero(~moving)
    if still.size:
        moving[still] = np.any(values[_FEW:, still], axis=0)
    return moving


def centred_over_neurons(values: Matrix) -> Matrix:
    """Subtract from each row its mean over the columns that are not all zero; those stay zero.

    A neuron that never changes would otherwise get the mean of the others with its sign turned, and so a place in maps.
    """
    moving = moving_columns(values)
    if moving.all():
        return np.asarray(values - values.mean(1, keepdims=True))
    centred = np.zeros_like(values)
    centred[:, moving] = values[:, moving] - values[:, moving].mean(1, keepdims=True)
    return centred
