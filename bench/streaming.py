"""Group ICA of activity that does not fit in memory: 100,000 tokens × 100,000 neurons, made text by text."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.activity import Activity
from analysis.group import group_ica, reduce_texts
from analysis.networks import correlation, match
from bench.record import Record, peak_gigabytes

K, ROWS, NEURONS, TEXT = 20, 100, 100_000, 500


def texts(n_tokens: int, maps: np.ndarray) -> Iterator[Activity]:
    """Yield noisy mixtures of the maps, 500 tokens at a time; only one is in memory."""
    rng = np.random.default_rng(1)
    for number in range(n_tokens // TEXT):
        values = rng.standard_normal((TEXT, NEURONS), np.float32)
        values *= 3
        values += rng.standard_normal((TEXT, K), np.float32) @ maps
        tokens = pd.DataFrame({"text": np.full(TEXT, number)})
        yield Activity(values, tokens, (NEURONS,), "mlp_activation", "generated")


def measure(n_tokens: int = 100_000) -> Record:
    """Reduce and decompose the whole; a quarter of it tells whether time is linear in tokens."""
    maps = np.random.default_rng(0).standard_t(3, (K, NEURONS)).astype(np.float32)
    seconds = {}
    for n in (n_tokens // 4, n_tokens):
        started = time.perf_counter()
        reduced = reduce_texts(texts(n, maps), ROWS)
        found = group_ica(reduced, K, n_restarts=3)
        seconds[n] = time.perf_counter() - started
    started = time.perf_counter()
    for _ in texts(n_tokens // 10, maps):
        pass
    making = 10 * (time.perf_counter() - started)
    return Record(
        name="group_ica_streaming",
        ours=peak_gigabytes(),
        peer=n_tokens * NEURONS * 4 / 1e9,
        peer_name="the activity itself as float32",
        floor=TEXT * NEURONS * 4 / 1e9,
        unit="GB",
        agreement=float(match(correlation(found.maps, maps))[1].mean()),
        agreement_name="mean |r| with the planted maps",
        details={
            "seconds": seconds[n_tokens],
            "seconds_of_a_quarter": seconds[n_tokens // 4],
            "seconds_to_make_the_blocks": making,
            "tokens": n_tokens,
            "neurons": NEURONS,
        },
    )
