"""Which models share an origin: fingerprints of many models, pairs, and how well the pairs can be told apart."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from analysis.activity import Activity
from analysis.claims import Effect
from analysis.decomposition import Constant
from analysis.errors import InputError
from analysis.inference import Interval
from analysis.models import LanguageModel, Site, load_model
from analysis.texts import Text
from analysis.uses import fingerprints
from analysis.uses.fingerprints import Fingerprint

Array = npt.NDArray[np.float64]
Families: TypeAlias = Mapping[str, Mapping[str, Mapping[str, LanguageModel]]]
"""Models by group, by origin, and by what became of them."""


CUT = 0.5
"""Pairs of networks above it count in the code of 2601.22692."""


@dataclass(frozen=True)
class Member:
    """One model, read.

    Attributes
    ----------
    origin, relative : str
        Whose kin it is, and what became of it.
    group : str
        What the origin is to the study: the model itself, a sister, untrained …
    raw, even : Activity
        As it is, and standardised.
    """

    origin: str
    relative: str
    group: str
    raw: Activity
    even: Activity


def load_all(patterns: str) -> dict[str, dict[str, LanguageModel]]:
    """Load models by paths, patterns or hub names with ``|`` between them.

    Returns
    -------
    dict of group to dict of name to LanguageModel
        Models of one pattern are a group, named by their folder; any other model is a group of its own.

    Raises
    ------
    InputError
        If nothing is there.
    """
    found: dict[str, dict[str, LanguageModel]] = {}
    for pattern in filter(None, (part.strip() for part in patterns.split("|"))):
        paths = sorted(path for path in glob.glob(pattern) if Path(path).is_dir())
        is_pattern = any(sign in pattern for sign in "*?[")
        if is_pattern and not paths:
            raise InputError(f"There is no model folder '{pattern}'. Give folders or hub names with | between.")
        group = Path(pattern).parent.name if is_pattern else Path(pattern).name
        found[group] = {Path(path).name: load_model(path) for path in paths or [pattern]}
    return found


def read_all(
    families: Families,
    texts: Sequence[Text],
    site: Site = "mlp_activation",
    *,
    constant: Constant = "keep",
) -> list[Member]:
    """Let all models read the same texts.

    Parameters
    ----------
    families : mapping of group to mapping of origin to mapping of relative to LanguageModel
    texts : sequence of Text
    site : {"mlp_activation", "mlp_output"}
    constant : {"refuse", "keep"}
        As in :func:`analysis.decomposition.standardise`.
    """
    return [
        Member(origin, relative, group, *fingerprints.read(lm, texts, site, constant=constant))
        for group, family in families.items()
        for origin, models in family.items()
        for relative, lm in models.items()
    ]


def take(
    members: Sequence[Member], k: int, texts: Sequence[int] | None = None, *, courses: str = "", seed: int = 0
) -> list[Fingerprint]:
    """Take the fingerprint of each; as :func:`analysis.uses.fingerprints.fingerprint`."""
    return [fingerprints.fingerprint(one.raw, one.even, k, texts, courses=courses, seed=seed) for one in members]


def pairs(members: Sequence[Member], prints: Sequence[Fingerprint]) -> pd.DataFrame:
    """Compare every two models.

    Returns
    -------
    DataFrame
        ``first``, ``second`` (places of the members), ``relation``: ``same origin``, or the groups of two strangers;
        ``change`` (what became of the two, for kin), ``is_kin``, ``score``.
    """
    rows = []
    for (here, one), (there, other) in combinations(enumerate(members), 2):
        is_kin = one.origin == other.origin
        strangers = " × ".join(sorted((one.group, other.group)))
        rows.append(
            (
                here,
                there,
                "same origin" if is_kin else strangers,
                f"{one.relative} and {other.relative}",
                is_kin,
                fingerprints.score(prints[here], prints[there]),
            )
        )
    return pd.DataFrame(rows, columns=["first", "second", "relation", "change", "is_kin", "score"])


def auc(table: pd.DataFrame) -> float:
    """Area under the curve for telling kin from strangers by their score."""
    if table["is_kin"].nunique() < 2:
        raise InputError("Kin and strangers are both needed: give two origins or more, and relatives of one at least.")
    return float(roc_auc_score(table["is_kin"], table["score"]))


def curve(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ROC: ``strangers`` and ``kin`` that are called kin, at each ``cut``."""
    false, true, cut = roc_curve(table["is_kin"], table["score"])
    return pd.DataFrame({"strangers": false, "kin": true, "cut": cut})


