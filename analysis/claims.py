"""From an effect, its interval and its controls to the verdict on a declared claim."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import results
from analysis.claim_records import Control, Measured, blank, read, shown, table, to_json
from analysis.declarations import DECLARED, Claim, load
from analysis.errors import InputError
from analysis.inference import Interval, corrected_p, random_set_p, smallest_p, verdict

NOT_TESTABLE, NOT_MEASURED = "not testable here", "not measured in this run"
BEYOND_NEUTRAL = "beyond neutral text"
_ALPHA = 0.05


def against(name: str, observed: float, draws: npt.NDArray[np.float64], direction: int = 1) -> Control:
    """Compare an effect with draws of a control: p and 95 % band.

    Parameters
    ----------
    name : str
    observed : float
        In the unit and with the sign of the claim's estimate.
    draws : ndarray of shape (n_draws,)
        The same of the control.
    direction : {1, -1, 0}
        As the claim's.
    """
    return replace(band(name, draws), p=random_set_p(observed, draws, direction))


def band(name: str, draws: npt.NDArray[np.float64]) -> Control:
    """Describe a control by its 95 % band only: for few draws, and for a few values that are not random."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return Control(name, len(draws), None, float(low), float(high))


@dataclass(frozen=True)
class Effect:
    """What :func:`measure_family` needs to know of one claim.

    Attributes
    ----------
    interval : Interval
        Of the estimand.
    n : int
        How many were sampled of what the claim is ``over``.
    draws : ndarray of shape (n_draws,)
        The estimate, had each draw of the primary control been the claimed set.
    others : sequence of Control
        The rungs beside it.
    specificity : Interval, optional
        As for :func:`measure`.
    """

    interval: Interval
    n: int
    draws: npt.NDArray[np.float64]
    others: Sequence[Control] = ()
    specificity: Interval | None = None


def measure_family(effects: Mapping[str, Effect], *, model: str, site: str, path: Path = DECLARED) -> list[Measured]:
    """Give the verdicts on claims of one family, corrected over all that are given.

    Parameters
    ----------
    effects : mapping of claim id to Effect
        Draw *d* of all of them is the same draw; the primary control and the directions are those declared.
    model, site : str
    path : Path
        The declarations.

    Raises
    ------
    InputError
        If the claims belong to several families or their draws differ in number.
    """
    declared = [_declared(claim_id, path) for claim_id in effects]
    if len(families := {claim.family for claim in declared}) > 1:
        raise InputError(f"Correct one family at a time; these are of {', '.join(sorted(families))}.")
    if len(lengths := {len(effect.draws) for effect in effects.values()}) > 1:
        raise InputError(f"Claims of a family share their draws; given were {', '.join(map(str, sorted(lengths)))}.")
    observed = np.array([effect.interval.estimate for effect in effects.values()])
    draws = np.stack([effect.draws for effect in effects.values()], axis=1)
    corrected = corrected_p(observed, draws, [claim.direction for claim in declared])
    return [
        measure(
            claim.id,
            effect.interval,
            n=effect.n,
            model=model,
            site=site,
            controls=[
                against(claim.control, effect.interval.estimate, effect.draws, claim.direction),
                *effect.others,
            ],
            p_corrected=float(p),
            specificity=effect.specificity,
            path=path,
        )
        for claim, effect, p in zip(declared, effects.values(), corrected, strict=True)
    ]


def measure(
    claim_id: str,
    interval: Interval,
    *,
    n: int,
    model: str,
    site: str,
    controls: Sequence[Control],
    p_corrected: float | None,
    specificity: Interval | None = None,
    path: Path = DECLARED,
) -> Measured:
    """Give the verdict on a declared claim.

    Parameters
    ----------
    claim_id : str
        As declared; everything but the numbers comes from the declaration.
    interval : Interval
        Of the estimand, in the declared unit.
    n : int
        How many were sampled of what the claim is ``over``.
    model, site : str
    controls : sequence of Control
        One of them named as the claim's ``control``.
    p_corrected : float or None
        Of that control, corrected over the claim's family; None where it has too few draws for a p.
    specificity : Interval, optional
        Effect minus that on neutral text (:func:`analysis.inference.specificity`), for claims that need it.
    path : Path
        The declarations.

    Returns
    -------
    Measured
        With the verdict *not testable here* at a site that the claim is not about.

    Raises
    ------
    InputError
        If the claim is not declared, or the numbers cannot belong together.
    """
    claim = _declared(claim_id, path)
    primary = _primary(claim, controls)
    if fault := _interval_fault(claim, interval, n) or _p_fault(primary, p_corrected):
        raise InputError(f"The claim '{claim_id}': {fault}.")
    if claim.needs_specificity:
        if specificity is None:
            raise InputError(f"The claim '{claim_id}' is about specificity: give inference.specificity(…).")
        controls = [*controls, Control(BEYOND_NEUTRAL, 0, None, specificity.low, specificity.high)]
    is_specific = specificity is None or not claim.needs_specificity or _is_beyond_zero(specificity, claim.direction)
    found: str = verdict(
        interval,
        claim.direction,
        p_corrected,
        claim.smallest_effect,
        is_specific=is_specific,
        reference=claim.reference,
    )
    reason = _reason(claim, found, primary, p_corrected, is_specific=is_specific)
    if site not in claim.sites:
        found, reason = NOT_TESTABLE, f"the claim is about {' and '.join(claim.sites)}"
    return replace(
        blank(claim, model=model, site=site, verdict=found, reason=reason),
        estimate=float(interval.estimate),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        n=int(n),
        controls=tuple(controls),
        p=primary.p,
        p_corrected=None if p_corrected is None else float(p_corrected),
    )


