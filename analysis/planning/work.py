"""Arithmetic and memory of each stage of a study, as formulas of the model's size and of how much is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from analysis.errors import InputError
from analysis.lesions.silencing import BATCH_TOKENS
from analysis.models import Site, check_site
from analysis.planning.geometry import Geometry

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
READ_AT_ONCE, EXPLAINED_AT_ONCE = 4096, 512
"""Tokens of one pass of a recording, and positions of one of an attribution: what these stages do by default."""
TURNS = 20
"""Turns until FastICA has settled: some 15 on activity of three models, but 500, the limit, where there is no signal.
It is the one number that no configuration tells."""


@dataclass(frozen=True)
class Work:
    """How much is to be done.

    Attributes
    ----------
    n_texts : int
        Passages whose activity is decomposed.
    n_tokens : int
        Tokens of these passages together.
    site : {"mlp_activation", "mlp_output"}
    dtype : {"float32", "bfloat16", "float16"}
    k : int
        Networks.
    n_restarts : int
        Random starts of a decomposition.
    n_decompositions : int
        Decompositions of as much text: one, and what is to repeat it (halves, signal-free activity).
    n_draws : int
        Matched sets of each network.
    lesion_texts : int
        Passages that the model reads with each network silenced.
    draw_texts : int
        Passages that it reads with each matched set silenced.
    n_words : int
        Predicted words that are attributed to neurons.
    steps : int
        Points on the path of an attribution.
    """

    n_texts: int
    n_tokens: int
    site: Site = "mlp_activation"
    dtype: str = "float32"
    k: int = 10
    n_restarts: int = 5
    n_decompositions: int = 1
    n_draws: int = 20
    lesion_texts: int = 8
    draw_texts: int = 1
    n_words: int = 10
    steps: int = 20

    def __post_init__(self) -> None:
        check_site(self.site)
        if self.dtype not in BYTES:
            raise InputError(f"No dtype is named '{self.dtype}'. Choose one of: {', '.join(BYTES)}.")
        for field in fields(self):
            value: Any = getattr(self, field.name)
            if isinstance(value, int) and value < (0 if field.name in ("n_draws", "n_words", "lesion_texts") else 1):
                raise InputError(f"{field.name}={value} leaves nothing to plan. Use 1 or more.")

    @property
    def length(self) -> float:
        """Tokens of a passage, on average."""
        return self.n_tokens / self.n_texts

    @property
    def rows(self) -> int:
        """Rows that the reduction keeps, ten for each network."""
        return 10 * self.k


@dataclass(frozen=True)
class Stage:
    """What one stage takes.

    Attributes
    ----------
    name : str
    what : str
        How much of it there is, in words.
    flop : float
        Operations.
    memory : float
        Bytes at most, the model's weights included, what Python and the libraries take not.
    """

    name: str
    what: str
    flop: float
    memory: float


def record(model: Geometry, work: Work) -> Stage:
    """Read every passage once and copy what the neurons do; only the texts of one pass are in memory."""
    at_once = min(READ_AT_ONCE, work.n_tokens)
    copied = (at_once + work.length) * model.neurons(work.site) * 4
    return Stage(
        "record",
        f"{work.n_texts:,} passages, {work.n_tokens:,} tokens",
        model.forward(work.n_tokens, work.length),
        _weights(model, work) + _working(model, work, at_once) + copied,
    )


def reduce(model: Geometry, work: Work) -> Stage:
    """Reduce text after text to a few rows: a Gram matrix, its eigenvectors, and the new rows, for each block."""
    neurons, rows = model.neurons(work.site), work.rows
    return Stage(
        "reduce",
        f"to {rows:,} rows{_times(work.n_decompositions)}",
        reduction(work.n_tokens * work.n_decompositions, work.length, rows, neurons),
        record(model, work).memory + neurons * 4 * (4 * rows + 6 * work.length),
    )


def reduction(n_tokens: float, length: float, rows: int, neurons: int) -> float:
    """Operations of reducing tokens × neurons to rows: texts are cut into blocks of no more tokens than rows."""
    block = min(rows, length)
    stack = rows + block
    return n_tokens / block * (2 * stack * (stack + rows) * neurons + 9 * stack**3)


def decompose(model: Geometry, work: Work) -> Stage:
    """Turn k rows until they are as independent as can be, from several starts."""
    neurons, k = model.neurons(work.site), work.k
    n_turns = TURNS * work.n_restarts * work.n_decompositions
    arrays = 6 + work.n_restarts
    return Stage(
        "decompose",
        f"k = {k:,}{_times(work.n_restarts * work.n_decompositions)}",
        turns(k, neurons) * n_turns,
        _weights(model, work) + neurons * (4 * work.rows + 8 * k * arrays),
    )


def turns(k: int, neurons: int) -> float:
    """Operations of one turn of FastICA: two products with the rows, and a hyperbolic tangent of every value."""
    return float(k * neurons * (4 * k + 20))


def lesions(model: Geometry, work: Work) -> Stage:
    """Read passages with each network silenced, and with each of its matched sets, and predict every token."""
    passes = (1 + work.k) * work.lesion_texts + work.k * work.n_draws * work.draw_texts
    n_tokens = passes * work.length
    at_once = min(BATCH_TOKENS, max(work.lesion_texts, 1) * work.length)
    # Each set is there twice, as one of its draw and as a lesion; 64 draws are shuffled at once, 8 bytes a neuron.
    sets = (2 * work.k * work.n_draws + 64 * (8 + work.k)) * model.neurons(work.site)
    return Stage(
        "lesions",
        f"{work.k:,} networks, {work.k * work.n_draws:,} matched sets",
        model.forward(n_tokens, work.length, n_tokens),
        _weights(model, work) + _working(model, work, at_once) + 3 * at_once * model.vocabulary * 4 + sets,
    )


def attribution(model: Geometry, work: Work) -> Stage:
    """Follow each word's prediction along a path, layer by layer, forward and back.

    A point of the path reads one token over a context that was read once. On average half of the layers lie behind
    the one that is followed, so that the way back is half as long as the way forward.
    """
    points = work.n_words * model.n_layers * (work.steps + 1)
    length = work.length / 2  # words stand anywhere in their passage
    there = model.forward(points, length + EXPLAINED_AT_ONCE, points)
    back = model.forward(points / 2, length + EXPLAINED_AT_ONCE, 2 * points)
    at_once = min(EXPLAINED_AT_ONCE, points)
    kept = at_once * model.n_layers * (3 * _width(model) + 10 * model.hidden + 4 * model.attention)
    return Stage(
        "attribution",
        f"{work.n_words:,} words × {work.steps:,} steps",
        model.forward(work.n_words * length, length, work.n_words * length) + there + back,
        _weights(model, work) + (kept + 4 * at_once * model.vocabulary) * 4,
    )


STAGES: dict[str, Callable[[Geometry, Work], Stage]] = {
    "record": record,
    "reduce": reduce,
    "decompose": decompose,
    "lesions": lesions,
    "attribution": attribution,
}


def stages(model: Geometry, work: Work, names: Iterable[str] = tuple(STAGES)) -> list[Stage]:
    """Work out what stages take.

    Parameters
    ----------
    model : Geometry
    work : Work
    names : iterable of str
        Keys of :data:`STAGES`.

    Returns
    -------
    list of Stage
    """
    return [STAGES[name](model, work) for name in names]


def _times(n: int) -> str:
    return f", {n:,} times" if n > 1 else ""


def _weights(model: Geometry, work: Work) -> float:
    return model.parameters * BYTES[work.dtype]


def _width(model: Geometry) -> int:
    return max(model.layer_sizes["mlp_activation"])


def _working(model: Geometry, work: Work, n_tokens: float) -> float:
    """Bytes of a pass: the arrays of the largest part of a layer are in memory together."""
    return n_tokens * BYTES[work.dtype] * (4 * _width(model) + 6 * model.hidden + 2 * model.attention)
