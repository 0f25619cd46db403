"""The pictures of the brain chapter: maps and scans in the space of the brain, most of them drawn by nilearn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from nibabel.nifti1 import Nifti1Image
from nilearn import datasets, image, masking, plotting, surface

from analysis.brain.data import Matrix, Scans
from analysis.plotting.style import BLUE, GREEN, ORANGE, STYLE, WIDTH, closed

MANY = [ORANGE, BLUE, "#F0E442", GREEN, "#CC79A7", "#56B4E9", "#7B3294", "#E69F00"]  # mostly Okabe and Ito's


class Viewer:
    """A view that can be turned and cut in the page, with a title for those who do not see it."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


def brain_carpet(scans: Scans, person: int = 0) -> Figure:
    """Draw all voxels of one person over time, as nilearn does."""
    picture = masking.unmask(scans.runs[person], scans.mask)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.6), layout="constrained")
        plotting.plot_carpet(picture, mask_img=scans.mask, t_r=scans.tr, detrend=True, axes=axes, figure=figure)
        axes.set_ylabel("voxels")
    return closed(figure)


def all_networks(rows: dict[str, Matrix], names: Sequence[str], mask: Nifti1Image) -> Figure:
    """Draw all networks in one picture, one picture for each set of maps; each network in one colour.

    Parameters
    ----------
    rows : dict of str to ndarray of shape (n_networks, n_voxels)
        Title and maps, positive where the network is; at most 8 networks.
    names : sequence of str
    mask : Nifti1Image
    """
    colours = MANY[: len(names)]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(len(rows), 1, figsize=(WIDTH, 2.5 * len(rows) + 0.6), squeeze=False)
        figure.subplots_adjust(left=0.01, right=0.99, top=0.96, bottom=0.5 / len(rows) / 2.5, hspace=0.12)
        for place, (title, maps) in zip(axes[:, 0], rows.items(), strict=True):
            with warnings.catch_warnings():
                # The template's own edge: nilearn turns what is outside of the brain into nothing, as it should.
                warnings.filterwarnings("ignore", message="Warning: converting a masked element to nan")
                plotting.plot_prob_atlas(
                    masking.unmask(maps / maps.max(1, keepdims=True), mask),
                    dim=0,
                    view_type="filled_contours",
                    threshold=0.4,
                    cut_coords=(-4, -22, 18),
                    cmap=ListedColormap(colours),
                    alpha=0.75,
                    colorbar=False,
                    axes=place,
                    figure=figure,
                    draw_cross=False,
                    black_bg=False,
                )
            place.set_title(title)
        handles = [Patch(color=colour, label=name) for colour, name in zip(colours, names, strict=True)]
        figure.legend(handles=handles, loc="lower center", ncols=4)
    return closed(figure)


def glass_brains(maps: Matrix, names: Sequence[str], mask: Nifti1Image, at: float = 1.96) -> Figure:
    """Draw maps in glass brains, seen from the left, the front and above."""
    n_rows = -(-len(maps) // 2)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(n_rows, 2, figsize=(WIDTH, 1.5 * n_rows), squeeze=False)
        figure.subplots_adjust(left=0.01, right=0.99, top=0.96, bottom=0.01, hspace=0.3, wspace=0.05)
        for axes, row, name in zip(grid.flat, _z(maps), names, strict=False):
            picture = masking.unmask(row, mask)
            plotting.plot_glass_brain(
                picture, threshold=at, colorbar=False, display_mode="ortho", axes=axes, figure=figure, annotate=False
            )
            axes.set_title(name)
        for axes in grid.flat[len(maps) :]:
            axes.set_visible(False)
    return closed(figure)


def stat_map(row: npt.NDArray[np.float32], mask: Nifti1Image, at: float = 1.96) -> Figure:
    """Draw one map in three cuts through its peak."""
    picture = masking.unmask(_z(row[None])[0], mask)
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(WIDTH, 2.7))
        plotting.plot_stat_map(
            picture, bg_img=_background(), threshold=at, figure=figure, black_bg=False, cut_coords=_peak(picture)
        )
    return closed(figure)


def viewer(row: npt.NDArray[np.float32], mask: Nifti1Image, title: str, at: float = 1.96) -> Viewer:
    """Make a view of one map in which the cuts can be moved."""
    picture = masking.unmask(_z(row[None])[0], mask)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'partition' will ignore the 'mask'")
        view = plotting.view_img(
            picture,
            bg_img=datasets.load_mni152_template(resolution=4),
            threshold=at,
            black_bg=False,
            cut_coords=_peak(picture),
        )
    view.resize(600, 320)  # less, and scroll bars hide the opacity
    return Viewer(view.get_iframe().replace("<iframe", f'<iframe title="{title}"', 1))


