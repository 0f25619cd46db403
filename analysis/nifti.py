"""Networks as brain images: layers × neurons in the NIfTI format, which nilearn and every viewer of scans open."""

from __future__ import annotations

from collections.abc import Sequence

import nibabel
import numpy as np
import numpy.typing as npt

from analysis.errors import InputError
from analysis.networks import Maps

NIFTI1_LIMIT = 32767  # the sizes of a NIfTI-1 image are 16-bit integers


def to_image(maps: Maps, layer_sizes: Sequence[int], *, about: str = "") -> nibabel.Nifti1Image:
    """Lay maps out as a 4-D image: one volume a map, one flat slice of neurons (left to right) by layers.

    The first layer lies on top, as in the book's pictures. A voxel is one neuron; it is drawn so high that the slice
    is about four times as wide as high. The same layout serves activity, with tokens as volumes.

    Parameters
    ----------
    maps : ndarray of shape (n_volumes, n_neurons)
        Layer-major. Kept as float32.
    layer_sizes : sequence of int
        Neurons in each layer; narrower layers end in zeros, which :func:`mask_image` tells from neurons.
    about : str
        Goes into the header's description, of which 79 characters are kept.

    Returns
    -------
    Nifti1Image of shape (widest layer, n_layers, 1, n_volumes)
        A Nifti2Image where a side is longer than NIfTI-1 can say.

    Raises
    ------
    InputError
        If the maps do not cover the layers.
    """
    _check(maps.shape[-1], layer_sizes)
    volumes = np.zeros((max(layer_sizes), len(layer_sizes), 1, len(maps)), np.float32)
    start = 0
    for layer, size in enumerate(layer_sizes):
        volumes[:size, layer, 0] = maps[:, start : start + size].T
        start += size
    return _image(volumes, about)


def mask_image(layer_sizes: Sequence[int]) -> nibabel.Nifti1Image:
    """Return the image that is 1 where there is a neuron: the brain mask of a model."""
    inside = np.arange(max(layer_sizes))[:, None] < np.asarray(layer_sizes)[None, :]
    return _image(inside[:, :, None].astype(np.uint8), "neurons")


def from_image(image: nibabel.Nifti1Image, layer_sizes: Sequence[int]) -> Maps:
    """Read maps back; the inverse of :func:`to_image`, exactly.

    Parameters
    ----------
    image : Nifti1Image
        3-D (one map) or 4-D.
    layer_sizes : sequence of int

    Returns
    -------
    ndarray of shape (n_volumes, n_neurons), float32

    Raises
    ------
    InputError
        If the image has other sides than these layers.
    """
    expected = (max(layer_sizes), len(layer_sizes), 1)
    if image.shape[:3] != expected:
        raise InputError(
            f"The image has the shape {image.shape}; {len(layer_sizes)} layers of at most {max(layer_sizes)} neurons "
            f"need {expected} with one volume a map. Use the image and the layers of one model."
        )
    volumes = np.asanyarray(image.dataobj).astype(np.float32).reshape(*expected, -1)
    return np.concatenate([volumes[:size, layer, 0].T for layer, size in enumerate(layer_sizes)], axis=1)


def _image(volumes: npt.NDArray[np.generic], about: str) -> nibabel.Nifti1Image:
    wide, n_layers = volumes.shape[:2]
    height = max(1, round(wide / 4 / n_layers))
    affine = np.diag([1.0, -height, 1.0, 1.0])
    kind = nibabel.Nifti1Image if max(volumes.shape) <= NIFTI1_LIMIT else nibabel.Nifti2Image
    image = kind(volumes, affine)
    image.header["descrip"] = about.encode("ascii", "replace")[:79]
    return image


def _check(n_neurons: int, layer_sizes: Sequence[int]) -> None:
    if n_neurons != sum(layer_sizes):
        raise InputError(f"The maps cover {n_neurons} neurons, the layers {sum(layer_sizes)}. Use one site.")
