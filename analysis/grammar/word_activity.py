"""What a model does at words: its neurons, and the stream that all layers read and add to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from analysis.activity import batches, pad, tokenize
from analysis.errors import InputError
from analysis.grammar.glm import Arm
from analysis.models import LanguageModel, Site, check_site
from analysis.texts import Text

Array = npt.NDArray[np.float32]
ARMS: tuple[Arm, ...] = ("predict", "read")


@dataclass(frozen=True)
class WordActivity:
    """What a model did at some words, in both arms: at the token before the word, and at the word's last piece.

    Attributes
    ----------
    neurons : mapping of arm to ndarray of shape (n_words, n_neurons), float32
        Layer-major, in the model's own units.
    stream : mapping of arm to ndarray of shape (n_words, n_layers + 1, hidden), float32
        The residual stream: first the embedding of the token (with its position where the family adds one), then what
        each layer left; of the last layer after the final norm, as transformers gives it.
    layer_sizes : tuple of int
    site : {"mlp_activation", "mlp_output"}
        Of the neurons.
    """

    neurons: Mapping[Arm, Array]
    stream: Mapping[Arm, Array]
    layer_sizes: tuple[int, ...]
    site: Site

    @property
    def layer_of(self) -> npt.NDArray[np.int64]:
        """Layer of each neuron, shape (n_neurons,)."""
        return np.repeat(np.arange(len(self.layer_sizes)), self.layer_sizes)


def at_words(
    lm: LanguageModel,
    texts: Sequence[Text],
    words: pd.DataFrame,
    site: Site = "mlp_activation",
    *,
    max_tokens: int | None = None,
    batch_tokens: int = 4096,
) -> WordActivity:
    """Let a model read texts and keep what it does at words, so that memory grows with words and not with texts.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    words : DataFrame
        Rows of the table that :func:`analysis.grammar.words.word_table` makes of these texts with the same
        ``max_tokens``.
    site : {"mlp_activation", "mlp_output"}
    max_tokens : int, optional
    batch_tokens : int
        Tokens, padding included, that one forward pass may read. It bounds memory, not the result.

    Returns
    -------
    WordActivity
        In the order of the rows.

    Raises
    ------
    InputError
        If there is no word, or one is not in these texts.
    """
    check_site(site)
    if words.empty:
        raise InputError("There is no word to record at. Give rows of a table of words.")
    needed, place = np.unique(words["text"].to_numpy(), return_inverse=True)
    if needed[-1] >= len(texts):
        raise InputError(f"A word is in text {needed[-1]}, but there are {len(texts)}. Give the table of these texts.")
    inputs = tokenize(lm, [texts[number] for number in needed], max_tokens)[1]
    if (words["last"].to_numpy() >= np.array([len(ids) for ids in inputs])[place]).any():
        raise InputError("A word lies beyond its text's last token. Make its table with the same max_tokens.")
    # Both arms below one another: the token before the word, and its last piece.
    token = np.concatenate([words["first"].to_numpy() - 1, words["last"].to_numpy()])
    place = np.tile(place, 2)
    neurons = np.empty((len(token), sum(lm.layer_sizes(site))), np.float32)
    stream = np.empty((0, 0, 0), np.float32)
    for first, batch in _numbered(batches(inputs, batch_tokens)):
        here = np.flatnonzero((place >= first) & (place < first + len(batch)))
        where = torch.from_numpy((place[here] - first) * max(map(len, batch)) + token[here])
        seen, states = _read(lm, batch, where, site)
        if not stream.size:
            stream = np.empty((len(token), *states.shape[1:]), np.float32)
        neurons[here], stream[here] = seen, states
    arms = {arm: slice(n * len(words), (n + 1) * len(words)) for n, arm in enumerate(ARMS)}
    return WordActivity(
        {arm: neurons[rows] for arm, rows in arms.items()},
        {arm: stream[rows] for arm, rows in arms.items()},
        lm.layer_sizes(site),
        site,
    )


def joined(parts: Sequence[WordActivity]) -> WordActivity:
    """Put the words of several sets of texts below one another."""
    first = parts[0]
    return WordActivity(
        {arm: np.concatenate([part.neurons[arm] for part in parts]) for arm in ARMS},
        {arm: np.concatenate([part.stream[arm] for part in parts]) for arm in ARMS},
        first.layer_sizes,
        first.site,
    )


def _numbered(groups: Iterator[list[list[int]]]) -> Iterator[tuple[int, list[list[int]]]]:
    first = 0
    for group in groups:
        yield first, group
        first += len(group)


def _read(lm: LanguageModel, batch: list[list[int]], where: torch.Tensor, site: Site) -> tuple[Array, Array]:
    """Neurons and stream at some places of the flattened batch."""
    ids, mask = pad(batch, lm.device)
    with torch.inference_mode(), _watching(lm, site, where) as seen:
        # The base model: logits are not needed, and for a large vocabulary they cost more than the rest.
        output = lm.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False, output_hidden_states=True)
        states = [_at(state, where) for state in output.hidden_states]
    return torch.cat(seen, 1).numpy(), torch.stack(states, 1).numpy()


@contextmanager
def _watching(lm: LanguageModel, site: Site, where: torch.Tensor) -> Iterator[list[torch.Tensor]]:
    """Collect the site of every layer at some places while the context lasts; hooks always go."""
    seen: list[torch.Tensor] = []

    def before(_module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        seen.append(_at(args[0], where))

    def after(_module: nn.Module, _args: Any, output: torch.Tensor) -> None:
        seen.append(_at(output, where))

    with ExitStack() as stack:
        for module in lm.down_projections:
            if site == "mlp_activation":
                handle = module.register_forward_pre_hook(before)
            else:
                handle = module.register_forward_hook(after)
            stack.callback(handle.remove)
        yield seen


def _at(values: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    # Some families fold batch and position into one axis before the MLP.
    return values.reshape(-1, values.shape[-1])[where.to(values.device)].float().cpu()
