"""The size of a model, from its configuration alone: no weight is downloaded, and none is made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
import transformers

from analysis.errors import InputError
from analysis.families import down_projection_path
from analysis.models import Site, from_parts, hub_is_reachable, quiet_transformers


@dataclass(frozen=True)
class Geometry:
    """How large a model is, part by part.

    Attributes
    ----------
    name : str
        What the user calls it.
    family : str
        Its ``model_type``.
    layer_sizes : mapping of site to tuple of int
        Recorded coordinates of each layer.
    parameters : int
        Of the whole model; shared ones count once.
    layer_weights : int
        Those of them that stand in matrices of the layers. Each is used once for every token.
    hidden : int
        Width of the main line.
    heads : int
        Attention heads of a layer.
    attention : int
        Width of all its heads together.
    vocabulary : int
        Tokens that the model knows.
    context : int
        Longest input, in tokens.
    """

    name: str
    family: str
    layer_sizes: dict[Site, tuple[int, ...]]
    parameters: int
    layer_weights: int
    hidden: int
    heads: int
    attention: int
    vocabulary: int
    context: int

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layer_sizes["mlp_activation"])

    def neurons(self, site: Site) -> int:
        """Count the coordinates that are recorded at a site."""
        return sum(self.layer_sizes[site])

    def forward(self, n_tokens: float, length: float, n_predictions: float = 0) -> float:
        """Count the operations (FLOP) of reading.

        Two for each weight and token, and four for each coordinate of the heads and each pair of tokens, as in Kaplan
        et al. (2020); twice the head's weights for each token whose successor is predicted.

        Parameters
        ----------
        n_tokens : float
            Tokens that are read.
        length : float
            Tokens of one text, all of which attention looks at.
        n_predictions : float
            Tokens whose successor is asked for.
        """
        looking = 4 * length * self.attention * self.n_layers
        return n_tokens * (2 * self.layer_weights + looking) + 2 * n_predictions * self.hidden * self.vocabulary


def read_config(name: str, revision: str | None = None) -> Any:
    """Read the configuration of a model, and nothing else of it.

    Parameters
    ----------
    name : str
        A folder in Hugging Face format (weights need not be there), the path of a ``config.json``, or a hub id.
    revision : str, optional
        Branch, tag or commit on the hub.

    Returns
    -------
    transformers.PreTrainedConfig

    Raises
    ------
    InputError
        If it is not there, cannot be had without a network, or is of a family that transformers does not know.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        path /= "config.json"
    if not path.is_file():
        if name.startswith((".", "/", "~")) or name.count("/") > 1 or path.parent.is_dir():
            raise InputError(f"There is no '{path}'. Give a folder with a config.json, that file, or a hub id.")
        path = _from_hub(name, revision)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        family = content["model_type"]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"'{path}' is no configuration of a model: it has no model_type. Give a config.json."
        ) from None
    if family not in transformers.CONFIG_MAPPING:
        raise InputError(
            f"'{name}' is of the family '{family}', which transformers {transformers.__version__} does not know "
            "without code of the model's own. Give a model of a family in data/results/architectures.csv."
        )
    try:
        with quiet_transformers():
            return transformers.AutoConfig.from_pretrained(path)
    except _CONTRADICTIONS as error:
        raise _contradicts(name, error) from None


def _from_hub(name: str, revision: str | None) -> Path:
    cached = huggingface_hub.try_to_load_from_cache(name, "config.json", revision=revision)
    if isinstance(cached, str):
        return Path(cached)
    if huggingface_hub.constants.HF_HUB_OFFLINE or not hub_is_reachable():
        raise InputError(
            f"The configuration of '{name}' is not on this machine, and the hub cannot be reached. Give a folder with "
            "its config.json, or try again with a network."
        )
    try:
        return Path(huggingface_hub.hf_hub_download(name, "config.json", revision=revision))
    except (OSError, ValueError) as error:  # the hub's own errors are of these kinds
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"Cannot read the configuration of '{name}' from the hub (is the name right?): {reason}"
        ) from None


def geometry(config: Any, name: str) -> Geometry:
    """Measure a model that is not there.

    The modules are built on torch's ``meta`` device, where a tensor has a shape and no content, so that each family
    is what its own code says it is.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
    name : str
        For messages.

    Raises
    ------
    InputError
        If its family has no site (:mod:`analysis.families`), or the configuration contradicts itself.
    """
    path = down_projection_path(config, name)
    text = config.get_text_config()
    try:
        with torch.device("meta"), quiet_transformers():
            lm = from_parts(name, transformers.AutoModelForCausalLM.from_config(config), None, path)
    except _CONTRADICTIONS as error:
        raise _contradicts(name, error) from None
    layers = lm.model.get_submodule(path.partition(".{layer}")[0])
    heads = int(getattr(text, "num_attention_heads", 1) or 1)
    vocabulary, hidden = lm.model.get_input_embeddings().weight.shape
    return Geometry(
        name=name,
        family=config.model_type,
        layer_sizes={site: lm.layer_sizes(site) for site in ("mlp_activation", "mlp_output")},
        parameters=sum(weight.numel() for weight in lm.model.parameters()),
        layer_weights=sum(weight.numel() for weight in layers.parameters() if weight.ndim > 1),
        hidden=hidden,
        heads=heads,
        attention=heads * int(text.to_dict().get("head_dim") or hidden // heads),  # the attribute may differ by layer
        vocabulary=vocabulary,
        context=_context(text),
    )


_CONTRADICTIONS = (
    *(ValueError, RuntimeError, TypeError, AttributeError, KeyError, ZeroDivisionError),
    huggingface_hub.errors.StrictDataclassError,
)
"""What transformers raises, as the case may be, where the fields of a configuration do not go together."""


def _contradicts(name: str, error: Exception) -> InputError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return InputError(f"No model can be made of the configuration of '{name}': {reason}. Mend its fields.")


def _context(config: Any) -> int:
    names = ("max_position_embeddings", "n_positions", "max_seq_len")
    known = [limit for name in names if isinstance(limit := getattr(config, name, None), int)]
    return min(known, default=2**20)
