"""The changing half of a training: optimisers, and checkpoints that hold all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file


class Optimiser:
    """Muon for the matrices within the layers, AdamW for embeddings and norms.

    Muon (Jordan et al. 2024; step sizes as in Liu et al. 2025) makes every update of a matrix orthogonal, so that
    directions which few tokens ask for are learned as fast as those which all ask for. A small text has many such:
    names and facts.

    Parameters
    ----------
    model : PreTrainedModel
        A Llama.
    learning_rate, weight_decay : float
        The decay is for the matrices alone.
    """

    def __init__(self, model: Any, learning_rate: float, weight_decay: float) -> None:
        self.parameters: dict[str, torch.nn.Parameter] = dict(model.named_parameters())  # a tied head appears once
        matrices = [p for name, p in self.parameters.items() if p.ndim == 2 and "embed" not in name]
        others = [p for name, p in self.parameters.items() if p.ndim != 2 or "embed" in name]
        self._parts = (
            torch.optim.Muon(matrices, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=learning_rate, weight_decay=0.0, betas=(0.9, 0.95)),
        )

    def step(self, learning_rate: float) -> None:
        """Update all parameters by their gradients, then forget these."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()  # type: ignore[no-untyped-call]
            part.zero_grad(set_to_none=True)

    def state(self) -> dict[str, torch.Tensor]:
        """Return all moments, as ``name of the moment.name of the parameter``."""
        found = {}
        for name, parameter in self.parameters.items():
            for part in self._parts:
                for moment, value in part.state.get(parameter, {}).items():
                    found[f"{moment}.{name}"] = value
        return found

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Take over what :meth:`state` returned."""
        for part in self._parts:
            for group in part.param_groups:
                for parameter in group["params"]:
                    name = next(name for name, mine in self.parameters.items() if mine is parameter)
                    part.state[parameter] = {
                        key.removesuffix(f".{name}"): value for key, value in state.items() if key.endswith(f".{name}")
                    }


def save_checkpoint(path: Path, optimiser: Optimiser, curve: list[float], minutes: float) -> None:
    """Write weights and moments into one safetensors file, replaced as a whole."""
    tensors = {f"weight.{name}": value for name, value in optimiser.parameters.items()} | optimiser.state()
    meta = {"curve": json.dumps(curve), "minutes": str(minutes)}
    partial = path.with_suffix(".partial")
    save_file({name: value.detach().contiguous() for name, value in tensors.items()}, partial, meta)
    partial.replace(path)


def resume(path: Path, optimiser: Optimiser) -> tuple[list[float], float]:
    """Take over a checkpoint, if there is one; return the loss of each step so far, and the minutes spent."""
    if not path.is_file():
        return [], 0.0
    with safe_open(path, framework="pt") as stored:
        curve: list[float] = json.loads(stored.metadata()["curve"])
        minutes = float(stored.metadata()["minutes"])
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - not a mapping
    with torch.no_grad():
        for name, parameter in optimiser.parameters.items():
            parameter.copy_(tensors.pop(f"weight.{name}"))
    optimiser.load(tensors)
    return curve, minutes
