"""`make plan`: what a model and texts take, at the values of a chapter or at any others."""

from dataclasses import MISSING, fields
from typing import Any

from analysis import results
from analysis.planning.plan import Plan, plan
from analysis.planning.work import STAGES, Work

from .chapters import Chapter, Project
from .parameters import Parameter, Typed, fit, parse_assignments, refuse_unknown
from .profiles import load_profile

MODEL, TEXTS = "data/teaching-model", "teaching"
_DECIDED = ("n_texts", "n_tokens")  # by the texts that are there
_MODULES = {
    "record": "analysis/activity.py",
    "reduce": "analysis/group.py",
    "decompose": "analysis/decomposition.py",
    "lesions": "analysis/many.py",
    "attribution": "analysis/attribution/gradients.py",
}
_OWN = (
    Parameter("n_texts", "int", 60, "passages"),
    Parameter("min_tokens", "int", 128, "shortest passage"),
    Parameter("max_tokens", "int", 256, "longest passage"),
    Parameter("revision", "str | None", None, "branch, tag or commit on the hub"),
)


def known() -> dict[str, Parameter]:
    """Return what a plan can be given, by name: the amounts of work, and how texts are chosen."""
    amounts = [field for field in fields(Work) if field.name not in _DECIDED and field.default is not MISSING]
    made = [Parameter(field.name, type(field.default).__name__, field.default, "") for field in amounts]
    return {parameter.name: parameter for parameter in (*_OWN, *made)}


def make_plan(
    project: Project, model: str, texts: str, assignments: str, *, chapter: str = "", profile: str = ""
) -> Plan:
    """Plan a study, or one chapter of it.

    Parameters
    ----------
    project : Project
    model, texts : str
        Where empty, those of the chapter, or the project's own.
    assignments : str
        `name=value` of what else is to be other than usual.
    chapter : str
        What names a chapter: its values are the usual ones, and only the stages that it has are planned.
    profile : str
        Whose values the chapter takes.
    """
    parameters = known()
    typed = parse_assignments(assignments)
    refuse_unknown(typed, parameters, "a plan")
    values: dict[str, Any] = {}
    names = list(STAGES)
    if chapter:
        one = project.chapter(chapter)
        values = load_profile(project, profile or "default").values(one)
        names = stages_of(one, project)
    elif profile:
        values = dict(load_profile(project, profile).shared)
    given = {name: fit(parameters[name], value, "plan") for name, value in values.items() if name in parameters}
    given |= {name: fit(parameters[name], Typed(value), "plan") for name, value in typed.items()}
    model = model or str(values.get("model", MODEL))
    texts = texts or str(values.get("texts", TEXTS)).split("|")[0]
    return plan(model, texts, names=names, **given)


def stages_of(chapter: Chapter, project: Project) -> list[str]:
    """Name the stages whose module a chapter imports, itself or by another one."""
    used = {str(path) for path in results.modules_used(chapter.code, project.root)}
    return [stage for stage, module in _MODULES.items() if module in used]
