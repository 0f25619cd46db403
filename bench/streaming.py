"""Group ICA of activity that does not fit in memory: up to 100,000 tokens × 100,000 neurons, made text by text."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.activity import Activity
from analysis.group import group_ica, reduce_texts
from analysis.networks import correlation, match
from bench.record import Record, peak_gigabytes

K, ROWS, NEURONS, TEXT, NOISE = 20, 100, 100_000, 500, 3


def texts(n_tokens: int, maps: np.ndarray) -> Iterator[Activity]:
    """Yield noisy mixtures of the maps, 500 tokens at a time; only one is in memory."""
    rng = np.random.Generator(np.random.SFC64(1))
    quiet = maps / NOISE  # scale changes no network, and this way the noise need not be multiplied
    for number in range(n_tokens // TEXT):
        values = rng.standard_normal((TEXT, NEURONS), np.float32)
        values += rng.standard_normal((TEXT, K), np.float32) @ quiet
        tokens = pd.DataFrame({"text": np.full(TEXT, number)})
        yield Activity(values, tokens, (NEURONS,), "mlp_activation", "generated")


def timed(stream: Iterator[Activity], times: list[float]) -> Iterator[Activity]:
    """Pass texts on and note the processor's time at each, so that one pass tells whether it is linear in tokens.

    Processor time, since a pass takes minutes and other work on the machine would bend the clock's.
    """
    for text in stream:
        times.append(time.process_time())
        yield text


def measure(n_tokens: int = 10_000) -> Record:
    """Reduce and decompose: memory beside that of the activity, and the seconds of each quarter of the tokens."""
    maps = np.random.default_rng(0).standard_t(3, (K, NEURONS)).astype(np.float32)
    times: list[float] = []
    started = time.perf_counter()
    reduced = reduce_texts(timed(texts(n_tokens, maps), times), ROWS)
    times.append(time.process_time())
    found = group_ica(reduced, K, n_restarts=3)
    seconds = time.perf_counter() - started
    peak = peak_gigabytes()
    started = time.perf_counter()
    n_made = sum(len(text.values) for text in texts(min(n_tokens, 5_000), maps))
    making = (time.perf_counter() - started) * n_tokens / n_made
    quarters = np.diff([times[len(times) * part // 4 - (part == 4)] for part in range(5)])
    return Record(
        name="group_ica_streaming",
        ours=peak,
        peer=n_tokens * NEURONS * 4 / 1e9,
        peer_name="the activity itself as float32",
        floor=TEXT * NEURONS * 4 / 1e9,
        unit="GB",
        agreement=float(match(correlation(found.maps, maps))[1].mean()),
        agreement_name="mean |r| with the planted maps",
        details={
            "seconds": seconds,
            "processor_seconds_of_each_quarter": [round(float(quarter), 1) for quarter in quarters],
            "seconds_to_make_the_blocks": making,
            "tokens": n_tokens,
            "neurons": NEURONS,
        },
    )


def measure_full() -> Record:
    """Measure 100,000 tokens × 100,000 neurons, 40 GB as float32: minutes."""
    return measure(100_000)
