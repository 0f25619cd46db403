"""What drives a network, by tokens, parts of speech and domains; and what it looks like in single texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.activity import Activity
from analysis.decomposition import spatial_ica
from analysis.description.connectivity import fisher_mean
from analysis.errors import InputError
from analysis.group import dual_regression
from analysis.networks import Networks, correlation, match
from analysis.recurrence.stability import shifted
from analysis.texts import Text


def top_tokens(
    networks: Networks, tokens: pd.DataFrame, texts: Sequence[Text], network: int, *, n: int = 5, width: int = 32
) -> pd.DataFrame:
    """Show the tokens at which a network is strongest, in either direction, each with its context.

    Parameters
    ----------
    networks : Networks
    tokens : DataFrame
        The token table of the decomposed activity, one row per row of ``networks.time_courses``.
    texts : sequence of Text
        What was read; ``tokens["text"]`` indexes it.
    network : int
        Counted from 0.
    n : int
        How many, at most one of each text.
    width : int
        Characters of context on either side.

    Returns
    -------
    DataFrame of n rows
        ``z`` (strength, with its sign), ``before``, ``token``, ``after``, ``upos``, ``domain``.
    """
    course = _course(networks, tokens, network)
    strongest = tokens.assign(z=course).iloc[np.argsort(-np.abs(course), kind="stable")].drop_duplicates("text")
    rows = []
    for token in strongest.head(n).itertuples():
        text = texts[token.text].text
        rows.append(
            {
                "z": round(float(token.z), 1),
                "before": text[max(0, token.start - width) : token.start],
                "token": text[token.start : token.end],
                "after": text[token.end : token.end + width],
                "upos": token.upos,
                "domain": token.domain,
            }
        )
    return pd.DataFrame(rows)


def top_table(networks: Networks, tokens: pd.DataFrame, texts: Sequence[Text], *, n: int = 3) -> pd.DataFrame:
    """Show :func:`top_tokens` of all networks in one table, the token in brackets within its context.

    Contexts are short enough for pandas to print whole.
    """
    rows = []
    for network in range(networks.k):
        for rank, token in enumerate(top_tokens(networks, tokens, texts, network, n=n, width=16).itertuples()):
            context = f"…{token.before}[{token.token}]{token.after}…".replace("\n", "↵")
            rows.append({"network": network + 1, "rank": rank + 1, "z": token.z, "in context": context})
    return pd.DataFrame(rows).set_index(["network", "rank"])


def profile(
    networks: Networks, tokens: pd.DataFrame, by: str, *, min_tokens: int = 20, n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Mean strength of each network by a column of the token table, with intervals over texts.

    Parameters
    ----------
    networks : Networks
    tokens : DataFrame
        The token table, one row per row of ``networks.time_courses``.
    by : str
        ``"upos"`` or ``"domain"``; tokens without a value are left out.
    min_tokens : int
        Values with fewer tokens are left out.
    n_boot : int
        Bootstrap samples of texts; texts, not tokens, are what was sampled.
    seed : int

    Returns
    -------
    DataFrame
        Columns ``network`` (from 1), the column ``by``, ``mean``, ``low``, ``high`` (95 % percentile interval, in
        standard deviations of the network's time course), ``n`` (tokens).
    """
    if by not in tokens or not (tokens[by] != "").any():
        raise InputError(f"The tokens have no '{by}'. Give texts that are annotated with it.")
    rng = np.random.default_rng(seed)
    codes, names = pd.factorize(tokens[by].where(tokens[by] != ""))
    texts, _ = pd.factorize(tokens["text"])
    n_texts = texts.max() + 1
    draws = rng.multinomial(n_texts, np.full(n_texts, 1 / n_texts), size=n_boot)
    tables = []
    for code, name in enumerate(names):
        at = codes == code
        if at.sum() < min_tokens:
            continue
        counts = np.bincount(texts[at], minlength=n_texts)
        sums = np.stack([np.bincount(texts[at], course[at], n_texts) for course in networks.time_courses.T])
        drawn = counts @ draws.T
        boot = (sums @ draws.T)[:, drawn > 0] / drawn[drawn > 0]  # a resample without such a token has no mean
        low, high = np.quantile(boot, [0.025, 0.975], axis=1)
        mean = sums.sum(1) / counts.sum()
        table = {"network": np.arange(1, networks.k + 1), by: name, "mean": mean, "low": low, "high": high}
        tables.append(pd.DataFrame({**table, "n": int(counts.sum())}))
    return pd.concat(tables, ignore_index=True)


