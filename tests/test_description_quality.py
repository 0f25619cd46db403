import numpy as np
import pandas as pd
import pytest

from analysis.activity import Activity
from analysis.description.quality import largest_values, loudness, size_by_layer, size_by_position, variance_by_layer


@pytest.fixture
def loud():
    """Two texts of 5 and 7 tokens; the second of two layers twice as loud, the first token three times."""
    rng = np.random.default_rng(0)
    position = np.concatenate([np.arange(5), np.arange(7)])
    values = rng.choice([-1.0, 1.0], (12, 30)) * np.repeat([1, 2], (10, 20)) * np.where(position == 0, 3, 1)[:, None]
    tokens = pd.DataFrame(
        {"text": np.repeat([0, 1], (5, 7)), "position": position, "piece": [f"p{i}" for i in range(12)]}
    )
    return Activity(values.astype(np.float32), tokens, (10, 20), "mlp_activation", "loud")


def test_sizes_are_root_mean_squares_by_layer_and_position(loud):
    assert size_by_layer(loud).to_numpy() == pytest.approx(np.array([[3, 1], [6, 2]]))
    assert loudness(loud) == pytest.approx(2)
    table = size_by_position(loud, 6)
    assert table.shape == (2, 6)
    assert list(table.columns) == [1, 2, 3, 4, 5, 6]
    assert table.loc[2].to_numpy() == pytest.approx([6, 2, 2, 2, 2, 2])
    assert size_by_position(loud, 99).shape == (2, 7)  # no text is longer


def test_shares_of_variance_are_those_of_the_layers(loud):
    share = variance_by_layer(loud)
    assert share.sum() == pytest.approx(1)
    assert share[2] / share[1] == pytest.approx(2 * 4, rel=0.3)  # twice the neurons, four times the variance


def test_the_largest_value_is_found_where_it_stands(loud):
    loud.values[8, 13] = -50
    table = largest_values(loud)
    row = table.loc[2]
    assert (row["largest"], row["median"], row["ratio"]) == (-50, 2, 25)
    assert (row["neuron"], row["position"], row["piece"]) == (3, 4, "p8")
    assert table.loc[1, "ratio"] == 3
    loud.values[:, :10] = 0
    assert largest_values(loud).loc[1, "ratio"] == np.inf
