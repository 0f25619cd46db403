"""That the shipped sisters are what their card says: other weights, other words, the same language."""

import json
from pathlib import Path

import pytest
import torch

from analysis.evaluation import bits_per_byte
from analysis.language import passages
from analysis.models import load_model, untrained

FOLDERS = sorted(Path("data/sisters").glob("seed-*"))
TEACHING = Path("data/teaching-model")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_sister_knows_the_language_and_is_as_its_card_says(folder):
    recipe = json.loads((folder / "recipe.json").read_text())
    assert folder.name == f"seed-{recipe['seed']}"
    lm = load_model(folder)
    assert lm.layer_sizes("mlp_activation") == (384,) * 3 == (recipe["mlp"],) * recipe["n_layers"]
    assert recipe["steps"] == 800
    assert sum(weight.numel() for weight in lm.model.parameters()) == 639_648
    texts = [text for domain in ("stories", "facts") for text in passages(domain, "test", 3)]
    knows, blank = (bits_per_byte(one, texts)["bits_per_byte"].mean() for one in (lm, untrained(lm)))
    assert knows < blank / 4


def test_no_two_share_weights_or_tokenizers():
    models = [load_model(folder) for folder in [TEACHING, *FOLDERS]]
    vocabularies = [frozenset(lm.tokenizer.get_vocab().items()) for lm in models]
    assert len(set(vocabularies)) == len(models)
    heads = [lm.down_projections[0].weight[:90, :90].flatten() for lm in models]
    together = torch.corrcoef(torch.stack(heads)) - torch.eye(len(heads))
    assert together.abs().max() < 0.1
