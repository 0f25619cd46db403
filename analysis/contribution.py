"""How much each neuron moves what its layer adds to the model's stream."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from analysis.activity import Activity
from analysis.errors import InputError
from analysis.models import LanguageModel


def contribution(lm: LanguageModel, activity: Activity) -> npt.NDArray[np.float64]:
    """Root mean square of each neuron's activity times the length of the vector that it adds when it is 1.

    Parameters
    ----------
    lm : LanguageModel
        The model that was recorded.
    activity : Activity
        Of ``find`` tokens, in the model's own units. At ``mlp_activation`` the vector is the neuron's column of the
        down-projection; at ``mlp_output`` the neuron is a coordinate of what is added, and the length 1.

    Returns
    -------
    ndarray of shape (n_neurons,)
    """
    if activity.layer_sizes != lm.layer_sizes(activity.site):
        raise InputError(f"The activity is that of '{activity.model}', not of '{lm.name}'. Record this model.")
    squares = np.einsum("tn,tn->n", activity.values, activity.values, dtype=np.float64)
    rms = np.sqrt(squares / len(activity.values))
    if activity.site == "mlp_output":
        return np.asarray(rms)
    lengths = torch.cat([_column_lengths(module) for module in lm.down_projections])
    return np.asarray(rms * lengths.double().cpu().numpy())


def _column_lengths(module: nn.Module) -> torch.Tensor:
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    inputs_first = isinstance(module, Conv1D)  # GPT-2 keeps its weights transposed
    return torch.linalg.vector_norm(weight.float(), dim=1 if inputs_first else 0)
