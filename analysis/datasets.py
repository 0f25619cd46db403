"""Read texts from where users keep them: treebanks, JSON, tables, plain text."""

from __future__ import annotations

import csv
import glob
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import conllu

from analysis import hub
from analysis.errors import InputError
from analysis.texts import Text, Word


def load_texts(source: str | Path) -> list[Text]:
    """Read texts from a file, or from several that a pattern names.

    Parameters
    ----------
    source : str or Path
        A path or glob. The ending decides the format: ``.conllu`` (one text per sentence, with gold words),
        ``.jsonl``, ``.json`` (a list), ``.tsv`` and ``.csv`` (the column, or the field, with the longest content
        is the text), ``.txt`` (one text per paragraph, blank lines between). Or a data set of the hub,
        ``hub:NAME[:CONFIG[:SPLIT[:COLUMN]]]``, as :func:`analysis.hub.load_hub_texts` reads it.

    Returns
    -------
    list of Text
        In the order of the file; ``domain`` is the file's stem.

    Raises
    ------
    InputError
        If nothing is there, or a file is empty, not UTF-8, or not of its format.
    """
    if str(source).startswith(hub.PREFIX):
        return hub.load_hub_texts(str(source))
    paths = sorted(Path(match) for match in glob.glob(str(source), recursive=True))
    if not paths:
        raise InputError(f"There is no file '{source}'. Give the path of a text file or a pattern that names some.")
    return [text for path in paths for text in _read_file(path)]


def _read_file(path: Path) -> list[Text]:
    read = _READERS.get(path.suffix)
    if read is None or not path.is_file():
        raise InputError(f"'{path}' cannot be read as texts. Known endings: {', '.join(sorted(_READERS))}.")
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' is not UTF-8 (byte {error.start}). Convert it, for example with iconv.") from None
    if not content.strip():
        raise InputError(f"'{path}' is empty. Give a file that holds text.")
    if "\0" in content:
        raise InputError(f"'{path}' holds null bytes, so it is no text file. Convert it to one of UTF-8.")
    texts = read(content, path)
    if not texts:
        raise InputError(f"'{path}' holds no text of any length. Give a file that does.")
    return texts


def _read_conllu(content: str, path: Path) -> list[Text]:
    texts: list[Text] = []
    document = ""
    try:
        for sentence in conllu.parse_incr(io.StringIO(content)):
            document = sentence.metadata.get("newdoc id", document)
            text, words = _sentence(sentence)
            if words:
                texts.append(Text(text, path.stem, words, document, (0,)))
    except (conllu.exceptions.ParseException, KeyError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"'{path}' is not CoNLL-U (sentence {len(texts) + 1}: {reason}). It needs ten tab-separated columns."
        ) from error
    return texts


def _sentence(sentence: conllu.TokenList) -> tuple[str, tuple[Word, ...]]:
    """Text and words of a sentence; empty nodes are left out, words of a multiword token share its characters."""
    pieces: list[str] = []
    words: list[Word] = []
    position, last_in_range = 0, 0
    shared: tuple[int, int] = (0, 0)
    for token in sentence:
        number = token["id"]
        if isinstance(number, tuple) and number[1] == ".":
            continue
        if isinstance(number, int) and number <= last_in_range:
            words.append(_word(token, *_within(pieces, shared, words, token["form"])))
            continue
        form = token["form"]
        start, end = position, position + len(form)
        pieces.append(form)
        position = end
        if isinstance(number, tuple):
            last_in_range, shared = number[2], (start, end)
        else:
            words.append(_word(token, start, end))
        if (token["misc"] or {}).get("SpaceAfter") != "No":
            pieces.append(" ")
            position += 1
    return "".join(pieces).rstrip(), tuple(words)


def _within(pieces: list[str], shared: tuple[int, int], words: list[Word], form: str) -> tuple[int, int]:
    """Characters of one word of a multiword token: its own where the forms spell the token, else all of it."""
    start = max(shared[0], words[-1].end) if words and words[-1].end < shared[1] else shared[0]
    end = start + len(form)
    whole = "".join(pieces)
    return (start, end) if end <= shared[1] and whole[start:end] == form else shared


def _word(token: Any, start: int, end: int) -> Word:
    feats = "|".join(f"{name}={value}" for name, value in (token["feats"] or {}).items()) or "_"
    upos = token["upos"] if token["upos"] not in (None, "_") else ""
    return Word(token["form"], start, end, token["lemma"] or "", upos, feats)


def _read_jsonl(content: str, path: Path) -> list[Text]:
    rows = []
    for number, line in enumerate(content.split("\n"), start=1):  # splitlines also splits at U+2028, which JSON allows
        if line.strip():
            rows.append(_json(line, f"'{path}', line {number},"))
    return _from_rows(rows, path)


def _read_json(content: str, path: Path) -> list[Text]:
    rows = _json(content, f"'{path}'")
    if not isinstance(rows, list):
        raise InputError(f"'{path}' holds no JSON list. Give a list of texts, or of objects that have one.")
    return _from_rows(rows, path)


def _json(content: str, where: str) -> Any:
    try:
        return json.loads(content)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{where} is not JSON ({error}). Mend it, or give another format.") from error


def _read_table(content: str, path: Path) -> list[Text]:
    dialect = csv.excel if path.suffix == ".csv" else _UnquotedTabs
    # A field may be a whole document. The limit is one for all of Python, so it is never lowered.
    csv.field_size_limit(max(csv.field_size_limit(), len(content) + 1))
    try:  # strict: a quotation mark that is never closed would swallow the rest of the file
        rows = [dict(enumerate(row)) for row in csv.reader(io.StringIO(content), dialect, strict=True) if row]
    except csv.Error as error:
        raise InputError(f"'{path}' is no table ({error}). Mend it, or give another format.") from error
    if rows and any(str(cell).strip().lower() in TEXT_HEADINGS for cell in rows[0].values()):
        rows = rows[1:]
    return _from_rows(rows, path)


class _UnquotedTabs(csv.excel_tab):
    """Tab-separated text as corpora use it: a quotation mark is a character."""

    quoting = csv.QUOTE_NONE


TEXT_HEADINGS = {"text", "sentence", "review", "document", "description", "content", "story", "passage"}
"""A table whose first row has one of these has headings."""


def _read_plain(content: str, path: Path) -> list[Text]:
    paragraphs = content.replace("\r\n", "\n").split("\n\n") if "\n\n" in content else content.splitlines()
    return _from_rows([" ".join(paragraph.split()) for paragraph in paragraphs], path)


def _from_rows(rows: Sequence[Any], path: Path) -> list[Text]:
    """Make texts of strings, or of objects by the field with the longest content in all."""
    if rows and all(isinstance(row, dict) for row in rows):
        lengths: dict[Any, int] = {}
        for row in rows:
            for field, value in row.items():
                lengths[field] = lengths.get(field, 0) + (len(value) if isinstance(value, str) else 0)
        longest = max(lengths, key=lambda field: lengths[field])
        rows = [row.get(longest, "") for row in rows]
    if not all(isinstance(row, str) for row in rows):
        raise InputError(f"'{path}' mixes texts with other things. Give strings, or objects with the same fields.")
    return [Text(row.strip(), path.stem) for row in rows if row.strip()]


_READERS: dict[str, Callable[[str, Path], list[Text]]] = {
    ".conllu": _read_conllu,
    ".csv": _read_table,
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".tsv": _read_table,
    ".txt": _read_plain,
}
