"""Record MLP neurons while a model reads: an array of tokens × neurons, with a table of the tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from analysis.errors import InputError
from analysis.models import LanguageModel, Site, check_site
from analysis.texts import Text

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Activity:
    """What the neurons did while the model read.

    Attributes
    ----------
    values : ndarray of shape (n_tokens, n_neurons), float32
        Layer-major: all neurons of the first layer, then of the second … In the model's own units.
    tokens : DataFrame of n_tokens rows
        ``text`` (index into the texts), ``position`` (in the text, 0 first), ``piece`` (as the tokenizer writes
        it), ``start`` and ``end`` (its characters), ``word`` (index into the text's words, -1 for none), ``upos``
        (of that word, or empty), ``domain``, ``document`` (or empty).
    layer_sizes : tuple of int
        Number of neurons in each layer.
    site : {"mlp_activation", "mlp_output"}
        Where it was read.
    model : str
        Name of the model.
    """

    values: Array
    tokens: pd.DataFrame
    layer_sizes: tuple[int, ...]
    site: Site
    model: str

    @property
    def layer_of(self) -> npt.NDArray[np.int64]:
        """Layer of each neuron, shape (n_neurons,)."""
        return np.repeat(np.arange(len(self.layer_sizes)), self.layer_sizes)

    def where(self, keep: npt.NDArray[np.bool_]) -> Activity:
        """Return the activity of some tokens only."""
        tokens = self.tokens[keep].reset_index(drop=True)
        return Activity(self.values[keep], tokens, self.layer_sizes, self.site, self.model)

    def by_text(self) -> Iterator[Activity]:
        """Yield the activity of one text after another, in the order of their numbers."""
        texts = self.tokens["text"].to_numpy()
        for text in np.unique(texts):
            yield self.where(texts == text)


def record(
    lm: LanguageModel,
    texts: Sequence[Text],
    site: Site = "mlp_activation",
    *,
    max_tokens: int | None = None,
    batch_tokens: int = 4096,
    out: Array | None = None,
) -> Activity:
    """Record all texts into one array.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
        Each is read on its own, from its first token.
    site : {"mlp_activation", "mlp_output"}
    max_tokens : int, optional
        Cut each text to this many tokens; by default to the model's context.
    batch_tokens : int
        Tokens, padding included, that one forward pass may read. It bounds memory, not the result.
    out : ndarray of shape (n_tokens, n_neurons), float32, optional
        Filled in place, for example a memory map; by default a new array.

    Returns
    -------
    Activity
    """
    check_site(site)
    tokens, inputs = tokenize(lm, texts, max_tokens)
    sizes = lm.layer_sizes(site)
    shape = (len(tokens), sum(sizes))
    values = np.empty(shape, np.float32) if out is None else out
    if values.shape != shape or values.dtype != np.float32:
        raise InputError(f"'out' is {values.dtype} of shape {values.shape}; these texts need float32 of {shape}.")
    first = 0
    for batch in batches(inputs, batch_tokens):
        rows = np.cumsum([first, *map(len, batch)])
        _read(lm, batch, site, [values[start:end] for start, end in pairwise(rows)])
        first = rows[-1]
    return Activity(values, tokens, sizes, site, lm.name)


def stream(
    lm: LanguageModel,
    texts: Sequence[Text],
    site: Site = "mlp_activation",
    *,
    max_tokens: int | None = None,
    batch_tokens: int = 4096,
) -> Iterator[Activity]:
    """Yield the activity text by text, so that memory does not grow with their number.

    Parameters and meaning as in :func:`record`; ``tokens["text"]`` counts over all texts. What is yielded is the
    caller's to keep.
    """
    check_site(site)
    tables, inputs = _tokenize(lm, texts, max_tokens)
    sizes = lm.layer_sizes(site)
    of_text = iter(tables)
    for batch in batches(inputs, batch_tokens):
        values = [np.empty((len(ids), sum(sizes)), np.float32) for ids in batch]
        _read(lm, batch, site, values)
        for one in values:
            yield Activity(one, next(of_text), sizes, site, lm.name)


def tokenize(
    lm: LanguageModel, texts: Sequence[Text], max_tokens: int | None = None
) -> tuple[pd.DataFrame, list[list[int]]]:
    """Cut texts into the model's tokens.

    Returns
    -------
    tokens : DataFrame
        As in :class:`Activity`.
    inputs : list of list of int
        The token ids of each text.

    Raises
    ------
    InputError
        If there is no text, or a text has no token.
    """
    tables, inputs = _tokenize(lm, texts, max_tokens)
    return pd.concat(tables, ignore_index=True), inputs


def _tokenize(
    lm: LanguageModel, texts: Sequence[Text], max_tokens: int | None
) -> tuple[list[pd.DataFrame], list[list[int]]]:
    """Do the same with a table for each text."""
    if not texts:
        raise InputError("There is no text to read. Give texts with at least 128 tokens, or lower min_tokens.")
    if max_tokens is not None and max_tokens < 1:
        raise InputError(f"max_tokens={max_tokens} leaves nothing to read. Use 1 or more.")
    limit = min(max_tokens or lm.context, lm.context)
    tables, inputs = [], []
    for number, text in enumerate(texts):
        encoding = lm.tokenizer.backend_tokenizer.encode(text.text)
        ids = encoding.ids[:limit]
        if not ids:
            raise InputError(f"Text {number} ('{text.text[:30]}') has no token. Leave it out.")
        inputs.append(ids)
        tables.append(_token_table(text, number, encoding.tokens[:limit], encoding.offsets[:limit]))
    return tables, inputs


def count_tokens(lm: LanguageModel, text: str) -> int:
    """Count the tokens of a string, special tokens left out."""
    return len(lm.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)


def _token_table(text: Text, number: int, pieces: list[str], offsets: list[tuple[int, int]]) -> pd.DataFrame:
    words = _words_of_pieces(text, offsets)
    upos = [text.words[word].upos if word >= 0 else "" for word in words]
    start, end = np.array(offsets).T
    return pd.DataFrame(
        {
            "text": number,
            "position": np.arange(len(pieces)),
            "piece": pieces,
            "start": start,
            "end": end,
            "word": words,
            "upos": upos,
            "domain": text.domain,
            "document": text.document,
        }
    )


def _words_of_pieces(text: Text, offsets: list[tuple[int, int]]) -> list[int]:
    """Find the word that each piece belongs to: the first one whose characters it touches."""
    owner = np.full(len(text.text) + 1, -1)
    for index in range(len(text.words) - 1, -1, -1):  # backwards: where words share characters the first one wins
        owner[text.words[index].start : text.words[index].end] = index
    found = []
    for start, end in offsets:
        touched = owner[start:end]
        touched = touched[touched >= 0]
        found.append(int(touched[0]) if touched.size else -1)
    return found


def _read(lm: LanguageModel, batch: list[list[int]], site: Site, values: list[Array]) -> None:
    """Run the model over some texts; what is recorded of each goes straight into the array that is given for it."""
    ids, mask = pad(batch, lm.device)
    with torch.inference_mode(), _recording(lm, site, values):
        # The base model: logits are not needed, and for a large vocabulary they cost more than the rest.
        lm.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False)


def batches(inputs: list[list[int]], batch_tokens: int) -> Iterator[list[list[int]]]:
    """Group neighbouring texts so that none of the padded groups exceeds so many tokens, if it has more than one."""
    batch: list[list[int]] = []
    for ids in inputs:
        longest = max(map(len, [*batch, ids]))
        if batch and longest * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(ids)
    yield batch


def pad(batch: list[list[int]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad on the right, where causal attention cannot see it, so that positions need no correction."""
    longest = max(map(len, batch))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in batch], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch], device=device)
    return ids, mask


@contextmanager
def _recording(lm: LanguageModel, site: Site, values: list[Array]) -> Iterator[None]:
    """Copy the site of every layer into its columns of each text's array while the context lasts; hooks always go."""
    columns = np.cumsum([0, *lm.layer_sizes(site)])
    places = [torch.from_numpy(one) for one in values]
    with ExitStack() as stack:
        for layer, module in enumerate(lm.down_projections):
            copy = partial(_copy, [place[:, columns[layer] : columns[layer + 1]] for place in places])
            if site == "mlp_activation":
                handle = module.register_forward_pre_hook(partial(_before, copy))
            else:
                handle = module.register_forward_hook(partial(_after, copy))
            stack.callback(handle.remove)
        yield


def _copy(places: list[torch.Tensor], seen: torch.Tensor) -> None:
    # Some families fold batch and position into one axis before the MLP.
    flat = seen.detach().reshape(len(places), -1, seen.shape[-1]).cpu()
    for place, one in zip(places, flat, strict=True):
        place.copy_(one[: len(place)])  # what follows is padding


def _before(copy: Any, _module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
    copy(args[0])


def _after(copy: Any, _module: nn.Module, _args: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
    copy(output)
