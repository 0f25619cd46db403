"""Fixtures: a tiny random model, and the third-party material where it is present."""

from __future__ import annotations

import warnings
from pathlib import Path

import hypothesis
import matplotlib.pyplot as plt
import pytest
import torch
import transformers

from analysis.models import LanguageModel, from_parts
from analysis.teaching.training_text import train_tokenizer

ROOT = Path(__file__).parents[1]
THIRD_PARTY = ROOT.parent / "shared" / "data"

torch.set_num_threads(1)
hypothesis.settings.register_profile("study", deadline=None)  # machines are shared: a slow example is no fault
hypothesis.settings.load_profile("study")


def third_party(path: str) -> Path:
    """Path of third-party material, or a skip that says what is missing."""
    found = THIRD_PARTY / path
    if not found.exists():
        pytest.skip(f"third-party material is absent: {path}")
    return found


@pytest.fixture(scope="session")
def tokenizer():
    texts = ["The dog saw the cat. The cats didn't see two dogs, and nobody laughed at the light house."] * 3
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=train_tokenizer(iter(texts), 320), bos_token="<s>", pad_token="<pad>", model_max_length=64
    )


@pytest.fixture(scope="session")
def lm(tokenizer) -> LanguageModel:
    """A random Llama of 3 layers × 24 neurons. Read only."""
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=64,
    )
    torch.manual_seed(0)
    return from_parts("tiny", transformers.LlamaForCausalLM(config), tokenizer)


@pytest.fixture
def no_figure_left_open_and_no_warning():
    """What each drawing function owes: the figure is out of pyplot, and nothing was warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield
    assert not plt.get_fignums()
