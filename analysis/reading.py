"""What a model is reading at the moment: which position each row of activity belongs to, and what stands before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from analysis.errors import InputError
from analysis.models import LanguageModel

_Words = npt.NDArray[np.uint64]


class Reading:
    """Follows a model's passes over token ids, also those that continue a cache, as in generation.

    Texts must be padded on the right, so that the first column of a batch is the first token of each text.
    """

    def __init__(self) -> None:
        self._past = 0  # tokens in the cache that this pass continues
        self._prefix: _Words = np.zeros((0, 0), np.uint64)  # (texts, tokens): what has been read up to each token
        self._ends: _Words = np.zeros(0, np.uint64)  # the same at the last token of the pass before
        self._seen = 0  # tokens up to there

    @classmethod
    @contextmanager
    def of(cls, lm: LanguageModel) -> Iterator[Reading]:
        """Follow a model while the block lasts."""
        reading = cls()
        with ExitStack() as stack:
            # Our own functions call the base model, generation calls the whole, and not every family's whole calls
            # its base model; the embedding sees the ids in any case.
            for module in {lm.model, lm.model.base_model}:
                stack.callback(module.register_forward_pre_hook(reading._begin, with_kwargs=True).remove)
                stack.callback(module.register_forward_hook(reading._end, always_call=True).remove)
            stack.callback(lm.model.get_input_embeddings().register_forward_pre_hook(reading._read).remove)
            yield reading

    def at(self, positions: slice | Sequence[int], activity: torch.Tensor) -> torch.Tensor:
        """Mark the tokens at some positions.

        Parameters
        ----------
        positions : slice or sequence of int
            Counted from the start.
        activity : Tensor of shape (n_texts, n_tokens, n) or (n_texts * n_tokens, n)

        Returns
        -------
        Tensor of bool
            Of the shape of the activity, with 1 in place of n.
        """
        here = np.arange(self._past, self._past + self._prefix.shape[1])
        if isinstance(positions, slice):
            marked = np.isin(here, range(here[-1] + 1)[positions])
        else:
            marked = np.isin(here, np.asarray(positions))
        return self._like(np.broadcast_to(marked, self._prefix.shape).copy(), activity)[..., None]

    def donor(self, n_donors: int, seed: int, activity: torch.Tensor) -> torch.Tensor:
        """Draw a donor for each token, by the seed and what was read up to the token and nothing else.

        Returns
        -------
        Tensor of int
            Of the shape of the activity, without its last axis.
        """
        drawn = _mixed(self._prefix ^ _mixed(np.array([seed % 2**64], np.uint64))) % np.uint64(n_donors)
        return self._like(drawn.astype(np.int64), activity)

    def _like(self, values: npt.NDArray[Any], activity: torch.Tensor) -> torch.Tensor:
        shape = activity.shape[:-1]  # some families fold texts and tokens into one axis before the MLP
        if values.size != np.prod(shape):
            raise InputError("Positions and donors need a model that is given token ids, all of them at once.")
        return torch.from_numpy(values.reshape(shape)).to(activity.device)

    def _begin(self, _module: nn.Module, _args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        cache = kwargs.get("past_key_values")
        if cache is not None:
            self._past = cache.get_seq_length()

    def _end(self, *_: Any) -> None:
        self._past = 0

    def _read(self, _module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        ids = args[0].cpu().numpy()
        position = np.arange(self._past, self._past + ids.shape[1])
        words = _mixed(ids.astype(np.uint64) ^ _mixed(position.astype(np.uint64)))
        self._prefix = np.cumsum(words, axis=1, dtype=np.uint64)  # modulo 2**64
        if self._past:
            if (self._seen, len(self._ends)) != (self._past, len(ids)):
                raise InputError("Positions and donors cannot follow a cache that was filled before the intervention.")
            self._prefix += self._ends[:, None]
        self._ends, self._seen = self._prefix[:, -1].copy(), self._past + ids.shape[1]


def _mixed(numbers: _Words) -> _Words:
    """Scatter numbers over 64 bits (the finaliser of SplitMix64; Steele, Lea & Flood 2014)."""
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
