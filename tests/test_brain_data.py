"""Reading scans: real ones where they are, and one clear line for each thing that can be wrong."""

import gzip

import nibabel
import numpy as np
import pytest
from conftest import third_party
from nilearn import datasets

from analysis.brain import components, inference
from analysis.brain import data as fmri_data
from analysis.brain.data import load_scans
from analysis.errors import InputError


def bold(path, *, shape=(6, 6, 6, 30), size=10.0, seed=0, change=None):
    """A bright block in the dark, that changes over time."""
    rng = np.random.default_rng(seed)
    values = rng.normal(5, 1, shape)
    values[1:-1, 1:-1, 1:-1] += 1000
    if change:
        change(values)
    affine = np.diag([size, size, size, 1])
    picture = nibabel.Nifti1Image(values.astype(np.float32), affine)
    if len(shape) == 4:
        picture.header.set_zooms((size, size, size, 2.5))
    nibabel.save(picture, path)


def load(source, **more):
    return load_scans(str(source), simulated=None, **more)


def test_simulated_is_what_it_is_given():
    marker = object()
    assert load_scans("simulated", simulated=marker) is marker


def test_nifti_runs_are_read_with_their_labels(tmp_path):
    for number in (1, 2):
        bold(tmp_path / f"run-{number}.nii.gz", seed=number)
    conditions = ["rest"] * 10 + ["face"] * 10 + ["rest"] * 10
    lines = [f"{condition} {run}" for run in (0, 1) for condition in conditions]
    (tmp_path / "attributes.txt").write_text("\n".join(["labels chunks", *lines]))
    scans = load(tmp_path / "*.nii.gz")
    assert scans.tr == 2.5
    assert [run.shape for run in scans.runs] == [(30, 64)] * 2
    assert [run.tolist() for run in scans.labels] == [conditions, conditions]
    assert not scans.same_stimulus
    inside = np.asarray(scans.mask.dataobj, bool)
    assert inside[1:-1, 1:-1, 1:-1].all()
    expected = nibabel.load(tmp_path / "run-2.nii.gz").get_fdata()[inside].T
    np.testing.assert_allclose(scans.runs[1], expected, rtol=1e-5)


def test_nodes_are_read_without_pickle(tmp_path):
    values = np.random.default_rng(0).standard_normal((4, 30, 5))
    np.savez(tmp_path / "x.npz", activity=values)
    scans = load(tmp_path / "x.npz")
    assert scans.same_stimulus
    assert scans.mask is None
    np.testing.assert_allclose(scans.runs[3], values[3], rtol=1e-6)
    np.savez(tmp_path / "evil.npz", activity=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"evil.npz' cannot be read as plain arrays"):
        load(tmp_path / "evil.npz")


def test_a_file_that_is_not_there():
    with pytest.raises(InputError, match=r"There is no file 'nowhere/x.nii'"):
        load("nowhere/x.nii")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"other": np.zeros(3)}, r"has no array 'activity' \(it has: other\)"),
        ({"activity": np.zeros((30, 4))}, r"has shape \(30, 4\)"),
        ({"activity": np.full((3, 30, 4), "a")}, "must hold numbers"),
        ({"activity": np.full((3, 30, 4), np.nan)}, "values that are not finite"),
        ({"activity": np.ones((3, 30, 4))}, "never changes"),
        ({"activity": np.random.default_rng(0).random((3, 8, 4))}, "has 8 volumes"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path / "x.npz")
    assert "x.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_arrays_are_one_too_many(tmp_path):
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", activity=np.zeros((3, 30, 4)))
    with pytest.raises(InputError, match=r"names 2 .npz files"):
        load(tmp_path / "*.npz")


@pytest.mark.parametrize("name", ["x.npz", "x.nii", "x.nii.gz"])
@pytest.mark.parametrize("content", [b"", b"not what it says"])
def test_files_that_are_something_else(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}' (cannot be read|is cut short)"):
        load(tmp_path / name)


@pytest.mark.parametrize("packed", [True, False])
def test_a_picture_cut_short(tmp_path, packed):
    path = tmp_path / ("x.nii.gz" if packed else "x.nii")
    bold(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="is cut short or damaged"):
        load(path)


def test_a_picture_with_damaged_bytes(tmp_path):
    path = tmp_path / "x.nii.gz"
    bold(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)
    with pytest.raises(InputError, match="is cut short or damaged"):
        load(path)


def test_a_picture_of_three_dimensions(tmp_path):
    bold(tmp_path / "x.nii", shape=(6, 6, 6))
    with pytest.raises(InputError, match=r"x.nii' has 3 dimensions. Give 4-D files"):
        load(tmp_path / "x.nii")


def test_runs_of_other_grids(tmp_path):
    bold(tmp_path / "a.nii")
    bold(tmp_path / "b.nii", size=9.0)
    with pytest.raises(InputError, match=r"b.nii' has another grid than '.*a.nii'"):
        load(tmp_path / "*.nii")


