"""Words divided and drawn: no lemma on two sides, equally many of each tag, and the forms that have two tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from analysis.errors import InputError

Ints = npt.NDArray[np.int64]

SHARES: Mapping[str, float] = {"find": 0.5, "tune": 0.25, "test": 0.25}
"""How the lemmas are split unless told otherwise."""


def split_lemmas(table: pd.DataFrame, seed: int = 0, shares: Mapping[str, float] = SHARES) -> pd.Series:
    """Split words so that no lemma is in two parts, nor a form: what shares a form goes where its homograph goes.

    Lemmas are drawn within the tag that they have most often, so that every part has its share of each tag's lemmas.
    For several tables that must agree, such as those of different texts, split them concatenated. Choose the tags
    first: function words chain up (*'s* joins *be*, *have* and *us*) and go into one part together.

    Parameters
    ----------
    table : DataFrame
        ``form``, ``lemma`` and ``upos`` of each word, as in :class:`analysis.grammar.words.Words`.
    seed : int
    shares : mapping of str to float
        Name and share of each part.

    Returns
    -------
    Series of str
        Part of each row, with the index of the table.

    Raises
    ------
    InputError
        If a share is not positive, or a tag has too few lemmas to be in every part.
    """
    names, wanted = list(shares), np.array(list(shares.values()), dtype=float)
    if not names or (wanted <= 0).any():
        raise InputError(f"The shares {dict(shares)} do not divide anything. Give each part a share above 0.")
    family = _families(table)
    tag = (
        table.groupby([family, "upos"]).size().reset_index(name="n").sort_values(["n", "upos"], ascending=[False, True])
    )
    tag = tag.drop_duplicates("family").sort_values("family")
    part = np.zeros(family.max() + 1, np.int64)
    rng = np.random.default_rng(seed)
    for _, group in tag.groupby("upos"):
        members = rng.permutation(group["family"].to_numpy())
        part[members] = np.repeat(np.arange(len(names)), _sizes(len(members), wanted / wanted.sum()))
    found = pd.Series(np.array(names)[part[family]], index=table.index, name="part")
    n_parts = found.groupby(table["upos"]).nunique()
    if (n_parts < len(names)).any():
        poor = ", ".join(n_parts.index[n_parts < len(names)])
        raise InputError(f"Too few lemmas to be in all of {', '.join(names)}: {poor}. Leave these tags out first.")
    return found


def _families(table: pd.DataFrame) -> pd.Series:
    """Give one number to all lemmas that forms join, directly or by way of others."""
    lemma, _ = pd.factorize(table["lemma"], sort=True)
    form, _ = pd.factorize(table["form"].str.lower(), sort=True)
    n_lemmas, n_forms = lemma.max() + 1, form.max() + 1
    links = coo_matrix((np.ones(len(table)), (lemma, form + n_lemmas)), shape=(n_lemmas + n_forms,) * 2)
    _, label = connected_components(links, directed=False)
    return pd.Series(label[lemma], index=table.index, name="family")


def _sizes(n: int, shares: npt.NDArray[np.float64]) -> Ints:
    """Whole numbers that add up to n, as near to the shares as one for everybody first allows."""
    sizes = np.zeros(len(shares), np.int64)
    sizes[np.argsort(-shares, kind="stable")[:n]] = 1
    for _ in range(n - int(sizes.sum())):
        sizes[np.argmax(n * shares - sizes)] += 1
    return sizes


def balanced(
    table: pd.DataFrame, tags: Sequence[str], n_per_tag: int, seed: int = 0, max_per_lemma: int = 20
) -> pd.DataFrame:
    """Draw equally many words of each tag, at most so many of any one lemma.

    Parameters
    ----------
    table : DataFrame
        As in :class:`analysis.grammar.words.Words`, or some of its rows.
    tags : sequence of str
    n_per_tag : int
    seed : int
        A tag's draw does not depend on the other tags.
    max_per_lemma : int
        So that no word dominates its tag.

    Returns
    -------
    DataFrame
        Rows of the table, in its order and with its index.

    Raises
    ------
    InputError
        If a tag has too few words for that.
    """
    drawn: list[int] = []
    for tag in dict.fromkeys(tags):
        rows = np.flatnonzero(table["upos"].to_numpy() == tag)
        rows = np.random.default_rng([seed, crc32(tag.encode())]).permutation(rows)
        rows = rows[table["lemma"].iloc[rows].groupby(table["lemma"].iloc[rows].to_numpy()).cumcount() < max_per_lemma]
        if len(rows) < n_per_tag:
            raise InputError(
                f"'{tag}' has {len(rows)} words with at most {max_per_lemma} of a lemma, not {n_per_tag}. "
                "Ask for fewer, allow more of a lemma, or read more text."
            )
        drawn += rows[:n_per_tag].tolist()
    return table.iloc[sorted(drawn)]


def homographs(table: pd.DataFrame, min_count: int = 1) -> pd.DataFrame:
    """Find the forms that carry two or more tags: the words that word identity cannot tag.

    Parameters
    ----------
    table : DataFrame
        As in :class:`analysis.grammar.words.Words`.
    min_count : int
        Count a tag of a form only where it occurs so often.

    Returns
    -------
    DataFrame
        A row for each (lower-cased) form, a column for each tag: how often. Most evenly ambiguous first, by the
        count of the second tag.
    """
    counts = pd.crosstab(table["form"].str.lower(), table["upos"])
    counts = counts.where(counts >= min_count, 0)
    found = counts[(counts > 0).sum(axis=1) > 1]
    second = np.sort(found.to_numpy(), axis=1)[:, -2] if len(found) else np.zeros(0, np.int64)
    return found.iloc[np.argsort(-second, kind="stable")].loc[:, lambda kept: kept.any()]
