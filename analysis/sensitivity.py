"""What a small change of each neuron would do, for all neurons at once, by one backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from analysis import likelihood
from analysis.evaluation import choice_scores
from analysis.likelihood import Request
from analysis.models import LanguageModel, Site, check_site
from analysis.texts import Item, Text

Derivative = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sensitivity:
    """First derivatives of a score, at the model as it is.

    Attributes
    ----------
    to_factor, to_constant : ndarray of shape (n_units, n_neurons)
        Change of each unit's score (a text's loss in nats, an item's margin) for each neuron, per unit of a factor on
        its activity at all tokens, and per unit of a constant added to it.
    """

    to_factor: Derivative
    to_constant: Derivative

    def predicted(
        self, neurons: npt.NDArray[np.bool_], factor: float = 1.0, constant: float = 0.0
    ) -> npt.NDArray[np.float64]:
        """Predict the change of each unit's score under an intervention, as if the model were linear in it.

        Parameters
        ----------
        neurons : ndarray of bool, shape (n_neurons,)
        factor, constant : float
            As in :class:`analysis.interventions.Intervention`.

        Returns
        -------
        ndarray of shape (n_units,)
        """
        by_factor = self.to_factor[:, neurons].sum(1, dtype=np.float64)
        return np.asarray((factor - 1) * by_factor + constant * self.to_constant[:, neurons].sum(1, dtype=np.float64))


def of_losses(
    lm: LanguageModel, texts: Sequence[Text], site: Site = "mlp_activation", *, batch_tokens: int = 1024
) -> Sensitivity:
    """Differentiate each text's loss, in nats, as :func:`analysis.many.losses` measures it.

    Parameters
    ----------
    lm : LanguageModel
    texts : sequence of Text
    site : {"mlp_activation", "mlp_output"}
    batch_tokens : int
        Tokens, padding included, that one pass may read.
    """
    requests, _ = likelihood.requests_of_texts(lm, texts)
    grouped = [Request(request.ids, request.n_scored, group) for group, request in enumerate(requests)]
    return _derivatives(lm, grouped, -np.ones(len(requests)), site, batch_tokens)


def of_margins(
    lm: LanguageModel, items: Sequence[Item], site: Site = "mlp_activation", *, batch_tokens: int = 1024
) -> Sensitivity:
    """Differentiate each item's margin: the log-likelihood of its gold choice minus that of the likeliest other one.

    Parameters
    ----------
    lm : LanguageModel
    items : sequence of Item
    site : {"mlp_activation", "mlp_output"}
    batch_tokens : int
        Tokens, padding included, that one pass may read.
    """
    weights = np.concatenate(
        [_weights(score, item.answer) for score, item in zip(choice_scores(lm, items), items, strict=True)]
    )
    owners = np.repeat(np.arange(len(items)), [len(item.choices) for item in items])
    grouped = [
        Request(request.ids, request.n_scored, int(owner))
        for request, owner in zip(likelihood.requests_of_items(lm, items), owners, strict=True)
    ]
    return _derivatives(lm, grouped, weights, site, batch_tokens)


def _weights(scores: likelihood.Scores, answer: int) -> likelihood.Scores:
    """Weights of an item's choices in its margin: 1 for the gold, -1 for the best of the others."""
    others = scores.copy()
    others[answer] = -np.inf
    weights = np.zeros(len(scores))
    weights[answer], weights[others.argmax()] = 1, -1
    return weights


def _derivatives(
    lm: LanguageModel, requests: Sequence[Request], weights: likelihood.Scores, site: Site, batch_tokens: int
) -> Sensitivity:
    """Differentiate, for each group, the weighted sum of its requests' log-likelihoods."""
    check_site(site)
    counted = [request for request, weight in zip(requests, weights, strict=True) if weight]
    weight = torch.from_numpy(weights[weights != 0]).to(lm.device)
    shape = (1 + max(request.group for request in requests), sum(lm.layer_sizes(site)))
    to_factor, to_constant = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for batch in likelihood.arrange(lm, counted, batch_tokens):
        with torch.enable_grad(), _driven(lm, site, len(batch.ids)) as (factors, constants):
            sums = likelihood.batch_log_likelihoods(lm, batch, len(counted))
            gradients = torch.autograd.grad((sums * weight.to(sums.device)).sum(), [*factors, *constants])
        for total, part in ((to_factor, gradients[: lm.n_layers]), (to_constant, gradients[lm.n_layers :])):
            rows = torch.cat([one[:, 0].float().cpu() for one in part], -1)
            np.add.at(total, batch.groups.cpu().numpy(), rows.numpy())
    return Sensitivity(to_factor, to_constant)


@contextmanager
def _driven(lm: LanguageModel, site: Site, n_rows: int) -> Iterator[tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """Multiply each row's activity by its own ones and add its own zeros, by which one can differentiate."""
    factors, constants = [], []
    with ExitStack() as stack:
        for module, size in zip(lm.down_projections, lm.layer_sizes(site), strict=True):
            dtype, device = next(module.parameters()).dtype, lm.device
            factor = torch.ones(n_rows, 1, size, dtype=dtype, device=device, requires_grad=True)
            constant = torch.zeros(n_rows, 1, size, dtype=dtype, device=device, requires_grad=True)
            change = partial(_changed, factor, constant)
            if site == "mlp_activation":
                handle = module.register_forward_pre_hook(lambda _m, args, f=change: (f(args[0]), *args[1:]))
            else:
                handle = module.register_forward_hook(lambda _m, _args, output, f=change: f(output))
            stack.callback(handle.remove)
            factors.append(factor)
            constants.append(constant)
        yield factors, constants


def _changed(factor: torch.Tensor, constant: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    rows = activity.reshape(len(factor), -1, activity.shape[-1])  # some families fold texts and tokens into one axis
    return (rows * factor.to(rows.device) + constant.to(rows.device)).reshape(activity.shape)