def auc_interval(value: float, n_kin: int, n_strangers: int, level: float = 0.95) -> Interval:
    """Score interval of an area under the curve (Newcombe 2006, method 5).

    It has a width where all pairs are told apart, as a bootstrap has not.

    Parameters
    ----------
    value : float
    n_kin, n_strangers : int
        Independent units on either side. Pairs of models that share an origin are none: count origins.
    level : float
        Coverage.

    Raises
    ------
    InputError
        If there are fewer than two units on a side.
    """
    if min(n_kin, n_strangers) < 2:
        raise InputError(f"{n_kin} and {n_strangers} origins tell nothing about others. Give two or more.")
    z = float(norm.ppf((1 + level) / 2))
    n = (n_kin + n_strangers) / 2 - 1

    def beyond(area: float, sign: int) -> float:
        spread = 1 + n * (1 - area) / (2 - area) + n * area / (1 + area)
        return value - area - sign * z * float(np.sqrt(area * (1 - area) * spread / (n_kin * n_strangers)))

    low = 0.0 if value == 0 else brentq(beyond, 1e-12, min(value, 1 - 1e-12), (1,))
    high = 1.0 if value == 1 else brentq(beyond, max(value, 1e-12), 1 - 1e-12, (-1,))
    return Interval(value, float(low), float(high))


def permuted_aucs(members: Sequence[Member], table: pd.DataFrame, n_draws: int, seed: int = 0) -> Array:
    """Areas under the curve when it is drawn by lot which models share an origin, shape (n_draws,).

    As many models have as many kin as before; who compares with whom stays.
    """
    origins = pd.factorize(np.array([one.origin for one in members]))[0]
    drawn = np.random.default_rng(seed).permuted(np.tile(origins, (n_draws, 1)), axis=1)
    kin = drawn[:, table["first"]] == drawn[:, table["second"]]
    ranks = table["score"].rank().to_numpy()
    n_kin = kin.sum(1)
    n_strangers = len(table) - n_kin
    return np.asarray((kin @ ranks - n_kin * (n_kin + 1) / 2) / (n_kin * n_strangers))


def effect(members: Sequence[Member], table: pd.DataFrame, n_draws: int = 1000, seed: int = 0) -> Effect:
    """Estimate what the claim speaks of: the area under the curve over pairs of models.

    The interval counts origins, not pairs: on the side of kin those with relatives, on that of strangers all.
    """
    sizes = pd.Series([one.origin for one in members]).value_counts()
    interval = auc_interval(auc(table), int((sizes > 1).sum()), len(sizes))
    return Effect(interval, len(table), permuted_aucs(members, table, n_draws, seed))