def on_surface(maps: Matrix, names: Sequence[str], mask: Nifti1Image, at: float = 1.96) -> Figure:
    """Project maps on the inflated left hemisphere of fsaverage, seen from outside and from the middle."""
    mesh = datasets.load_fsaverage("fsaverage5")
    shade = datasets.load_fsaverage_data(mesh="fsaverage5", data_type="sulcal")
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(2, len(maps), figsize=(WIDTH, 4.4), subplot_kw={"projection": "3d"}, squeeze=False)
        figure.subplots_adjust(left=0, right=1, top=0.97, bottom=0, hspace=-0.1, wspace=-0.05)
        for column, row, name in zip(grid.T, _z(maps), names, strict=True):
            data = surface.SurfaceImage.from_volume(mesh["pial"], masking.unmask(row, mask))
            for axes, view in zip(column, ("lateral", "medial"), strict=True):
                plotting.plot_surf_stat_map(
                    surf_mesh=mesh["inflated"],
                    stat_map=data,
                    bg_map=shade,
                    hemi="left",
                    view=view,
                    threshold=at,
                    colorbar=False,
                    axes=axes,
                    figure=figure,
                )
                axes.set_box_aspect(None, zoom=1.5)
            column[0].set_title(name, loc="center", y=0.95)
    return closed(figure)


def connectome(matrix: npt.NDArray[np.float64], names: Sequence[str], maps: Matrix, mask: Nifti1Image) -> Figure:
    """Draw the correlations of time courses as a matrix, and as lines between the networks' largest patches.

    Parameters
    ----------
    matrix : ndarray of shape (n_networks, n_networks)
    names : sequence of str
    maps : ndarray of shape (n_networks, n_voxels)
    mask : Nifti1Image
    """
    places = [plotting.find_xyz_cut_coords(masking.unmask(row, mask), activation_threshold=2) for row in _z(maps)]
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.4), width_ratios=(1, 1.5))
        figure.subplots_adjust(left=0.12, right=0.97, bottom=0.25, top=0.97, wspace=0.05)
        left.imshow(matrix, cmap="RdBu_r", vmin=-0.8, vmax=0.8)
        left.set_xticks(range(len(names)), names, rotation=45, ha="right")
        left.set_yticks(range(len(names)), names)
        left.spines[:].set_visible(False)
        plotting.plot_connectome(
            matrix - np.diag(np.diag(matrix)),
            places,
            edge_threshold=0.15,
            edge_vmin=-0.8,
            edge_vmax=0.8,
            node_color=BLUE,
            node_size=30,
            display_mode="xz",
            axes=right,
            figure=figure,
        )
    return closed(figure)


def components(scans: Scans, maps: Matrix, at: float = 1.96) -> Figure:
    """Draw the components of any data: cuts over a picture of the brain, or a table where there is no picture."""
    if scans.mask is None:
        return _table_of_nodes(maps)
    below = scans.background or _background()
    n_rows = -(-len(maps) // 3)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(n_rows, 3, figsize=(WIDTH, 1.25 * n_rows), squeeze=False)
        figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.25 / n_rows, bottom=0.01, hspace=0.35, wspace=0.05)
        for number, (axes, row) in enumerate(zip(grid.flat, _z(maps), strict=False), 1):
            picture = masking.unmask(row, scans.mask)
            plotting.plot_stat_map(
                picture,
                bg_img=below,
                threshold=at,
                cut_coords=_peak(picture),
                axes=axes,
                figure=figure,
                colorbar=False,
                annotate=False,
                draw_cross=False,
                black_bg=False,
            )
            axes.set_title(f"component {number}")
        for axes in grid.flat[len(maps) :]:
            axes.set_visible(False)
    return closed(figure)


def _table_of_nodes(maps: Matrix) -> Figure:
    limit = float(np.abs(maps).max())
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1 + 0.2 * len(maps)), layout="constrained")
        picture = axes.imshow(maps, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_yticks(range(len(maps)), range(1, len(maps) + 1))
        axes.set(xlabel="node", ylabel="component")
        figure.colorbar(picture, label="map (z)", pad=0.01)
    return closed(figure)


def _z(maps: Matrix) -> Matrix:
    return np.asarray((maps - maps.mean(1, keepdims=True)) / maps.std(1, keepdims=True), np.float32)


def _background() -> Nifti1Image:
    return datasets.load_mni152_template(resolution=2)


def _peak(picture: Nifti1Image) -> tuple[float, float, float]:
    """Place of the largest value in millimetres, a little off the midline so that the cut shows cortex."""
    at = np.unravel_index(np.argmax(picture.get_fdata()), picture.shape)
    x, y, z = image.coord_transform(*at, picture.affine)
    return float(x), float(y), float(z)
