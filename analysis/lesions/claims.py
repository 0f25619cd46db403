"""From lesions of networks and of matched sets to the effects that claims are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.claim_records import Control
from analysis.claims import Effect
from analysis.inference import mean_over_units, paired_proportions, specificity
from analysis.lesions import dealt
from analysis.lesions import silencing as lesions
from analysis.lesions.sets import Found
from analysis.lesions.silencing import Silencing
from analysis.lesions.study import Studied
from analysis.models import LanguageModel
from analysis.networks import Masks
from analysis.texts import Item

Array = npt.NDArray[np.float64]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """Items of the task that is like the leading kind of text, answered right or wrong.

    Attributes
    ----------
    intact, silenced, kept : ndarray of bool, shape (n_items,)
        By the whole model, with all networks silenced, and with only them kept.
    silenced_draws, kept_draws : ndarray of shape (n_draws,)
        Change of accuracy when the same is done with matched sets.
    """

    intact: Right
    silenced: Right
    kept: Right
    silenced_draws: Array
    kept_draws: Array


def answer(
    lm: LanguageModel, found: Found, items: Sequence[Item], silencing: Silencing, sets: Masks, *, n_each: int = 12
) -> Answers:
    """Let the model answer items with all networks silenced, and with only them kept.

    Parameters
    ----------
    lm : LanguageModel
    found : Found
    items : sequence of Item
    silencing : Silencing
    sets : ndarray of bool, shape (n_draws, k, n_neurons)
        Matched sets of the networks.
    n_each : int
        Items that each draw answers.
    """
    every, drawn = np.asarray(found.masks.any(0)), np.asarray(sets.any(1))
    lesion = [silencing.of(neurons, found.kind) for neurons in (every, ~every)]
    rights = lesions.right(lm, {"": items}, [None, *lesion])[""]
    draws = (dealt.accuracy_changes(lm, items, part, silencing, found.kind, n_each=n_each) for part in (drawn, ~drawn))
    return Answers(*rights, *draws)


def effects(
    studied: Sequence[Studied], answers: Answers | None, others: Sequence[Control] = ()
) -> tuple[dict[str, Effect], dict[str, str]]:
    """Estimate what the claims about lesions of whole networks speak of.

    Parameters
    ----------
    studied : sequence of Studied
        The leading kind first.
    answers : Answers or None
        None where no task is like the leading kind of text.
    others : sequence of Control
        Beside the primary one, for the rise of the leading kind.

    Returns
    -------
    effects : dict of claim id to Effect
    reasons : dict of claim id to str
        Why the other claims cannot be tested here.
    """
    lead = studied[0].kind.name
    special = [one for one in studied if not one.kind.is_neutral]
    made = {"inhibition-raises-perplexity": raises(studied[0], others)}
    reasons: dict[str, str] = {}
    if answers is None:
        why = f"no task is like the texts of {lead}"
        reasons |= {"inhibition-lowers-accuracy": why, "keeping-networks-suffices": why}
    else:
        n, intact = len(answers.intact), answers.intact
        silenced, kept = (paired_proportions(intact, after) for after in (answers.silenced, answers.kept))
        made["inhibition-lowers-accuracy"] = Effect(silenced, n, answers.silenced_draws)
        made["keeping-networks-suffices"] = Effect(kept, n, answers.kept_draws)
    if special:
        made["inhibition-is-specific"] = is_specific(special)
    else:
        reasons["inhibition-is-specific"] = "networks were found in neutral text only"
    if any(one.roles["other"] for one in special):
        made["inhibition-transfers"] = transfers(special)
    else:
        reasons["inhibition-transfers"] = "two kinds of text that are not neutral are needed"
    return made, reasons


def raises(lead: Studied, others: Sequence[Control] = ()) -> Effect:
    """Estimate how much bits per byte of a kind rise when one of its own networks is silenced."""
    values = lead.per_text("own")
    return Effect(mean_over_units(values), len(values), dealt.mean_over_networks(lead.drawn, "own"), others)


def is_specific(studied: Sequence[Studied]) -> Effect:
    """Estimate how much more a network's own kind suffers than neutral text, mean over kinds.

    Texts are resampled without regard to their kind, so what kinds differ in widens the interval.

    Parameters
    ----------
    studied : sequence of Studied
        Of kinds that are not neutral themselves, and so with the same neutral texts.
    """
    own = np.concatenate([one.per_text("own") for one in studied])
    neutral = np.mean([one.per_text("neutral") for one in studied], axis=0)
    draws = [
        dealt.mean_over_networks(one.drawn, "own") - dealt.mean_over_networks(one.drawn, "neutral") for one in studied
    ]
    return Effect(specificity(own, neutral), len(own) + len(neutral), np.mean(draws, axis=0))


def transfers(studied: Sequence[Studied]) -> Effect:
    """Estimate how much networks of one kind raise bits per byte of another, mean over pairs of kinds.

    Parameters
    ----------
    studied : sequence of Studied
        Of kinds that are not neutral themselves, at least one of them with another one to transfer to.
    """
    pairs = [(one.rises[kind].mean(0), kind) for one in studied for kind in one.roles["other"]]
    # A text is one unit, however many sources reach it.
    units = pd.factorize(np.array([f"{kind} {number}" for values, kind in pairs for number in range(len(values))]))[0]
    values = np.concatenate([values for values, _ in pairs])
    draws = np.mean([dealt.mean_over_networks(one.drawn, "other") for one in studied], axis=0)
    return Effect(mean_over_units(values, units), len(np.unique(units)), draws)
