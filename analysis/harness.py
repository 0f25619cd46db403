"""Hand a model, changed or not, and our items to EleutherAI's evaluation harness. Needs the extra `harness`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import InputError
from analysis.interventions import Intervention, applied
from analysis.models import LanguageModel
from analysis.texts import Item


def as_harness_model(lm: LanguageModel, *, batch_size: int = 16) -> Any:
    """Wrap the model, not a copy, so that what is :func:`applied <analysis.interventions.applied>` works in there.

    Parameters
    ----------
    lm : LanguageModel
    batch_size : int
        Rows in a forward pass.

    Returns
    -------
    lm_eval.models.huggingface.HFLM
        For any function of the harness that takes a model.

    Raises
    ------
    InputError
        If the harness is not installed.
    """
    wrapper = _harness("lm_eval.models.huggingface").HFLM
    return wrapper(
        pretrained=lm.model, tokenizer=lm.tokenizer, backend="causal", max_length=lm.context, batch_size=batch_size
    )


def evaluate(
    lm: LanguageModel,
    tasks: Sequence[str | Mapping[str, Any]],
    *interventions: Intervention,
    limit: int | None = None,
    shots: int | None = None,
    batch_size: int = 16,
) -> pd.DataFrame:
    """Run the harness's tasks on a model while interventions are applied to it.

    Parameters
    ----------
    lm : LanguageModel
    tasks : sequence of str or mapping
        Names of official tasks (their data come from the hub), or configurations such as :func:`task_of_items` makes.
    *interventions : Intervention
        None leaves the model as it is.
    limit : int, optional
        Items of each task; all by default.
    shots : int, optional
        Worked examples before each item; by default as the task says.
    batch_size : int
        Rows in a forward pass.

    Returns
    -------
    DataFrame, a row for each task and metric
        ``task``, ``metric``, ``filter``, ``value``, ``stderr``, ``n``.

    Raises
    ------
    InputError
        If the harness is not installed, or does not know a task.
    """
    evaluator = _harness("lm_eval.evaluator")
    manager = _harness("lm_eval.tasks").TaskManager()
    if unknown := [task for task in tasks if isinstance(task, str) and task not in manager.all_tasks]:
        raise InputError(f"The harness has no task '{unknown[0]}'. `lm-eval ls tasks` lists those it has.")
    with applied(lm, *interventions):
        found = evaluator.simple_evaluate(
            model=as_harness_model(lm, batch_size=batch_size),
            tasks=[task if isinstance(task, str) else dict(task) for task in tasks],
            task_manager=manager,
            num_fewshot=shots,
            limit=limit,
            bootstrap_iters=0,
            log_samples=False,
            random_seed=None,  # the seeds are ours to set
            numpy_random_seed=None,
            torch_random_seed=None,
        )
    return _tidy(found)


def task_of_items(items: Sequence[Item], folder: str | Path) -> dict[str, Any]:
    """Write items as a task that the harness can run; its answers are those of :mod:`analysis.evaluation`.

    Parameters
    ----------
    items : sequence of Item
        Of one task, whose name it gets.
    folder : str or Path
        Where the items are written, as ``<task>.jsonl``.

    Returns
    -------
    dict
        A configuration for :func:`evaluate`.
    """
    names = {item.task for item in items}
    if len(names) != 1:
        raise InputError(f"Items of {len(names)} tasks are no task of the harness. Give those of one.")
    path = Path(folder) / f"{names.pop()}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"context": item.context, "choices": list(item.choices), "answer": item.answer} for item in items]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return {
        "task": path.stem,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "context",  # names of fields, not templates: these would lose spaces at the end
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "target_delimiter": "",  # choices bring their own space
        "metric_list": [{"metric": "acc"}],
    }


def _tidy(found: Mapping[str, Any]) -> pd.DataFrame:
    rows = []
    for task, results in found["results"].items():
        for name, value in results.items():
            metric, _, chosen = name.partition(",")
            if not chosen or metric.endswith("_stderr"):
                continue
            stderr = results.get(f"{metric}_stderr,{chosen}")
            n = found["n-samples"][task]["effective"]
            rows.append({"task": task, "metric": metric, "filter": chosen, "value": value, "stderr": stderr, "n": n})
    return pd.DataFrame(rows, columns=["task", "metric", "filter", "value", "stderr", "n"])


def _harness(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "lm_eval":
            raise
        raise InputError(
            "EleutherAI's evaluation harness is not installed. Run make extras, or "
            "pip install 'fmri-for-language-models[harness]'."
        ) from None
