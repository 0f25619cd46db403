import numpy as np
import pytest

from analysis import rotation
from analysis.networks import correlation, match


def white_sources(n_samples, *, k=4, seed=0):
    """Heavy-tailed sources, made exactly white, and a rotation of them."""
    rng = np.random.default_rng(seed)
    sources = np.linalg.qr((x := rng.standard_t(3, (n_samples, k))) - x.mean(0))[0].T * np.sqrt(n_samples)
    return sources, np.linalg.qr(rng.standard_normal((k, k)))[0] @ sources


@pytest.mark.parametrize("n_samples", [2000, 14_000])
def test_sources_come_back_from_all_samples_and_from_a_start_on_a_part(n_samples):
    sources, mixed = white_sources(n_samples)
    turned = rotation.turn(mixed, 4, np.random.RandomState(0), 500, 1e-6)
    assert match(np.corrcoef(sources, turned.sources)[:4, 4:])[1].min() > 0.98
    np.testing.assert_allclose(turned.sources.std(1), 1)
    assert turned.converged
    assert turned.agreement.min() > 0.99


def test_a_start_on_a_part_goes_on_to_the_optimum_of_all(monkeypatch):
    _, mixed = white_sources(14_000, seed=1)
    from_part = rotation.turn(mixed, 3, np.random.RandomState(0), 500, 1e-8)
    monkeypatch.setattr(rotation, "_PART", 14_000)
    from_all = rotation.turn(mixed, 3, np.random.RandomState(0), 500, 1e-8)
    similarity = match(correlation(from_part.sources.astype(np.float32), from_all.sources.astype(np.float32)))[1]
    assert similarity.min() > 0.9999


def test_agreement_is_the_mean_correlation_with_the_other_starts():
    white = white_sources(500)[1]
    noise = np.linalg.qr((x := np.random.default_rng(2).standard_normal((500, 4))) - x.mean(0))[0].T * np.sqrt(500)
    rng = np.random.RandomState(3)
    rotations = [np.linalg.qr(rng.standard_normal((4, 4)))[0] for _ in range(3)]
    for rows in (white, noise + 0.2 * noise[::-1]):  # the second is not quite white
        maps = [(one @ rows).astype(np.float32) for one in rotations]
        expected = np.mean([match(correlation(maps[0], other))[1] for other in maps[1:]], axis=0)
        found = rotation._agreement(rotations[0], rotations[1:], rows)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_start_has_nothing_to_agree_with():
    turned = rotation.turn(white_sources(500)[1], 1, np.random.RandomState(0), 500, 1e-4)
    assert np.isnan(turned.agreement).all()
