"""The teaching model's reading matter: text of the teaching language, its tokenizer, and both as token ids."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers
import transformers
from joblib import Parallel, delayed
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

from analysis import language
from analysis.language.lexicon import DEFAULT_PATH

BOS, PAD = "<s>", "<pad>"
CHUNK_WORDS = 100_000
Tokens = npt.NDArray[np.uint16]


def write_tokens(work: Path, *, words: int, vocabulary: int, seed: int, n_jobs: int = 2) -> None:
    """Write text of split ``train``, train the tokenizer on a part of it, and store both unless they are there.

    Parameters
    ----------
    work : Path
        Receives ``tokenizer.json`` and ``tokens.npy``: token ids (first column) and whether the token belongs to an
        answer (second column), all texts in a row, each behind its start token.
    words, vocabulary : int
        Running words; pieces.
    seed : int
    n_jobs : int
        Processes. The text is written in chunks that depend on the seed and their number alone, so the result does
        not depend on it.
    """
    if (work / "tokens.npy").is_file():
        return
    numbers = range(max(1, words // CHUNK_WORDS))
    chunks = Parallel(n_jobs=n_jobs)(delayed(_chunk)(seed, number) for number in numbers)
    tokenizer = train_tokenizer(itertools.chain(*chunks[:10]), vocabulary)
    tokenizer.save(str(work / "tokenizer.json"))
    _write_atomically(work / "tokens.npy", np.concatenate([encode(tokenizer, chunk) for chunk in chunks]))


def load_tokens(work: Path, context: int) -> tuple[transformers.PreTrainedTokenizerFast, Tokens]:
    """Return the tokenizer, as transformers wraps it, and the tokens, which stay on disk."""
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer.from_file(str(work / "tokenizer.json")),
        bos_token=BOS,
        pad_token=PAD,
        model_max_length=context,
    )
    return tokenizer, np.load(work / "tokens.npy", mmap_mode="r", allow_pickle=False)


def _chunk(seed: int, number: int) -> list[str]:
    return [text.text for text in language.corpus(CHUNK_WORDS, seed=seed * 100_000 + number)]


def text_digest() -> str:
    """Hash what decides the text: the language's code, its lexicon and this module."""
    here = Path(__file__)
    paths = [*sorted((here.parents[1] / "language").glob("*.py")), DEFAULT_PATH, here]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def encode(tokenizer: tokenizers.Tokenizer, texts: list[str]) -> Tokens:
    """Return token ids (first column) and whether the token belongs to an answer (second column)."""
    rows = []
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        answers = np.zeros(len(text) + 1, np.uint16)
        for match in language.ANSWER.finditer(text):
            answers[match.start("answer") : match.end("answer")] = 1
        last = np.array(encoding.offsets)[:, 1] - 1
        rows.append(np.stack([np.array(encoding.ids, np.uint16), answers[last]], axis=1))
    return np.concatenate(rows)


def train_tokenizer(texts: Iterator[str], vocabulary: int) -> tokenizers.Tokenizer:
    """Learn a byte-level byte-pair encoding (Sennrich et al. 2016; bytes as in GPT-2) that begins texts with <s>."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=[BOS, PAD],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return tokenizer


def _write_atomically(path: Path, array: npt.NDArray[Any]) -> None:
    partial = path.with_suffix(".partial.npy")
    np.save(partial, array, allow_pickle=False)
    partial.replace(path)
