"""Data sets of the Hugging Face hub by name, or folders of their files, through the library `datasets` (an extra)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.errors import InputError
from analysis.texts import Text

PREFIX = "hub:"
_SPLITS = ("validation", "test", "train")  # the first that is there, where none is named


def load_rows(name: str, config: str = "", split: str = "") -> Any:
    """Load one split of a data set.

    Parameters
    ----------
    name : str
        ``owner/name`` on the hub, with ``@`` and a branch, tag or commit to pin it; or a folder that holds its files
        (parquet, JSON lines, CSV), which needs no network.
    config : str
        Which of several sets of one name; empty for the only one.
    split : str
        Empty for ``validation``, ``test`` or ``train``, the first of these that is there.

    Returns
    -------
    datasets.Dataset

    Raises
    ------
    InputError
        If the library is missing, or the data set, configuration or split cannot be had.
    """
    try:
        import datasets  # noqa: PLC0415 (an extra: only those who name a data set of the hub need it)
    except ModuleNotFoundError:
        raise InputError(
            f"'{PREFIX}{name}' needs the library datasets. Install the extra 'data': "
            "pip install -c constraints.txt -e '.[data]'"
        ) from None
    place, _, revision = name.partition("@")
    try:
        found = datasets.load_dataset(place, config or None, revision=revision or None)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        what = f"{name}:{config}" if config else name
        raise InputError(
            f"The data set '{what}' cannot be loaded: {reason.rstrip('.')}. Check its name and the network; without a "
            "network only what was loaded before, or a folder of files, is there."
        ) from None
    split = split or next((one for one in _SPLITS if one in found), next(iter(found)))
    if split not in found:
        raise InputError(f"The data set '{name}' has no split '{split}'. It has: {', '.join(found)}.")
    return found[split]


def load_hub_texts(source: str) -> list[Text]:
    """Read texts from ``hub:NAME[:CONFIG[:SPLIT[:COLUMN]]]``.

    Parts may be left empty, as in ``hub:stanfordnlp/sst2::train``. Without a column the one with the longest content
    is the text.

    Returns
    -------
    list of Text
        In the order of the data set; ``domain`` is its name without the owner, with the configuration where there is
        one.
    """
    name, config, split, column = parts(source)
    rows = load_rows(name, config, split)
    kinds = {key: getattr(feature, "dtype", "") for key, feature in rows.features.items()}
    words = [key for key, kind in kinds.items() if kind in ("string", "large_string")]
    if column and column not in words:
        raise InputError(f"'{source}' has no column of text '{column}'. It has: {', '.join(words) or 'none'}.")
    if not words:
        raise InputError(f"'{source}' has no column of text. It has: {', '.join(rows.features)}.")
    column = column or max(words, key=lambda key: sum(len(text or "") for text in rows[key]))
    domain = name.partition("@")[0].rstrip("/").rpartition("/")[2] + (f"-{config}" if config else "")
    texts = [Text(text.strip(), domain) for text in rows[column] if text and text.strip()]
    if not texts:
        raise InputError(f"'{source}' holds no text of any length in its column '{column}'.")
    return texts


def parts(source: str) -> tuple[str, str, str, str]:
    """Take ``hub:NAME[:CONFIG[:SPLIT[:COLUMN]]]`` apart; what is left out is empty."""
    given = source.removeprefix(PREFIX).split(":")
    if not given[0] or len(given) > 4:
        raise InputError(f"'{source}' is not of the form hub:NAME:CONFIG:SPLIT:COLUMN, of which NAME must be there.")
    name, config, split, column = (*given, "", "", "")[:4]
    return name, config, split, column


def with_names(rows: Any, label: str, expected: Sequence[str], source: str) -> list[Mapping[str, Any]]:
    """Return the rows with their labels written out as the data set itself names them.

    Raises
    ------
    InputError
        If the data set does not say what its labels mean, means something else by them, or leaves them out.
    """
    feature = rows.features.get(label)
    names = list(getattr(feature, "names", None) or [])
    if sorted(names) != sorted(expected):
        has = f"names them {', '.join(names)}" if names else "does not say what they mean"
        raise InputError(f"The labels of '{source}' should be {', '.join(expected)}, and the data set {has}.")
    if any(row is None or row < 0 for row in rows[label]):
        raise InputError(f"'{source}' has rows without a label. Name a split that has them, such as validation.")
    return [{**row, label: names[row[label]]} for row in rows]
