"""The parameters of a chapter: what its `parameters` cell declares, and values that fit it."""

import ast
import contextlib
import difflib
import io
import json
import re
import shlex
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from analysis.errors import InputError

_TYPES = {"int": int, "bool": bool, "str": str, "list": list}


@dataclass(frozen=True)
class Parameter:
    """One line `name: type = default  # help` of a `parameters` cell."""

    name: str
    type: str
    default: Any
    help: str


class Typed(str):
    """The text of a value from the command line, not yet read as YAML."""

    __slots__ = ()


class _Scalars(yaml.SafeLoader):
    """YAML 1.2 scalars, `1e-3` is a number, `no` a word, `03` a name; and `<<`, which takes over another mapping."""


_Scalars.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
):
    _Scalars.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def load_yaml(text: str) -> Any:
    """Read YAML with the scalars of its version 1.2."""
    return yaml.load(text, Loader=_Scalars)  # noqa: S506 (a SafeLoader)


def _fits(value: Any, kind: ast.expr) -> bool:
    match kind:
        case ast.Constant(value=None):
            return value is None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _fits(value, left) or _fits(value, right)
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return isinstance(value, list) and all(_fits(entry, item) for entry in value)
        case ast.Name(id="float"):
            return type(value) in (int, float)
        case ast.Name(id=name) if name in _TYPES:
            return type(value) is _TYPES[name]
    raise InputError(f"the type {ast.unparse(kind)!r} is none of int, float, bool, str, list and None, joined by |")


def _coerced(value: Any, type_: str) -> Any:
    """Return the value with whole numbers made floats where the type names float only."""
    if type(value) is int and not _fits(value, _kind(type_.replace("float", "None"))):
        return float(value)
    return value


def _kind(type_: str) -> ast.expr:
    return ast.parse(type_, mode="eval").body


def as_text(value: Any) -> str:
    """Write a value as one would type it on the command line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def parse_cell(source: str) -> tuple[Parameter, ...]:
    """Read the lines of a `parameters` cell.

    Parameters
    ----------
    source : str
        The cell's code: lines `name: type = default  # help`, the defaults literal.

    Returns
    -------
    tuple of Parameter
        In the order of the cell.
    """
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = []
    for statement in ast.parse(source).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as default):
                help_ = comments.get(statement.end_lineno or 0, "")
            case _:
                raise InputError(f"'{ast.unparse(statement)}' is not of the form 'name: type = default  # help'")
        try:
            value = ast.literal_eval(default)
        except ValueError:
            raise InputError(f"the default of {name} is not a plain value: {ast.unparse(default)}") from None
        if not _fits(value, annotation):
            raise InputError(f"the default of {name} is {value!r}, but its type is {ast.unparse(annotation)}")
        found.append(Parameter(name, ast.unparse(annotation), value, help_))
    return tuple(found)


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return " (did you mean …?)", or nothing when no valid name is near."""
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""


def parse_assignments(text: str) -> dict[str, Typed]:
    """Split `name=value other='with spaces'` into names and the text of their values."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"cannot read the parameters {text!r}: {error}") from None
    values: dict[str, Typed] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InputError(f"{word!r} is not of the form name=value (quote values that hold spaces)")
        values[name] = Typed(value)
    return values


def fit(parameter: Parameter, value: Any, where: str) -> Any:
    """Return the value if it is of the parameter's type; refuse it in one line if not.

    Parameters
    ----------
    parameter : Parameter
        What the chapter declares.
    value : object
        From a profile: what YAML read. From the command line: `Typed` text, read as YAML here, or taken
        as it stands where the type allows text.
    where : str
        The chapter or file to name in the message.
    """
    kind = _kind(parameter.type)
    candidates = [value]
    if isinstance(value, Typed):
        candidates = [str(value)]
        with contextlib.suppress(yaml.YAMLError):  # what is not YAML may still be text
            candidates.insert(0, load_yaml(value))
    for candidate in candidates:
        if _fits(candidate, kind):
            return _coerced(candidate, parameter.type)
    raise InputError(f"{where}: {parameter.name} must be {parameter.type}, and {as_text(value)!r} is not")


def refuse_unknown(names: Iterable[str], parameters: Mapping[str, Parameter], where: str) -> None:
    """Raise if a name is not among the parameters."""
    for name in names:
        if name not in parameters:
            raise InputError(
                f"{where} has no parameter {name!r}{did_you_mean(name, parameters)}; "
                f"its parameters: {', '.join(sorted(parameters)) or 'none'}"
            )
