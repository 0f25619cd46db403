"""Load a causal language model safely, and know where its MLP neurons are."""

from __future__ import annotations

import copy
import importlib.util
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import huggingface_hub
import torch
import transformers
from safetensors import SafetensorError
from torch import nn

from analysis.errors import InputError
from analysis.families import down_projection_path

Site = Literal["mlp_activation", "mlp_output"]
"""Where activity is read: the input or the output of an MLP's down-projection."""

SITES: tuple[str, ...] = get_args(Site)

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model, its tokenizer, and the MLP parts that the study reads and changes.

    Attributes
    ----------
    name : str
        The path or hub id that it was loaded from.
    model : transformers.PreTrainedModel
        In evaluation mode, with gradients of the weights off.
    tokenizer : transformers.PreTrainedTokenizerBase
        A fast tokenizer, which knows the characters that each piece covers.
    down_projections : tuple of torch.nn.Module
        One per layer, first layer first.
    """

    name: str
    model: Any
    tokenizer: Any
    down_projections: tuple[nn.Module, ...]

    @property
    def n_layers(self) -> int:
        """Number of layers that have an MLP."""
        return len(self.down_projections)

    @property
    def context(self) -> int:
        """Longest input, in tokens."""
        config = self.model.config.get_text_config()
        limits = (getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "max_seq_len"))
        known = [limit for limit in limits if isinstance(limit, int)]
        return min([*known, int(self.tokenizer.model_max_length)])

    @property
    def device(self) -> torch.device:
        """Where the inputs have to be: with the first weights that are in memory."""
        devices = (weight.device for weight in self.model.parameters())
        return next(device for device in devices if device.type != "meta")

    def layer_sizes(self, site: Site) -> tuple[int, ...]:
        """Count the recorded coordinates of each layer at a site."""
        check_site(site)
        widths = (_in_and_out_features(module) for module in self.down_projections)
        return tuple(n_in if site == "mlp_activation" else n_out for n_in, n_out in widths)


def check_site(site: str) -> None:
    """Raise :class:`InputError` unless ``site`` is one of :data:`SITES`."""
    if site not in SITES:
        raise InputError(f"No site is named '{site}'. Choose one of: {', '.join(SITES)}.")


def _check_device(device: str) -> None:
    try:
        torch.device(device)
    except RuntimeError:
        raise InputError(
            f"No device is named '{device}'. Give one as torch names it: cpu, cuda, cuda:1, mps."
        ) from None


def load_model(
    name: str | Path,
    *,
    revision: str | None = None,
    dtype: str = "float32",
    device: str = "cpu",
    device_map: str | None = None,
    trust_remote_code: bool = False,
) -> LanguageModel:
    """Load a causal language model from a folder or from the Hugging Face hub.

    Weights are read from safetensors only, so that loading never runs code from a pickle, and code that a
    repository brings along runs only where ``trust_remote_code`` asks for it.

    Parameters
    ----------
    name : str or Path
        A folder in Hugging Face format, or a hub id such as ``"Qwen/Qwen2.5-0.5B"``.
    revision : str, optional
        Branch, tag or commit on the hub; pin it where numbers must repeat.
    dtype : {"float32", "bfloat16", "float16"}
        Precision of weights and activity.
    device : str
        As torch names it: ``"cpu"``, ``"cuda"`` …
    device_map : {"auto", "balanced", "balanced_low_0", "sequential"}, optional
        How accelerate is to spread a model that is larger than one device, in place of ``device``.
    trust_remote_code : bool
        Run model code from the repository. Only for repositories that you have read.

    Returns
    -------
    LanguageModel

    Raises
    ------
    InputError
        If there is no such model, its family has no site (:mod:`analysis.families`), it has no safetensors weights,
        or it is to be spread and accelerate is not installed.
    """
    name = str(Path(name).expanduser()) if str(name).startswith("~") else str(name)
    if dtype not in _DTYPES:
        raise InputError(f"No dtype is named '{dtype}'. Choose one of: {', '.join(_DTYPES)}.")
    _check_device(device)
    if device_map is not None and importlib.util.find_spec("accelerate") is None:
        raise InputError(
            f"device_map='{device_map}' needs the package accelerate: install the extra 'large', or give one device."
        )
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    _check_location(name)
    if not Path(name).exists() and not hub_is_reachable():
        options["local_files_only"] = True  # what is cached still loads; the rest fails at once, not after retries
    with quiet_transformers():
        config = _from_pretrained(transformers.AutoConfig, name, **options)
        path = down_projection_path(config, name)
        weights = {"dtype": _DTYPES[dtype], "use_safetensors": True, "device_map": device_map}
        model = _from_pretrained(transformers.AutoModelForCausalLM, name, **weights, **options)
        tokenizer = _from_pretrained(transformers.AutoTokenizer, name, **options)
    if not tokenizer.is_fast:
        raise InputError(
            f"The tokenizer of '{name}' cannot tell which characters a piece covers. "
            "Convert it to a tokenizer.json (a fast tokenizer) first."
        )
    # Some repositories store that every text be cut or padded; what is read here is cut where the study says so.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return from_parts(name, model if device_map else model.to(device), tokenizer, path)


def from_parts(name: str, model: Any, tokenizer: Any, path: str | None = None) -> LanguageModel:
    """Wrap a model that is already in memory, such as one being trained or a random one in a test."""
    path = path or down_projection_path(model.config, name)
    model = model.eval().requires_grad_(requires_grad=False)
    n_layers = model.config.get_text_config().num_hidden_layers
    return LanguageModel(name, model, tokenizer, tuple(_module(model, path, layer) for layer in range(n_layers)))


def untrained(lm: LanguageModel, seed: int = 0) -> LanguageModel:
    """Make the model as it was before it learned: same architecture and tokenizer, new random weights.

    Parameters
    ----------
    lm : LanguageModel
        Only its configuration is used; it stays as it is.
    seed : int
        Of the weights, drawn as the family's own code initialises them. The global generator is not disturbed.

    Returns
    -------
    LanguageModel
        In the same precision and on the same device.
    """
    with torch.random.fork_rng(), quiet_transformers():
        torch.manual_seed(seed)
        model = type(lm.model)(copy.deepcopy(lm.model.config))
    model = model.to(device=lm.device, dtype=next(lm.model.parameters()).dtype)
    return from_parts(f"{lm.name}, untrained (seed {seed})", model, lm.tokenizer)


def as_chat(lm: LanguageModel, text: str) -> str:
    """Word a text as the user's turn in a chat, as an instruct model was trained to read it.

    Parameters
    ----------
    lm : LanguageModel
        Its tokenizer brings the template.
    text : str
        What the user says.

    Returns
    -------
    str
        Up to where the model's answer begins. A beginning-of-text token that the tokenizer adds by itself is left
        out, so that the model does not read it twice.

    Raises
    ------
    InputError
        If the model has no chat template.
    """
    if not lm.tokenizer.chat_template:
        raise InputError(f"'{lm.name}' has no chat template, so it is no instruct model. Give it the text as it is.")
    turn = [{"role": "user", "content": text}]
    chat: str = lm.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    first = lm.tokenizer.backend_tokenizer.encode("").tokens[:1]
    return chat.removeprefix(first[0]) if first == [lm.tokenizer.bos_token] else chat


def _module(model: Any, path: str, layer: int) -> nn.Module:
    where = path.format(layer=layer)
    try:
        module = model.get_submodule(where)
    except AttributeError:
        raise InputError(
            f"This {model.config.model_type} model has no '{where}' (a mixture of experts has none). "
            "Give a model whose every layer has one MLP."
        ) from None
    assert isinstance(module, nn.Module)
    return module


def _check_location(name: str) -> None:
    """Tell a missing folder from a hub id before transformers confuses the two."""
    path = Path(name)
    looks_local = name.startswith((".", "/")) or name.count("/") > 1 or path.exists()
    if not looks_local:
        return
    if not path.is_dir():
        raise InputError(f"There is no model folder '{name}'. Give a folder in Hugging Face format or a hub id.")
    if not (path / "config.json").is_file():
        raise InputError(f"The folder '{name}' has no config.json, so it is no model in Hugging Face format.")
    if not any(path.glob("*.safetensors")):
        raise InputError(
            f"The folder '{name}' has no *.safetensors. Weights are read from safetensors only; convert them with "
            "model.save_pretrained(...)."
        )


def hub_is_reachable() -> bool:
    """Whether the hub's name resolves; a proxy resolves it for us, so behind one we cannot know and say yes."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True
    host = urlsplit(huggingface_hub.constants.ENDPOINT).hostname
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        return False
    return True


def _from_pretrained(loader: Any, name: str, **options: Any) -> Any:
    try:
        return loader.from_pretrained(name, **options)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        # transformers explains over many lines; the first says what happened.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        where = "from the folder" if Path(name).is_dir() else "from the hub (is there a network, is the name right?)"
        raise InputError(f"Cannot load '{name}' {where}: {reason}") from error


def _in_and_out_features(module: nn.Module) -> tuple[int, int]:
    """Widths of a linear layer; GPT-2's Conv1D keeps its weight transposed."""
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    rows, columns = weight.shape
    return (rows, columns) if isinstance(module, transformers.pytorch_utils.Conv1D) else (columns, rows)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' progress bars and advice out of the chapters while a model is loaded or saved."""
    log = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.ERROR)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