def in_single_texts(networks: Networks, activity: Activity, *, seed: int = 0) -> pd.DataFrame:
    """Look for the group's networks in one text at a time, and say how much of what is found had to be there.

    Two ways: a decomposition of the text alone, matched to the group; and dual regression, which keeps the group's
    order. Dual regression starts from the group's maps, so its result resembles them even where neurons have nothing
    to do with each other; the same is therefore done with the text's signal-free twin (each neuron shifted).

    Parameters
    ----------
    networks : Networks
        Of the group; at most as many as the shortest text has tokens.
    activity : Activity
        Standardised within texts; at least two.
    seed : int
        Of shifts and decompositions.

    Returns
    -------
    DataFrame
        ``network`` (from 1), ``compared``, ``r``, ``low``, ``high`` (mean over texts by Fisher's z, 95 % interval over
        texts). ``compared`` is one of: ``alone, with the group`` and ``dual regression, with the group`` (the text's
        map with the group's); each with ``(shifted)``; ``dual regression, with the next text`` (maps of one network in
        two texts); ``dual regression, another network of the next text`` (mean |r|).
    """
    rows = list(activity.tokens.groupby("text").indices.values())
    if len(rows) < 2:
        raise InputError("One text has none to be compared with. Read at least two.")
    values: dict[str, list[npt.NDArray[np.float64]]] = {}
    own: list[npt.NDArray[np.float32]] = []
    others = ~np.eye(networks.k, dtype=bool)
    for number, at in enumerate(rows):
        keep = np.zeros(len(activity.tokens), bool)
        keep[at] = True
        text = activity.where(keep)
        for name, part in (("", text), (" (shifted)", shifted(text, seed + number))):
            alone = spatial_ica(part, networks.k, n_restarts=1, max_iter=200, seed=seed)
            found = match(correlation(networks.maps, alone.maps))[1]
            values.setdefault(f"alone, with the group{name}", []).append(found)
            maps = dual_regression(networks, part).maps
            like = np.diag(correlation(networks.maps, maps))
            values.setdefault(f"dual regression, with the group{name}", []).append(like)
            if not name:
                own.append(maps)
    for first, second in zip(own, [*own[1:], own[0]], strict=True):
        between = correlation(first, second)
        values.setdefault("dual regression, with the next text", []).append(np.diag(between))
        rest = np.abs(between[others]).reshape(networks.k, -1).mean(1)
        values.setdefault("dual regression, another network of the next text", []).append(rest)
    return pd.concat([_over_texts(compared, np.stack(r)) for compared, r in values.items()], ignore_index=True)


def _over_texts(compared: str, r: npt.NDArray[np.float64]) -> pd.DataFrame:
    mean, low, high = fisher_mean(r)
    network = np.arange(1, r.shape[1] + 1)
    return pd.DataFrame({"network": network, "compared": compared, "r": mean, "low": low, "high": high})


def _course(networks: Networks, tokens: pd.DataFrame, network: int) -> npt.NDArray[np.float32]:
    if len(tokens) != len(networks.time_courses):
        raise InputError(
            f"The table has {len(tokens)} tokens, the time courses {len(networks.time_courses)}. "
            "Use the table of the activity that was decomposed."
        )
    if not 0 <= network < networks.k:
        raise InputError(f"There is no network {network}. Choose one from 0 to {networks.k - 1}.")
    return np.asarray(networks.time_courses[:, network])
