"""What recording costs beside a plain forward pass of the same model over the same texts."""

from __future__ import annotations

import torch

from analysis import activity, language, models
from bench.record import Record, in_turn, peak_gigabytes


def measure(runs: int = 5) -> Record:
    """Stream the teaching model's activity into a running sum, and read the same texts without recording."""
    lm = models.load_model("data/teaching-model")
    texts = [text for domain in language.DOMAINS for text in language.passages(domain, "find", 12)]
    _, inputs = activity.tokenize(lm, texts, 256)
    n_tokens = sum(map(len, inputs))

    def plain() -> None:
        _, inputs = activity.tokenize(lm, texts, 256)  # as recording does
        for batch in activity.batches(inputs, 4096):
            ids, mask = activity.pad(batch, lm.device)
            with torch.inference_mode():
                lm.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False)

    def recording() -> None:
        for text in activity.stream(lm, texts, max_tokens=256):
            text.values.sum(0)

    for _ in activity.stream(lm, texts[:5], max_tokens=256):
        pass
    few = peak_gigabytes()
    seconds = in_turn({"ours": recording, "peer": plain}, runs)
    for _ in range(max(1, 100_000 // n_tokens)):
        recording()
    return Record(
        name="recording_overhead",
        ours=seconds["ours"],
        peer=seconds["peer"],
        peer_name="the plain forward pass",
        floor=seconds["peer"],
        unit="s",
        agreement=seconds["ours"] / seconds["peer"],
        agreement_name="ours over the plain pass",
        details={"tokens": n_tokens, "peak_gb_after_1000_tokens": few, "peak_gb_after_100000_tokens": peak_gigabytes()},
    )
