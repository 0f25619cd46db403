"""A check with a known truth: a small model in which some neurons, and no others, are wired to one part of speech.

The model is built by hand. Every word has a stem and an ending, and the ending announces which part of speech comes
next. For all tags but one, what the ending says reaches the unembedding directly, past all neurons. For the planted tag
it does not: some neurons read the ending and write what raises the words of the tag. All other neurons write as much,
but they read stems, and stems say nothing about what comes next. So a method that finds the neurons of a tag must find
those that were planted, for that tag, and none for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import tokenizers
import torch
import transformers

from analysis import controls
from analysis.activity import record
from analysis.attribution.cases import cases_of_words
from analysis.attribution.gradients import integrated_gradients
from analysis.contribution import contribution
from analysis.errors import InputError
from analysis.grammar import key_neurons, key_null, word_splits, words
from analysis.grammar_lesions.battery import Battery
from analysis.grammar_lesions.tag_lesions import LesionMatrix, lesion_matrix
from analysis.grammar_lesions.word_scores import tag_lexicon
from analysis.interventions import silence
from analysis.models import LanguageModel, from_parts
from analysis.texts import Text, Word

TAGS = ("ADJ", "ADV", "NOUN", "VERB")
N_LAYERS, WIDTH, HIDDEN, PER_LAYER = 4, 200, 48, 2
"""Layers, neurons in each, size of the residual stream, planted neurons in each layer but the first."""
_STEMS = 24  # of each part of speech
_LENGTH = 40  # words of a text
_OBEYS = 0.9  # how often the next word is of the part of speech that the ending announces
_KEY_SHARE = PER_LAYER / WIDTH
_LOUD = 8  # the loudest of the other neurons writes so many times what the quietest writes

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Planted:
    """A model and what was planted in it.

    Attributes
    ----------
    lm : LanguageModel
        A Llama without attention to other words, its weights set by hand.
    tag : str
    neurons : ndarray of bool, shape (n_neurons,)
        The planted ones.
    """

    lm: LanguageModel
    tag: str
    neurons: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Recovery:
    """What the way from attribution to lesions makes of a planted model.

    Attributes
    ----------
    planted : Planted
    neurons : DataFrame, one row per neuron
        ``layer``, ``chi2``, ``p`` and ``p_corrected`` (:func:`analysis.grammar.key_null.permutation`), ``planted``.
    found : ndarray of bool, shape (n_tags, n_neurons)
        Key neurons that follow the tag beyond chance (corrected p of chi-squared below .05), by tag.
    matrix : LesionMatrix
        Of lesions of all tags' key neurons, found beyond chance or not, with their matched sets.
    """

    planted: Planted
    neurons: pd.DataFrame
    found: npt.NDArray[np.bool_]
    matrix: LesionMatrix

    @property
    def hits(self) -> int:
        """Planted neurons that were found for their tag."""
        return int((self.found[TAGS.index(self.planted.tag)] & self.planted.neurons).sum())

    @property
    def false_alarms(self) -> int:
        """Other neurons found for the tag, and all neurons found for other tags."""
        return int(self.found.sum()) - self.hits


def plant(tag: str = "VERB", seed: int = 0) -> Planted:
    """Build a model in which some neurons are wired to a tag.

    Parameters
    ----------
    tag : str
        One of `TAGS`.
    seed : int
        Of everything that is random: directions, words, neurons.

    Raises
    ------
    InputError
        If there is no such tag.
    """
    if tag not in TAGS:
        raise InputError(f"No tag is named '{tag}' here. Choose one of: {', '.join(TAGS)}.")
    rng = np.random.default_rng(seed)
    lm, place = _blank(), TAGS.index(tag)
    basis = np.linalg.qr(rng.standard_normal((HIDDEN, HIDDEN)))[0].T.astype(np.float32)
    says, announces, (filler,), rest = np.split(basis, np.cumsum([len(TAGS), len(TAGS), 1]))
    direct = says.copy()
    direct[place] = filler  # as long as the others, so that the norm of a word tells nothing
    neurons = np.zeros((N_LAYERS, WIDTH), bool)
    for row in neurons[1:]:
        row[rng.choice(WIDTH, PER_LAYER, replace=False)] = True
    stems = _unit(rng, rest, len(TAGS) * _STEMS)
    own, stem, ending = _words().T
    with torch.no_grad():
        _set(lm.model.get_input_embeddings(), 2 * (announces[ending] + direct[ending] + stems[stem]))
        _set(lm.model.get_output_embeddings(), says[own] + 0.5 * _unit(rng, rest, len(stems))[stem])
        for layer, planted in zip(lm.model.model.layers, neurons, strict=True):
            layer.self_attn.o_proj.weight.zero_()
            reads = np.where(planted[:, None], announces[place], 1.5 * _unit(rng, rest, WIDTH))
            loud = 0.04 * _LOUD ** rng.random((WIDTH, 1), np.float32)
            writes = np.where(planted[:, None], 0.08 * says[place], loud * _unit(rng, rest, WIDTH))
            _set(layer.mlp.gate_proj, reads)
            _set(layer.mlp.up_proj, reads)
            _set(layer.mlp.down_proj, writes.T)
    return Planted(lm, tag, neurons.ravel())


def read(n_texts: int, seed: int = 0) -> list[Text]:
    """Write texts in the language of the planted models.

    Parameters
    ----------
    n_texts : int
    seed : int
    """
    rng = np.random.default_rng(seed)
    vocabulary, forms = _words(), _forms()
    texts = []
    for _ in range(n_texts):
        drawn = [int(rng.integers(len(vocabulary)))]
        while len(drawn) < _LENGTH:
            tag = vocabulary[drawn[-1], 2] if rng.random() < _OBEYS else rng.integers(len(TAGS))
            drawn.append(int(rng.choice(np.flatnonzero(vocabulary[:, 0] == tag))))
        texts.append(_text([forms[word] for word in drawn]))
    return texts


def recover(planted: Planted, *, n_texts: int = 30, n_draws: int = 100, seed: int = 0) -> Recovery:
    """Go the whole way on a planted model: attribution, key neurons, permutation, lesions, matched sets.

    Parameters
    ----------
    planted : Planted
    n_texts : int
        To find neurons in; half as many again to test lesions on, with words of other lemmas.
    n_draws : int
        Permutations, and matched sets.
    seed : int
    """
    lm, sizes = planted.lm, planted.lm.layer_sizes("mlp_activation")
    texts = {"find": read(n_texts, 2 * seed), "test": read(-(-n_texts // 2), 2 * seed + 1)}
    tables = {part: words.word_table(lm, some).table for part, some in texts.items()}
    every = pd.concat(tables, names=["part"])
    every["allotted"] = word_splits.split_lemmas(every, seed, {"find": 0.5, "test": 0.5})
    used = {part: table[table["allotted"] == part] for part, table in every.groupby(level="part")}
    items = used["find"]
    scores = integrated_gradients(lm, cases_of_words(lm, texts["find"], items)).scores
    counts = key_neurons.counts(scores, items["upos"].tolist(), items["lemma"].tolist(), sizes)
    chosen = key_neurons.select(counts, _KEY_SHARE, seed)
    neurons = key_null.permutation(counts, _KEY_SHARE, n_draws=n_draws, seed=seed).neurons
    rate = np.divide(*counts.by_tag())
    beyond = (neurons["p_corrected"] < 0.05).to_numpy() & (rate == rate.max(0))
    battery = Battery(lm, texts["test"], used["test"], counts.tags, tag_lexicon(lm, texts["find"], tables["find"]))
    strength = contribution(lm, record(lm, texts["find"]))
    drawn = controls.same_contribution(chosen, sizes, strength, n_draws, seed)
    matrix = lesion_matrix(battery, chosen, drawn, lambda mask, _: silence(mask))
    return Recovery(planted, neurons.assign(planted=planted.neurons), chosen & beyond, matrix)


def _blank() -> LanguageModel:
    forms = _forms()
    config = transformers.LlamaConfig(
        vocab_size=len(forms),
        hidden_size=HIDDEN,
        intermediate_size=WIDTH,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
    )
    splits = tokenizers.Tokenizer(tokenizers.models.WordLevel({form: number for number, form in enumerate(forms)}))
    splits.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=splits, model_max_length=64)
    return from_parts("planted", transformers.LlamaForCausalLM(config), tokenizer)


def _words() -> npt.NDArray[np.int64]:
    """Tag, stem and ending of each word of the vocabulary, the last as the tag that it announces."""
    stem, ending = np.divmod(np.arange(len(TAGS) * _STEMS * len(TAGS)), len(TAGS))
    return np.stack([stem // _STEMS, stem, ending], axis=1)


def _forms() -> list[str]:
    return [f"{TAGS[tag].lower()}{stem}-{TAGS[ending].lower()}" for tag, stem, ending in _words()]


def _text(forms: Sequence[str]) -> Text:
    starts = np.cumsum([0, *(len(form) + 1 for form in forms)])
    found = []
    for form, start in zip(forms, starts[:-1].tolist(), strict=True):
        stem = form.split("-")[0]
        found.append(Word(form, start, start + len(form), stem, stem.rstrip("0123456789").upper()))
    return Text(" ".join(forms), "planted", tuple(found), "", (0,))


def _unit(rng: np.random.Generator, basis: Array, n: int) -> Array:
    """Draw n directions of length 1 in the span of some vectors, shape (n, HIDDEN)."""
    weights = rng.standard_normal((n, len(basis))).astype(np.float32)
    return np.asarray(weights / np.linalg.norm(weights, axis=1, keepdims=True) @ basis)


def _set(module: torch.nn.Module, weight: Array) -> None:
    assert isinstance(module.weight, torch.nn.Parameter)
    module.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
