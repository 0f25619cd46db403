"""Many interventions over the same items or texts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np

from analysis import likelihood
from analysis.interventions import Intervention, applied, first_layer
from analysis.likelihood import Request, Scores
from analysis.models import LanguageModel
from analysis.sharing import Trunk, last_mlp_at
from analysis.texts import Item, Text


def choice_scores(
    lm: LanguageModel,
    items: Sequence[Item],
    interventions: Sequence[Intervention | None],
    *,
    batch_tokens: int = 1024,
) -> Scores:
    """Log-likelihood of each choice of each item under each intervention, summed over its tokens, in nats.

    Parameters
    ----------
    lm : LanguageModel
    items : sequence of Item
    interventions : sequence of Intervention or None
        None is the model as it is.
    batch_tokens : int
        Tokens, padding included, that one forward pass may read.

    Returns
    -------
    ndarray of shape (n_interventions, n_items, n_choices)
        -inf where an item has fewer choices than the item with most. Conventions as in
        :func:`analysis.evaluation.choice_scores`, which gives the same for one intervention at a time.
    """
    n_choices = np.array([len(item.choices) for item in items], np.int64)
    there = np.arange(n_choices.max(initial=0)) < n_choices[:, None]
    scores = np.full((len(interventions), *there.shape), -np.inf)
    scores[:, there] = _sums(lm, likelihood.requests_of_items(lm, items), interventions, batch_tokens)
    return scores


def losses(
    lm: LanguageModel,
    texts: Sequence[Text],
    interventions: Sequence[Intervention | None],
    *,
    batch_tokens: int = 1024,
) -> Scores:
    """Negative log-likelihood of each text under each intervention, summed over its tokens, in nats.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    interventions : sequence of Intervention or None
        None is the model as it is.
    batch_tokens : int
        Tokens, padding included, that one forward pass may read.

    Returns
    -------
    ndarray of shape (n_interventions, n_texts)
        :func:`analysis.evaluation.bits_per_byte` has the numbers of tokens and bytes, by which to divide.
    """
    requests, _ = likelihood.requests_of_texts(lm, texts)
    return -_sums(lm, requests, interventions, batch_tokens)


def _sums(
    lm: LanguageModel, requests: Sequence[Request], interventions: Sequence[Intervention | None], batch_tokens: int
) -> Scores:
    """Score all requests under each intervention, batch by batch, so that one batch's shared parts are in memory."""
    begins = [first_layer(lm, one) for one in interventions]
    begun = [layer for layer in begins if layer is not None]
    # Recording is a pass of its own. It pays where that pass is wanted anyway, or spares as much as it costs.
    pays = len(begun) < len(begins) or sum((layer + 0.5) / lm.n_layers for layer in begun) > 1
    trunk = Trunk(lm, set(begun) if pays else ())
    by_token = any(one is not None and one.by_token for one in interventions)
    sums = np.zeros((len(interventions), len(requests)))
    for batch in likelihood.arrange(lm, requests, batch_tokens):
        with nullcontext() if by_token else last_mlp_at(lm, batch):
            if pays:
                with trunk.recorded():
                    unchanged = likelihood.log_likelihoods(lm, [batch], len(requests))
            for number, (intervention, layer) in enumerate(zip(interventions, begins, strict=True)):
                if intervention is None or layer is None:
                    sums[number] += unchanged
                    continue
                with trunk.given_back(layer), applied(lm, intervention):
                    sums[number] += likelihood.log_likelihoods(lm, [batch], len(requests))
    return sums
