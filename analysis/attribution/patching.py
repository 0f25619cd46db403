"""Ask a model what it would predict, had its neurons done something else at the position before a word."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from typing import Any

import torch
from torch import nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from analysis.activity import batches, pad
from analysis.attribution.cases import Case, check_cases
from analysis.models import LanguageModel, Site, check_site

PLACE_IN_MEMORY = frozenset({"gpt_neo"})
"""Families that take positions and yet look up in memory how far back a token is: their rows cannot share a context."""


@dataclass(frozen=True)
class CaseGroup:
    """What the unchanged model did with some cases whose targets have equally many pieces.

    Attributes
    ----------
    site : {"mlp_activation", "mlp_output"}
    ids, mask : Tensor of shape (n_cases, n_tokens)
        Context and target without its last piece, padded on the right.
    targets : Tensor of shape (n_cases, n_pieces)
    lengths : Tensor of shape (n_cases,)
        Tokens of each context.
    activity : tuple of Tensor of shape (n_cases, width), one per layer
        At the last token of the context.
    log_probability : Tensor of shape (n_cases,), float64
        Of the target, in nats, summed over its pieces.
    likeliest : Tensor of shape (n_cases,)
        The token that the model puts first after the context.
    cache : tuple of (keys, values), one per layer, or None
        Of shape (n_cases, n_heads, n_tokens, head_size); None where rows cannot share a context.
    """

    site: Site
    ids: torch.Tensor
    mask: torch.Tensor
    targets: torch.Tensor
    lengths: torch.Tensor
    activity: tuple[torch.Tensor, ...]
    log_probability: torch.Tensor
    likeliest: torch.Tensor
    cache: tuple[tuple[torch.Tensor, torch.Tensor], ...] | None

    @property
    def positions_per_row(self) -> int:
        """Positions that the model has to compute to answer for one row of a patch."""
        return self.ids.shape[1] if self.cache is None else self.targets.shape[1]


@dataclass(frozen=True)
class Patch:
    """Activity to put in place of what one layer did at the last token of the context.

    Attributes
    ----------
    layer : int
    case : Tensor of int, shape (n,)
        Index into the cases of a :class:`CaseGroup`.
    values : Tensor of shape (n, n_rows, width)
        Each row is answered on its own.
    """

    layer: int
    case: torch.Tensor
    values: torch.Tensor


def read_cases(
    lm: LanguageModel, cases: Sequence[Case], site: Site = "mlp_activation", *, batch_tokens: int = 1024
) -> Iterator[tuple[list[int], CaseGroup]]:
    """Read cases as they are, in groups of similar length.

    Parameters
    ----------
    lm : LanguageModel
    cases : sequence of Case
    site : {"mlp_activation", "mlp_output"}
    batch_tokens : int
        Tokens, padding included, that one group may have. Each needs memory for the logits of a whole vocabulary.

    Yields
    ------
    rows : list of int
        Index of each case of the group.
    group : CaseGroup

    Raises
    ------
    InputError
        If there is no case, or one has no context, no target, or more tokens than the model reads at once.
    """
    check_site(site)
    check_cases(lm, cases)
    order = sorted(range(len(cases)), key=lambda row: (len(cases[row].target), len(cases[row].context)))
    for _, same in groupby(order, key=lambda row: len(cases[row].target)):
        rows = list(same)
        inputs = [[*cases[row].context, *cases[row].target[:-1]] for row in rows]
        left = iter(rows)
        for batch in batches(inputs, batch_tokens):
            chosen = list(islice(left, len(batch)))
            yield chosen, _read(lm, [cases[row] for row in chosen], batch, site)


def patched(lm: LanguageModel, group: CaseGroup, patches: Sequence[Patch]) -> torch.Tensor:
    """Log-probability of the target where one layer's activity before it is replaced.

    Later layers, and the later pieces of the word, respond to the change; what the model read before does not. All
    rows run as one batch over the keys and values of the context, which are computed once. Gradients flow to the
    values of the patches if these ask for them.

    Parameters
    ----------
    lm : LanguageModel
    group : CaseGroup
    patches : sequence of Patch
        Of different layers, with equally many rows.

    Returns
    -------
    Tensor of shape (n, n_rows), float64
        The patches below each other; in nats, summed over the pieces of the target.
    """
    case = torch.cat([patch.case for patch in patches])
    inputs, start = (_whole_rows if group.cache is None else _packed_rows)(group, case, patches[0].values.shape[1])
    wheres = torch.split(start, [len(patch.case) for patch in patches])
    with ExitStack() as stack:
        for patch, where in zip(patches, wheres, strict=True):
            change = partial(_replaced, where, patch.values)
            stack.callback(attach(lm.down_projections[patch.layer], group.site, change).remove)
        logits = lm.model(**inputs).logits
    return _target_log_probability(logits, start, group.targets[case][:, None])


def log_probability(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability of one token each, in nats: (n, vocabulary) and (n,) to (n,), float64.

    By way of the odds and not as logit minus logsumexp: near certainty that difference has no digit left, and the
    difference between two of them even less.
    """
    logits, tokens = logits.float(), tokens[:, None]
    odds_against = logits.scatter(1, tokens, -torch.inf).logsumexp(1) - logits.gather(1, tokens)[:, 0]
    return -nn.functional.softplus(odds_against).double()


