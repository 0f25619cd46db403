"""The first paper's recurrence: networks of single texts counted by their overlap with template networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.activity import Activity, record
from analysis.controls import same_size_per_layer
from analysis.decomposition import Constant, spatial_ica, standardise, temporal_ica
from analysis.errors import InputError
from analysis.models import LanguageModel, Site
from analysis.networks import Masks, Networks, correlation, match, overlap
from analysis.networks import threshold as mark
from analysis.parallel import spread
from analysis.passages import choose_passages
from analysis.recurrence.stability import Decompose, check_draws, seeds, shifted
from analysis.texts import Text

Overlaps = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dataset:
    """Texts of one kind, in two parts that share none.

    Attributes
    ----------
    name : str
    template, individual : list of Text
        For the templates, and to be decomposed one by one; no document is in both.
    """

    name: str
    template: list[Text]
    individual: list[Text]


def read_datasets(
    sources: str,
    count_tokens: Callable[[str], int],
    n_texts: int,
    *,
    min_tokens: int = 128,
    max_tokens: int = 256,
    seed: int = 0,
) -> list[Dataset]:
    """Read several data sets, each in two parts.

    Parameters
    ----------
    sources : str
        Two or more with ``|`` between them, each as in :func:`analysis.passages.choose_passages`.
    count_tokens : callable
        Number of tokens of a string.
    n_texts : int
        Passages of each part, 2 or more; a smaller data set is halved. Documents stay whole, so that a part may get
        a few more than the other.
    min_tokens, max_tokens, seed : int
        Length and choice of passages.

    Raises
    ------
    InputError
        If there are fewer than two data sets, one is named twice, or one has fewer than four passages.
    """
    given = [source.strip() for source in sources.split("|") if source.strip()]
    if len(given) < 2 or len(set(given)) < len(given):
        raise InputError(f"datasets='{sources}' is not two or more different data sets. Put | between them.")
    if n_texts < 2:
        raise InputError(f"n_texts={n_texts} cannot be split in halves. Use 2 or more.")
    found = []
    for source, name in zip(given, _names(given), strict=True):
        texts = choose_passages(
            source, count_tokens, 2 * n_texts, min_tokens=min_tokens, max_tokens=max_tokens, seed=seed
        )
        if len(texts) < 4:
            raise InputError(f"'{source}' has {len(texts)} passages of {min_tokens} tokens, and 4 are needed.")
        found.append(Dataset(name, *_parts(texts)))
    return found


def _parts(texts: Sequence[Text]) -> tuple[list[Text], list[Text]]:
    """Deal whole documents to the part that is smaller so far; a text of no named document is one by itself."""
    documents: dict[str | int, list[Text]] = {}
    for number, text in enumerate(texts):
        documents.setdefault(text.document or number, []).append(text)
    parts: tuple[list[Text], list[Text]] = ([], [])
    for document in sorted(documents.values(), key=len, reverse=True):
        min(parts, key=len).extend(document)
    return parts


def _names(sources: Sequence[str]) -> list[str]:
    """Name each source as shortly as tells them apart: domain or file, with its folder where files share a name."""
    short = [source.partition(":")[2] if source.startswith("teaching:") else Path(source).stem for source in sources]
    if len(set(short)) == len(short):
        return short
    return [
        source if source.startswith("teaching") else f"{Path(source).parent.name}/{name}"
        for source, name in zip(sources, short, strict=True)
    ]


def read(lm: LanguageModel, texts: Sequence[Text], *, site: Site, max_tokens: int, constant: Constant) -> Activity:
    """Record texts and prepare them for decomposition: without the first token, standardised within each text."""
    recorded = record(lm, texts, site, max_tokens=max_tokens)
    return standardise(recorded.where((recorded.tokens["position"] > 0).to_numpy()), constant=constant)


def pooled(activities: Mapping[str, Activity]) -> Activity:
    """Put data sets side by side as one activity whose domains they are."""
    tables, offset = [], 0
    for name, activity in activities.items():
        tables.append(activity.tokens.assign(text=activity.tokens["text"] + offset, domain=name))
        offset = tables[-1]["text"].max() + 1
    first = next(iter(activities.values()))
    values = np.concatenate([activity.values for activity in activities.values()])
    return Activity(values, pd.concat(tables, ignore_index=True), first.layer_sizes, first.site, first.model)


def decomposer(ica: str, k: int, *, n_restarts: int = 1, seed: int = 0, max_iter: int = 200) -> Decompose:
    """Return the decomposition of that name: ``"spatial"``, or ``"temporal"`` as in the paper's first code.

    Real texts settle within some dozens of iterations, signal-free ones often never; `max_iter` is for both alike.
    """
    kinds = {"spatial": spatial_ica, "temporal": temporal_ica}
    if ica not in kinds:
        raise InputError(f"ica='{ica}' is unknown. Use {' or '.join(kinds)}.")
    return partial(kinds[ica], k=k, n_restarts=n_restarts, seed=seed, max_iter=max_iter)


def individual_masks(texts: Iterable[Activity], decompose: Decompose, at: float, *, two_sided: bool) -> Masks:
    """Decompose each text on its own and mark its networks' neurons, shape (n_texts, k, n_neurons)."""
    return np.stack([mark(decompose(text).maps, at, two_sided=two_sided) for text in texts])