def test_values_that_are_not_finite(tmp_path):
    def spoil(values):
        values[3, 3, 3, 7] = np.inf

    bold(tmp_path / "a.nii")
    bold(tmp_path / "b.nii", change=spoil)
    with pytest.raises(InputError, match=r"b.nii' holds values that are not finite"):
        load(tmp_path / "*.nii")


def test_the_first_run_may_be_the_spoilt_one(tmp_path):
    def spoil(values):
        values[3, 3, 3, 7] = np.nan

    bold(tmp_path / "a.nii", change=spoil)
    with pytest.raises(InputError, match=r"a.nii' holds values that are not finite"):
        load(tmp_path / "a.nii")


def test_an_empty_picture(tmp_path):
    def wipe(values):
        values[:] = 0

    bold(tmp_path / "a.nii", change=wipe)
    with pytest.raises(InputError, match=r"a.nii'"):
        load(tmp_path / "a.nii")


def test_too_few_volumes(tmp_path):
    bold(tmp_path / "a.nii", shape=(6, 6, 6, 5))
    with pytest.raises(InputError, match=r"a.nii' has 5 volumes. A run needs at least 20"):
        load(tmp_path / "a.nii")


def test_labels_that_do_not_fit(tmp_path):
    bold(tmp_path / "a.nii")
    (tmp_path / "attributes.txt").write_text("rest 0\n" * 29)
    with pytest.raises(InputError, match=r"attributes.txt' describes 29 volumes, the runs have 30"):
        load(tmp_path / "a.nii")


def test_no_network_is_one_line(monkeypatch):
    def fail(**_):
        raise ConnectionError("no network")

    monkeypatch.setattr(datasets, "fetch_development_fmri", fail)
    with pytest.raises(InputError, match=r"fmri=development could not be downloaded. Connect to the network"):
        load("development")


def test_what_is_fetched_is_masked_and_rid_of_its_confounds(monkeypatch, tmp_path):
    mask = datasets.load_mni152_brain_mask(resolution=4)
    rng = np.random.default_rng(0)
    nuisance = rng.standard_normal(24)
    values = 100 + rng.standard_normal((*mask.shape, 24)).astype(np.float32) + 5 * nuisance.astype(np.float32)
    files, confounds = [], []
    for person in range(3):
        files.append(str(tmp_path / f"{person}.nii"))
        nibabel.save(nibabel.Nifti1Image(values, mask.affine), files[-1])
        confounds.append(str(tmp_path / f"{person}.tsv"))
        (tmp_path / f"{person}.tsv").write_text("\n".join(["trans_x", *map(str, nuisance)]))
    fetched = type("Bunch", (), {"func": files, "confounds": confounds})
    monkeypatch.setattr(datasets, "fetch_development_fmri", lambda n_subjects, **_: fetched)
    scans = load("development", n_people=3)
    assert scans.same_stimulus
    assert scans.tr == 2.0
    assert scans.runs[0].shape == (24, int(np.asarray(mask.dataobj).sum()))
    assert np.abs(np.corrcoef(scans.runs[1].mean(1), nuisance)[0, 1]) < 0.05


def test_faces_and_houses_drive_components_of_a_real_person():
    """Haxby et al. (2001), voxels of 25 mm: responses to pictures are there beyond shifted courses."""
    third_party("fmri/haxby_25mm")
    scans = load(third_party("fmri/haxby_25mm") / "*.nii.gz")
    assert len(scans.runs) == 12
    cleaned = fmri_data.clean(scans)
    found = components.group_ica(components.reduce_runs(cleaned, 12), 12)
    courses = [components.dual_regression(run, found.maps)[0] for run in cleaned.runs]
    table = inference.follows_blocks(courses, scans.labels, scans.tr, against="rest", follow="face house", n_draws=200)
    assert table["p"].min() < 0.05


def test_real_listeners_are_in_step():
    scans = load(third_party("fmri/story_listening.npz"))
    assert len(scans.runs) == 36
    cleaned = fmri_data.clean(scans)
    found = components.group_ica(components.reduce_runs(cleaned, 10), 10)
    courses = [components.dual_regression(run, found.maps)[0] for run in cleaned.runs]
    table = inference.intersubject(courses, n_draws=100)
    assert (table["p"] < 0.05).all()
    assert table["effect"].mean() > 0.15
    rng = np.random.default_rng(0)
    apart = [np.roll(course, rng.integers(300), axis=0) for course in courses]
    assert inference.intersubject(apart, n_draws=100)["effect"].abs().max() < 0.1


def test_gzip_is_recognised_by_content(tmp_path):
    """A packed file whose packing is sound but whose content is not a picture."""
    with gzip.open(tmp_path / "x.nii.gz", "wb") as file:
        file.write(b"x" * 400)
    with pytest.raises(InputError, match=r"x.nii.gz' cannot be read as NIfTI"):
        load(tmp_path / "x.nii.gz")
