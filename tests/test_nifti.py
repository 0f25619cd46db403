import io

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nilearn import image as nilearn_image
from nilearn import maskers

from analysis import nifti
from analysis.errors import InputError
from analysis.networks import as_picture


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 4), st.integers(0, 1000))
def test_the_round_trip_is_exact(layer_sizes, k, seed):
    maps = np.random.default_rng(seed).standard_normal((k, sum(layer_sizes))).astype(np.float32)
    np.testing.assert_array_equal(nifti.from_image(nifti.to_image(maps, layer_sizes), layer_sizes), maps)


def test_a_file_gives_back_the_same_numbers(tmp_path):
    maps = np.random.default_rng(0).standard_normal((3, 30)).astype(np.float32)
    nifti.to_image(maps, (12, 10, 8), about="mlp_activation tiny").to_filename(tmp_path / "maps.nii.gz")
    image = nibabel.load(tmp_path / "maps.nii.gz")
    assert image.shape == (12, 3, 1, 3)
    assert bytes(image.header["descrip"]).startswith(b"mlp_activation tiny")
    np.testing.assert_array_equal(nifti.from_image(image, (12, 10, 8)), maps)


def test_a_volume_is_the_papers_picture_with_the_first_layer_on_top():
    maps = np.arange(1, 6, dtype=np.float32)[None]
    image = nifti.to_image(maps, (2, 3))
    picture = as_picture(maps[0], (2, 3))
    np.testing.assert_array_equal(image.get_fdata()[:, :, 0, 0].T, np.nan_to_num(picture))
    assert image.affine[1, 1] < 0  # further layers lie lower


def test_one_map_may_be_read_from_a_single_volume():
    maps = np.arange(6, dtype=np.float32)[None]
    single = nilearn_image.index_img(nifti.to_image(maps, (3, 3)), 0)
    assert single.ndim == 3
    np.testing.assert_array_equal(nifti.from_image(single, (3, 3)), maps)


def test_nilearn_opens_image_and_mask_and_sees_the_neurons_only():
    maps = np.random.default_rng(1).standard_normal((4, 11)).astype(np.float32)
    mask = nifti.mask_image((6, 5))
    assert mask.get_fdata().sum() == 11
    seen = maskers.NiftiMasker(mask, standardize=None).fit_transform(nifti.to_image(maps, (6, 5)))
    assert seen.shape == (4, 11)
    np.testing.assert_allclose(np.sort(seen, axis=1), np.sort(maps, axis=1))


def test_layers_too_wide_for_the_old_format_get_the_new_one():
    wide = nifti.to_image(np.zeros((1, 40_000), np.float32), (40_000,))
    assert isinstance(wide, nibabel.Nifti2Image)
    again = nibabel.Nifti2Image.from_stream(io.BytesIO(wide.to_bytes()))
    assert again.shape == (40_000, 1, 1, 1)
    assert isinstance(nifti.to_image(np.zeros((1, 40), np.float32), (40,)), nibabel.Nifti1Image)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match=r"The maps cover 5 neurons, the layers 6\. Use one site"):
        nifti.to_image(np.zeros((1, 5), np.float32), (3, 3))
    with pytest.raises(InputError, match=r"shape \(3, 2, 1, 1\); 2 layers of at most 4 neurons need \(4, 2, 1\)"):
        nifti.from_image(nifti.to_image(np.zeros((1, 6), np.float32), (3, 3)), (4, 2))