def attach(module: nn.Module, site: Site, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Put a function between what a layer's site holds and what the model goes on with; return the hook's handle."""
    if site == "mlp_activation":
        return module.register_forward_pre_hook(lambda _module, args: (change(args[0]), *args[1:]))
    return module.register_forward_hook(lambda _module, _args, output: change(output))


def _read(lm: LanguageModel, cases: Sequence[Case], inputs: list[list[int]], site: Site) -> CaseGroup:
    ids, mask = pad(inputs, lm.device)
    targets = torch.tensor([case.target for case in cases], device=lm.device)
    lengths = torch.tensor([len(case.context) for case in cases], device=lm.device)
    start = torch.arange(len(cases), device=lm.device) * ids.shape[1] + lengths - 1
    # Not inference_mode: what is kept here takes part in gradients later.
    with torch.inference_mode(mode=False), torch.no_grad(), _watching(lm, site, start) as activity:
        output = lm.model(input_ids=ids, attention_mask=mask, use_cache=_takes_positions(lm))
        return CaseGroup(
            site=site,
            ids=ids,
            mask=mask,
            targets=targets,
            lengths=lengths,
            activity=tuple(activity),
            log_probability=_target_log_probability(output.logits, start[:, None], targets[:, None])[:, 0],
            likeliest=output.logits.flatten(0, 1)[start].argmax(-1),
            cache=_shared_context(lm, output, ids.shape[1]),
        )


def _takes_positions(lm: LanguageModel) -> bool:
    return {"position_ids", "past_key_values"} <= set(inspect.signature(lm.model.forward).parameters)


def _shared_context(
    lm: LanguageModel, output: Any, n_tokens: int
) -> tuple[tuple[torch.Tensor, torch.Tensor], ...] | None:
    """Keep keys and values if they are all that later tokens see of the context, and if only positions say how far."""
    config = lm.model.config.get_text_config()
    layers = getattr(getattr(output, "past_key_values", None), "layers", [])
    window = getattr(config, "sliding_window", None)
    if (
        not _takes_positions(lm)
        or config.model_type in PLACE_IN_MEMORY
        or getattr(config, "alibi", False)
        or (window is not None and n_tokens >= window)
        or len(layers) != lm.n_layers
        or not all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in layers)
    ):
        return None
    return tuple((layer.keys, layer.values) for layer in layers)


@contextmanager
def _watching(lm: LanguageModel, site: Site, where: torch.Tensor) -> Iterator[list[torch.Tensor]]:
    """Collect the site of every layer at some places of the flattened batch."""
    seen: list[torch.Tensor] = []

    def watch(values: torch.Tensor) -> torch.Tensor:
        seen.append(values.reshape(-1, values.shape[-1])[where.to(values.device)].to(lm.device))
        return values

    with ExitStack() as stack:
        for module in lm.down_projections:
            stack.callback(attach(module, site, watch).remove)
        yield seen


def _packed_rows(group: CaseGroup, case: torch.Tensor, n_rows: int) -> tuple[dict[str, Any], torch.Tensor]:
    """Put the rows of a case behind one another over its cached context; a row sees the context and itself."""
    assert group.cache is not None
    n_pieces, device = group.targets.shape[1], case.device
    piece = torch.arange(n_pieces, device=device)
    before = group.lengths[case][:, None] - 1
    block = torch.cat([group.ids.gather(1, group.lengths[:, None] - 1), group.targets[:, :-1]], 1)
    keys = group.cache[0][0]
    past = torch.arange(keys.shape[2], device=device) < before
    own = torch.kron(torch.eye(n_rows, device=device), torch.ones(n_pieces, n_pieces, device=device).tril()).bool()
    n_positions = len(own)
    visible = torch.cat(
        [past[:, None].expand(-1, n_positions, -1), own.expand(len(case), -1, -1)], dim=-1
    )  # jobs × positions × (context, positions)
    mask = torch.zeros(visible.shape, dtype=keys.dtype, device=device)
    inputs = {
        "input_ids": block[case].repeat(1, n_rows),
        "position_ids": before + piece.repeat(n_rows),
        "attention_mask": mask.masked_fill(~visible, torch.finfo(keys.dtype).min)[:, None],
        "past_key_values": DynamicCache(
            [(keys[case.to(keys.device)], values[case.to(keys.device)]) for keys, values in group.cache]
        ),
        "use_cache": True,
    }
    first = torch.arange(len(case), device=device)[:, None] * n_positions
    return inputs, first + torch.arange(n_rows, device=device) * n_pieces


def _whole_rows(group: CaseGroup, case: torch.Tensor, n_rows: int) -> tuple[dict[str, Any], torch.Tensor]:
    """Let every row read the whole context again: slower, and right for any attention."""
    chosen = case.repeat_interleave(n_rows)
    inputs = {"input_ids": group.ids[chosen], "attention_mask": group.mask[chosen], "use_cache": False}
    first = torch.arange(len(chosen), device=case.device) * group.ids.shape[1]
    return inputs, (first + group.lengths[chosen] - 1).reshape(len(case), n_rows)


def _replaced(where: torch.Tensor, values: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    flat = seen.reshape(-1, seen.shape[-1])  # some families fold batch and position into one axis before the MLP
    return flat.index_copy(0, where.flatten().to(flat.device), values.flatten(0, 1).to(flat)).reshape(seen.shape)


def _target_log_probability(logits: torch.Tensor, start: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Sum over the pieces; ``start`` (jobs, rows) is where the first one is predicted in the flattened batch."""
    places = start[..., None] + torch.arange(targets.shape[-1], device=start.device)
    chosen = logits.flatten(0, 1).to(places.device).index_select(0, places.flatten())
    return log_probability(chosen, targets.expand(places.shape).flatten()).reshape(places.shape).sum(-1)