def not_testable(claim_id: str, reason: str, *, model: str, site: str, path: Path = DECLARED) -> Measured:
    """Say that a claim cannot be tested on this model or these texts, and why."""
    if not reason.strip():
        raise InputError(f"Say why '{claim_id}' cannot be tested.")
    return blank(_declared(claim_id, path), model=model, site=site, verdict=NOT_TESTABLE, reason=reason)


def not_measured(claim: Claim) -> Measured:
    """Stand for a claim that a run did not measure."""
    return blank(claim, model="", site="", verdict=NOT_MEASURED, reason="")


def save(folder: Path | str, measured: Measured | Iterable[Measured]) -> None:
    """Write claims beside the other results of a chapter, as ``claims.json`` and as the table ``claims``.

    What was saved there before stays, but for the same claim on the same model and site.

    Parameters
    ----------
    folder : Path or str
        The chapter's folder in the run that measures.
    measured : Measured or iterable of Measured
    """
    path = Path(folder) / "claims.json"
    given = [measured] if isinstance(measured, Measured) else list(measured)
    kept = {(one.id, one.model, one.site): one for one in [*(read(path) if path.exists() else []), *given]}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(to_json(kept.values()), encoding="utf-8")
    partial.replace(path)
    results.save_table(folder, "claims", table(kept.values()))


def overview(measured: Iterable[Measured]) -> pd.DataFrame:
    """Show claims as a reader wants them: what, how much, against what, and the verdict."""
    rows = [
        {
            "claim": one.statement,
            "site": one.site,
            "estimate": shown(one),
            "p": "" if one.p is None else f"{one.p:.3f}",
            "corrected": "" if one.p_corrected is None else f"{one.p_corrected:.3f}",
            "verdict": one.verdict,
            "why": one.reason,
        }
        for one in measured
    ]
    return pd.DataFrame(rows).set_index("claim")


def passed(one: Measured, control: Control, claim: Claim) -> bool:
    """Tell whether an effect stands out from a control: by p where there is one, else by its band."""
    if control.p is not None:
        return control.p < _ALPHA
    if one.estimate is None or control.low is None or control.high is None:
        return False
    if control.name == BEYOND_NEUTRAL:
        return _is_beyond_zero(Interval(math.nan, control.low, control.high), claim.direction)
    return _is_beyond_zero(Interval(math.nan, one.estimate - control.high, one.estimate - control.low), claim.direction)


def _is_beyond_zero(interval: Interval, direction: int) -> bool:
    return interval.excludes_zero and direction in {0, int(np.sign(interval.low))}


def _declared(claim_id: str, path: Path) -> Claim:
    declared = load(path)
    if claim_id not in declared:
        raise InputError(f"The claim '{claim_id}' is not declared in {path}. Declared are: {', '.join(declared)}.")
    return declared[claim_id]


def _primary(claim: Claim, controls: Sequence[Control]) -> Control:
    names = [control.name for control in controls]
    if len(set(names)) < len(names):
        raise InputError(f"The claim '{claim.id}': controls share a name: {', '.join(names)}.")
    if claim.control not in names:
        listed = ", ".join(names) or "none"
        raise InputError(f"The claim '{claim.id}' has '{claim.control}' for its primary control; given were: {listed}.")
    return controls[names.index(claim.control)]


def _interval_fault(claim: Claim, interval: Interval, n: int) -> str:
    if not np.isfinite([interval.estimate, interval.low, interval.high]).all() or interval.low > interval.high:
        return f"its interval is {interval}; give finite numbers in order"
    return "" if n > 0 else f"n is {n}; give the number of {claim.over}"


def _p_fault(primary: Control, p_corrected: float | None) -> str:
    if primary.p is None:
        return "" if p_corrected is None else f"a corrected p was given, but '{primary.name}' has no p"
    least = max(primary.p, smallest_p(primary.draws))
    if p_corrected is None or not least - 1e-9 <= p_corrected <= 1:
        given = f"p = {primary.p:.4g} and {primary.draws} draws"
        return f"the corrected p is {p_corrected}, but with {given} it is at least {least:.4g}"
    return ""


def _reason(claim: Claim, found: str, primary: Control, p_corrected: float | None, *, is_specific: bool) -> str:
    """Say in a few words why it is not *supported*."""
    if found == "not supported":
        around = f"{claim.reference:g} ".replace("-", "−") if claim.reference else ""
        return f"the interval lies within {around}±{claim.smallest_effect:g}, or on the other side"
    if found == "inconclusive":
        return "the interval holds no effect as well as effects of interest"
    reasons = []
    if p_corrected is None or smallest_p(primary.draws) >= _ALPHA:
        reasons.append(f"{primary.draws} draws of {claim.control} are too few for a corrected p")
    elif p_corrected >= _ALPHA:
        reasons.append(f"no more than {claim.control} do (corrected p = {p_corrected:.2f})")
    return "; ".join([*reasons, *([] if is_specific else ["no more than on neutral text"])])
