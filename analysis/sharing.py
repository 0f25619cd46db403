"""What passes over the same tokens have in common is computed once, and what nobody asks for not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
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

    def __init__(self, lm: LanguageModel, layers: Collection[int]) -> None:
        # In some families layers look up keys and values that lower ones have left: there all have to run.
        if getattr(lm.model.config.get_text_config(), "num_kv_shared_layers", 0):
            layers = ()
        paths = _paths(lm.model, lm.down_projections)
        self._wanted = {layer: [*(path[0] for path in paths[:layer]), *_beside(paths[layer])] for layer in layers}
        self._begins = {layer: lm.down_projections[layer] for layer in layers}
        self._done: dict[int, list[nn.Module]] = {}
        self._outputs: dict[nn.Module, Any] = {}
        self._calls: Counter[nn.Module] = Counter()

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record a pass, of the model as it is."""
        self._outputs.clear()
        self._calls.clear()
        with ExitStack() as stack:
            for module in {module for wanted in self._wanted.values() for module in wanted}:
                stack.callback(module.register_forward_hook(self._keep).remove)
            for layer, module in self._begins.items():
                stack.callback(module.register_forward_pre_hook(partial(self._arrive, layer)).remove)
            yield

    @contextmanager
    def given_back(self, layer: int) -> Iterator[None]:
        """Run passes over the same tokens that differ from this layer's down-projection on."""
        with ExitStack() as stack:
            for module in self._done.get(layer, []):
                if self._calls[module] == 1:  # a module that is used twice has no one output
                    stack.enter_context(_answering(module, self._outputs[module]))
            yield

    def _keep(self, module: nn.Module, _args: Any, output: Any) -> None:
        self._outputs[module] = output
        self._calls[module] += 1

    def _arrive(self, layer: int, *_: Any) -> None:
        self._done[layer] = [module for module in self._wanted[layer] if module in self._outputs]


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
    """Compute the last MLP only at the places that are asked for: what it adds elsewhere nobody reads.

    It is left alone where it is no module of its own or takes more than the stream of the texts, and where somebody
    else changes or records it, who may count on seeing every token.
    """
    path = _paths(lm.model, lm.down_projections[-1:])[0]
    layer, mlp, down_projection = path[0], path[-2], path[-1]
    shapes: list[torch.Size] = []

    def gather(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if kwargs or len(args) != 1 or args[0].ndim != 3:
            return None
        shapes.append(args[0].shape)
        return (args[0][batch.rows.to(args[0].device), batch.columns.to(args[0].device)][None],), {}

    def scatter(_module: nn.Module, _args: Any, output: torch.Tensor) -> torch.Tensor | None:
        if not shapes:
            return None
        whole = output.new_zeros(*shapes.pop()[:-1], output.shape[-1])
        whole[batch.rows.to(output.device), batch.columns.to(output.device)] = output[0]
        return whole

    with ExitStack() as stack:
        if mlp is not layer and not any(
            (*one._forward_pre_hooks, *one._forward_hooks) for one in (mlp, down_projection)
        ):
            stack.callback(mlp.register_forward_pre_hook(gather, with_kwargs=True).remove)
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
    return [child for module, below in pairwise(path) for child in module.children() if child is not below]