def compare(
    templates: Networks,
    texts: Activity,
    decompose: Decompose,
    *,
    threshold: float = 1.96,
    two_sided: bool = False,
    iou: float = 0.2,
    n_draws: int = 20,
    seed: int = 0,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Do the first paper's count for one data set: templates against the networks of single texts.

    Parameters
    ----------
    templates : Networks
    texts : Activity
        Standardised; texts that the templates have not seen, each decomposed on its own.
    decompose : callable
    threshold, two_sided
        As in :func:`analysis.networks.threshold`, for templates and texts alike.
    iou, seed
        As in :func:`count`.
    n_draws : int
        Of the random sets, and of signal-free texts; at least 20, since fewer cannot give a p below .05.
    n_jobs : int
        Draws that are decomposed side by side. It changes no number.

    Returns
    -------
    DataFrame
        That of :func:`count`; with ``signal_free``, the mean count of the same texts after circular shifts;
        ``signal_free_high``, what the largest count of any template stays below in 95 % of these draws; and ``p``, the
        share of draws whose largest count is at least as large, so corrected over templates.
    """
    check_draws(n_draws)
    known = mark(templates.maps, threshold, two_sided=two_sided)
    marked = partial(individual_masks, decompose=decompose, at=threshold, two_sided=two_sided)
    table = count(known, marked(texts.by_text()), templates.layer_sizes, at=iou, n_draws=n_draws, seed=seed)
    draws = [[one] for one in seeds(seed, n_draws)]
    hollow = np.array(spread(_hollow_count, draws, shared=(known, texts, marked, iou), n_jobs=n_jobs))
    largest = hollow.max(1)
    reached = (largest[:, None] >= table["counted"].to_numpy()).sum(0)
    return table.assign(
        signal_free=hollow.mean(0),
        signal_free_high=np.quantile(largest, 0.95, method="higher"),
        p=(1 + reached) / (1 + n_draws),
    )


def _hollow_count(
    known: Masks, texts: Activity, marked: Callable[[Iterable[Activity]], Masks], at: float, seed: int
) -> npt.NDArray[np.int64]:
    masks = marked(shifted(texts, seed).by_text())
    return np.asarray((overlap(masks.reshape(-1, masks.shape[-1]), known) > at).sum(0))


def count(
    templates: Masks,
    individuals: Masks,
    layer_sizes: Sequence[int],
    *,
    at: float = 0.2,
    n_draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Count the individual networks that overlap each template, beside random sets of the same size per layer.

    Liu et al. (2025) call a network the same category as a template if their intersection over union exceeds 0.2, and
    count all that do. One network can be counted for several templates, and several of a text for one.

    Parameters
    ----------
    templates : ndarray of bool, shape (k, n_neurons)
    individuals : ndarray of bool, shape (n_texts, k, n_neurons)
    layer_sizes : sequence of int
    at : float
        Overlap (0 to 1) that makes two networks the same.
    n_draws, seed : int
        Of the random sets, one set for each individual network in each draw.

    Returns
    -------
    DataFrame of k rows, one per template
        ``counted`` (the paper's count), ``once`` (each text's networks paired one to one with the templates first, so
        at most n_texts), ``overlap`` (mean over texts of the paired network's), and the same of random sets:
        ``chance`` (mean count), ``chance_high`` (95th percentile over draws), ``chance_once``, ``chance_overlap``
        (expected overlap of one random set).
    """
    n_texts, k, n_neurons = individuals.shape
    flat = individuals.reshape(-1, n_neurons)
    observed = overlap(flat, templates).reshape(n_texts, k, -1)
    seeds = np.random.SeedSequence(seed).generate_state(len(flat))
    drawn = np.stack(
        [
            overlap(same_size_per_layer(mask, layer_sizes, n_draws, int(s)), templates)
            for mask, s in zip(flat, seeds, strict=True)
        ],
        axis=1,
    ).reshape(n_draws, n_texts, k, -1)
    chance = (drawn > at).sum((1, 2))
    paired = _paired(observed)
    return pd.DataFrame(
        {
            "counted": (observed > at).sum((0, 1)),
            "once": (paired > at).sum(0),
            "overlap": paired.mean(0),
            "chance": chance.mean(0),
            "chance_high": np.quantile(chance, 0.95, axis=0),
            "chance_once": np.mean([(_paired(draw) > at).sum(0) for draw in drawn], axis=0),
            "chance_overlap": drawn.mean((0, 1, 2)),
        },
        index=pd.RangeIndex(1, len(templates) + 1, name="template"),
    )


def _paired(overlaps: Overlaps) -> Overlaps:
    """Pair each text's networks with the templates one to one; the overlap of each template's partner, per text."""
    return np.stack([match(table.T)[1] for table in overlaps])


def by_amount(
    activity: Activity, templates: Networks, decompose: Decompose, amounts: Sequence[int], seed: int = 0
) -> pd.DataFrame:
    """Say how like the templates the networks of 1, 2, 4 … texts are.

    Parameters
    ----------
    activity : Activity
        Standardised; texts that the templates have not seen.
    templates : Networks
    decompose : callable
    amounts : sequence of int
        Numbers of texts that are decomposed together. Those larger than there are texts are left out.
    seed : int
        Of the order of the texts.

    Returns
    -------
    DataFrame
        ``texts``, ``tokens``, ``similarity`` (mean absolute correlation of the paired maps); one row for each group of
        texts, at most ten groups of a size, and no text twice in a size.
    """
    order = np.random.default_rng(seed).permutation(activity.tokens["text"].unique())
    rows = []
    for size in amounts:
        for start in range(0, min(len(order) - size + 1, 10 * size), size):
            part = activity.where(activity.tokens["text"].isin(order[start : start + size]).to_numpy())
            similarity = match(correlation(templates.maps, decompose(part).maps))[1].mean()
            rows.append({"texts": size, "tokens": len(part.tokens), "similarity": similarity})
    return pd.DataFrame(rows)
