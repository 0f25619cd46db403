"""What passes over the same tokens have in common is computed once, and what nobody asks for not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

from analysis.likelihood import Batch
from analysis.models import LanguageModel


class Trunk:
    """Outputs of all that comes before the first change, recorded in one pass and given back in later ones.

    An intervention whose first neurons are in layer l leaves as they are: the layers below, and in layer l all parts
    that are done before the down-projection begins, which are its attention and the larger half of its MLP.

    Parameters
    ----------
    lm : LanguageModel
    layers : collection of int
        Where interventions begin.
    """

    def __init__(self, lm: LanguageModel, layers: Sequence[int]) -> None:
        paths = _paths(lm.model, lm.down_projections)
        self._below = {layer: [path[0] for path in paths[:layer]] for layer in layers}
        self._beside = {layer: _beside(paths[layer]) for layer in layers}
        self._down_projections = {layer: lm.down_projections[layer] for layer in layers}
        self._outputs: dict[nn.Module, Any] = {}
        self._usable: dict[int, list[nn.Module]] = {layer: [] for layer in layers}

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record a pass, of the model as it is."""
        self._outputs.clear()
        with ExitStack() as stack:
            wanted = {module for part in (self._below, self._beside) for each in part.values() for module in each}
            for module in wanted:
                stack.callback(module.register_forward_hook(self._keep).remove)
            for layer, module in self._down_projections.items():
                stack.callback(module.register_forward_pre_hook(partial(self._arrive, layer)).remove)
            yield

    @contextmanager
    def given_back(self, layer: int) -> Iterator[None]:
        """Run passes over the same tokens that differ from this layer's down-projection on."""
        with ExitStack() as stack:
            for module in self._usable[layer]:
                stack.enter_context(_answering(module, self._outputs[module]))
            yield

    def _keep(self, module: nn.Module, _args: Any, output: Any) -> None:
        self._outputs[module] = output

    def _arrive(self, layer: int, *_: Any) -> None:
        done = [*self._below[layer], *self._beside[layer]]
        self._usable[layer] = [module for module in done if module in self._outputs]


@contextmanager
def _answering(module: nn.Module, output: Any) -> Iterator[None]:
    """Let a module return an output without computing it."""
    before = vars(module).get("forward")  # set where accelerate moves weights about
    module.forward = lambda *_args, **_kwargs: output
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


@contextmanager
def last_mlp_at(lm: LanguageModel, batch: Batch) -> Iterator[None]:
    """Compute the last MLP only at the places that are asked for: what it adds elsewhere nobody reads."""
    mlp = _paths(lm.model, lm.down_projections[-1:])[0][-2]
    shape: list[torch.Size] = []

    def gather(_module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        shape.append(args[0].shape)
        return (args[0][batch.rows, batch.columns][None],)

    def scatter(_module: nn.Module, _args: Any, output: torch.Tensor) -> torch.Tensor:
        whole = output.new_zeros(*shape.pop())
        whole[batch.rows, batch.columns] = output[0]
        return whole

    with ExitStack() as stack:
        stack.callback(mlp.register_forward_pre_hook(gather).remove)
        stack.callback(mlp.register_forward_hook(scatter).remove)
        yield


def _paths(model: nn.Module, modules: Sequence[nn.Module]) -> list[list[nn.Module]]:
    """For each module, the modules that it is in, from its decoder layer down to itself."""
    names = {module: name for name, module in model.named_modules()}
    found = []
    for module in modules:
        parts = names[module].split(".")
        chain = [model.get_submodule(".".join(parts[: n + 1])) for n in range(len(parts))]
        layer = next(n for n, one in enumerate(chain) if isinstance(one, nn.ModuleList)) + 1
        found.append(chain[layer:])
    return found


def _beside(path: list[nn.Module]) -> list[nn.Module]:
    """Parts of a layer that the way to its down-projection does not go through."""
    return [child for module, below in zip(path, path[1:], strict=False) for child in module.children() if child is not below]
