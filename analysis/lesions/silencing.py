"""Silence neurons in one of several ways, and read texts and items meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import evaluation, likelihood, many
from analysis.activity import Activity, record
from analysis.contribution import contribution
from analysis.errors import InputError
from analysis.evaluation import continue_text
from analysis.interventions import Intervention, applied, hold_at_mean, resample, silence
from analysis.kinds import Kind
from analysis.models import LanguageModel, Site
from analysis.networks import Masks
from analysis.texts import Item, Text

Array: TypeAlias = npt.NDArray[np.float64]
PerNeuron: TypeAlias = npt.NDArray[np.floating[Any]]
Rises: TypeAlias = dict[str, Array]
"""Change of bits per byte by kind of text, each of shape (n_sets, n_texts)."""
Way: TypeAlias = Literal["zero", "mean", "resample"]
WAYS: tuple[Way, ...] = get_args(Way)
BATCH_TOKENS = 512  # measured: on one core more tokens at a time are slower


@dataclass(frozen=True)
class Usual:
    """What neurons usually do in one kind of text, over tokens of ``find``.

    Attributes
    ----------
    mean, variance, contribution : ndarray of shape (n_neurons,)
        The last one as in :func:`analysis.contribution.contribution`.
    donors : ndarray of shape (n_donors, n_neurons)
        Activity at some tokens, drawn evenly.
    """

    mean: PerNeuron
    variance: PerNeuron
    contribution: PerNeuron
    donors: PerNeuron


def without_first(activity: Activity) -> Activity:
    """Leave the first token of each text out, whose values may dwarf all others."""
    return activity.where((activity.tokens["position"] > 0).to_numpy())


def usual(lm: LanguageModel, activity: Activity, n_donors: int = 500) -> Usual:
    """Sum up raw activity for lesions and their controls.

    Parameters
    ----------
    lm : LanguageModel
        The model that was recorded.
    activity : Activity
        In the model's own units, :func:`without_first`.
    n_donors : int
        Tokens whose activity is kept.
    """
    rows = np.unique(np.linspace(0, len(activity.values) - 1, n_donors).astype(np.int64))
    values = activity.values
    strength = contribution(lm, activity)
    return Usual(values.mean(0, dtype=np.float64), values.var(0, dtype=np.float64), strength, values[rows])


def read_usual(lm: LanguageModel, kind: Kind, site: Site, *, max_tokens: int = 256, n_texts: int = 8) -> Usual:
    """Record some of a kind's texts of ``find`` and sum them up."""
    return usual(lm, without_first(record(lm, kind.find[:n_texts], site, max_tokens=max_tokens)))


@dataclass(frozen=True)
class Silencing:
    """A way to silence neurons.

    Attributes
    ----------
    way : {"zero", "mean", "resample"}
    site : {"mlp_activation", "mlp_output"}
    usual : mapping of kind to Usual
        For all but ``"zero"``: of each kind that is going to be read, since a neuron's mean and a donor have to come
        from text like the one that is read.
    seed : int
        Of the choice of donors.
    """

    way: Way = "zero"
    site: Site = "mlp_activation"
    usual: Mapping[str, Usual] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise InputError(f"operation='{self.way}' is unknown. Use {', '.join(WAYS)}.")

    @property
    def hangs_on_kind(self) -> bool:
        """Whether it differs from one kind of text to the next."""
        return self.way != "zero"

    def of(self, neurons: npt.NDArray[np.bool_], kind: str) -> Intervention:
        """Return the intervention on some neurons while text of a kind is read."""
        if self.way == "zero":
            return silence(neurons, self.site)
        if kind not in self.usual:
            raise InputError(f"What neurons usually do in '{kind}' is not known. Record it, or use operation=zero.")
        if self.way == "mean":
            return hold_at_mean(neurons, self.usual[kind].mean, self.site)
        return resample(neurons, self.usual[kind].donors, self.seed, self.site)


def rise(lm: LanguageModel, texts: Sequence[Text], interventions: Sequence[Intervention | None]) -> Array:
    """Change of bits per byte of each text under each intervention, shape (n_interventions, n_texts)."""
    nats = many.losses(lm, texts, [None, *interventions], batch_tokens=BATCH_TOKENS)
    _, n_bytes = likelihood.requests_of_texts(lm, texts)
    return np.asarray((nats[1:] - nats[0]) / np.log(2) / n_bytes)


def rises(lm: LanguageModel, texts: Mapping[str, Sequence[Text]], sets: Masks, silencing: Silencing) -> Rises:
    """Silence sets one at a time, and read all texts of all kinds.

    Parameters
    ----------
    lm : LanguageModel
    texts : mapping of kind to sequence of Text
    sets : ndarray of bool, shape (n_sets, n_neurons)
    silencing : Silencing

    Returns
    -------
    dict of kind to ndarray of shape (n_sets, n_texts)
    """
    return {name: rise(lm, part, [silencing.of(one, name) for one in sets]) for name, part in texts.items()}


def right(
    lm: LanguageModel, tasks: Mapping[str, Sequence[Item]], interventions: Sequence[Intervention | None]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Say which items are answered right under each intervention, each task of shape (n_interventions, n_items)."""
    return {
        name: evaluation.right(items, many.choice_scores(lm, items, interventions, batch_tokens=BATCH_TOKENS))
        for name, items in tasks.items()
    }


def written(
    lm: LanguageModel,
    prompts: Mapping[str, str],
    lesions: Mapping[str, Intervention | None],
    *,
    max_tokens: int = 40,
    temperature: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Let the intact and the lesioned model write on from the same prompts.

    Returns
    -------
    DataFrame
        Indexed by lesion; a column for each prompt, with the continuation alone.
    """
    rows = {}
    for name, lesion in lesions.items():
        with applied(lm, *([] if lesion is None else [lesion])):
            wrote = partial(continue_text, lm, max_tokens=max_tokens, temperature=temperature, seed=seed)
            rows[name] = {kind: wrote(prompt)[len(prompt) :].strip() for kind, prompt in prompts.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lesion")