def by_number(
    members: Sequence[Member], k: int, counts: Sequence[int], *, n_choices: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Take all fingerprints anew from fewer texts.

    Parameters
    ----------
    members : sequence of Member
    k : int
    counts : sequence of int
        Numbers of texts; those above what was read are left out.
    n_choices : int
        Random choices of so many texts; one where all are taken.
    seed : int

    Returns
    -------
    DataFrame
        ``texts``, ``auc``, ``kin`` (lowest score of the same origin), ``strangers`` (highest score of strangers), a
        row for each choice.
    """
    n_texts = int(members[0].raw.tokens["text"].max()) + 1
    rng = np.random.default_rng(seed)
    rows = []
    for n in (count for count in counts if count <= n_texts):
        for _ in range(n_choices if n < n_texts else 1):
            chosen = sorted(rng.choice(n_texts, n, replace=False).tolist())
            table = pairs(members, take(members, k, chosen, seed=seed))
            kin, strangers = table[table["is_kin"]]["score"], table[~table["is_kin"]]["score"]
            rows.append((n, auc(table), kin.min(), strangers.max()))
    return pd.DataFrame(rows, columns=["texts", "auc", "kin", "strangers"])


def against_nulls(
    prints: Sequence[Fingerprint], table: pd.DataFrame, *, n_draws: int = 100, seed: int = 0
) -> pd.DataFrame:
    """Hold the score of each pair against two nulls for the largest of many pairs of networks.

    Returns
    -------
    DataFrame
        ``relation``, ``score``, ``shifted`` (mean of the null without time), ``bar`` (its 95 % point), ``p`` against
        it, ``other_text`` (mean score when the two read different texts), a row for each pair of models.
    """
    rows = []
    for number, pair in enumerate(table.itertuples(index=False)):
        one, other = prints[pair.first], prints[pair.second]
        draws = fingerprints.shifted_scores(one, other, n_draws, seed + number)
        elsewhere = fingerprints.other_text_scores(one, other)
        p = (1 + (draws >= pair.score).sum()) / (1 + n_draws)
        rows.append((pair.relation, pair.score, draws.mean(), np.quantile(draws, 0.95), p, elsewhere.mean()))
    return pd.DataFrame(rows, columns=["relation", "score", "shifted", "bar", "p", "other_text"])


def relations(nulls: pd.DataFrame, cut: float = CUT) -> pd.DataFrame:
    """Sum up pairs by relation.

    Parameters
    ----------
    nulls : DataFrame
        From :func:`against_nulls`.
    cut : float
        Scores above it are counted.

    Returns
    -------
    DataFrame indexed by relation
        ``pairs``, ``lowest``, ``score`` (mean), ``highest``, ``null`` (mean of the 95 % points), ``other text`` (mean),
        ``beyond null`` and ``beyond cut``: shares of pairs with p < .05 and with a score above ``cut``.
    """
    marked = nulls.assign(beyond=nulls["p"] < 0.05, above=nulls["score"] > cut)
    found = marked.groupby("relation", sort=False).agg(
        pairs=("score", "size"),
        lowest=("score", "min"),
        score=("score", "mean"),
        highest=("score", "max"),
        null=("bar", "mean"),
        other_text=("other_text", "mean"),
        beyond_null=("beyond", "mean"),
        beyond_cut=("above", "mean"),
    )
    order = sorted(found.index, key=lambda name: (name != "same origin", -found.loc[name, "score"]))
    return found.loc[order].rename(columns=lambda name: name.replace("_", " "))


def by_course(members: Sequence[Member], k: int, *, seed: int = 0) -> pd.DataFrame:
    """Tell kin from strangers by other things than networks' mean activity.

    Returns
    -------
    DataFrame indexed by what is compared
        ``auc``, ``kin`` (lowest score of the same origin), ``strangers`` (highest score of strangers).
    """
    rows = {}
    for name in fingerprints.COURSES:
        table = pairs(members, take(members, k, courses=name, seed=seed))
        by_kin = table.groupby("is_kin")["score"]
        rows[name] = (auc(table), by_kin.min()[True], by_kin.max()[False])
    return pd.DataFrame.from_dict(rows, orient="index", columns=["auc", "kin", "strangers"]).rename_axis("compared")


def drift(
    lm: LanguageModel,
    tuned: Mapping[int, LanguageModel],
    texts: Sequence[Text],
    k: int,
    site: Site = "mlp_activation",
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare a model with itself after more and more steps of fine-tuning.

    Parameters
    ----------
    lm : LanguageModel
    tuned : mapping of number of steps to LanguageModel
    texts : sequence of Text
    k : int
    site : {"mlp_activation", "mlp_output"}
    seed : int

    Returns
    -------
    DataFrame
        ``steps`` (0 first) and ``score`` against the original.
    """
    prints = {
        steps: fingerprints.fingerprint(*fingerprints.read(one, texts, site), k, seed=seed)
        for steps, one in sorted({0: lm, **tuned}.items())
    }
    return pd.DataFrame(
        [(n, fingerprints.score(prints[0], one)) for n, one in prints.items()], columns=["steps", "score"]
    )
