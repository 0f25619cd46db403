"""Small changes to a module's syntax tree, one at a time."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True)
class Mutant:
    """One change: where, what, and the whole module with it."""

    function: str
    line: int
    before: str
    after: str
    source: str
    number: int  # among equal changes of one function

    @property
    def id(self) -> str:
        """A name that stays the same while the function does."""
        return hashlib.sha256(f"{self.function}|{self.before}|{self.after}|{self.number}".encode()).hexdigest()[:8]


def mutants(source: str) -> list[Mutant]:
    """Make all mutants of a module.

    Changed are comparisons, arithmetic, logic, signs, numbers, truth values, conditions, and statements that are left
    out. Annotations, decorators, text and what is only raised are not: no test should depend on them.
    """
    tree = ast.parse(source)
    found: list[Mutant] = []
    for function, node in _nodes(tree, ""):
        for change in _changes(node):
            other = copy.deepcopy(tree)
            place = next(one for one, mine in zip(ast.walk(other), ast.walk(tree), strict=True) if mine is node)
            _replace(other, place, change)
            before, after = ast.unparse(node), ast.unparse(change)
            number = sum((one.function, one.before, one.after) == (function, before, after) for one in found)
            text = ast.unparse(ast.fix_missing_locations(other))
            found.append(Mutant(function, node.lineno, before, after, text, number))  # type: ignore[attr-defined]
    return found


def _nodes(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom):
        return
    yield function, node
    inside = f"{function}.{node.name}".lstrip(".") if isinstance(node, ast.FunctionDef | ast.ClassDef) else function
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child, inside)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[first, *rest]) if type(first) in _COMPARED:
            yield ast.Compare(node.left, [_COMPARED[type(first)](), *rest], node.comparators)
        case ast.BinOp(op=op) if type(op) in _COMPUTED:
            yield ast.BinOp(node.left, _COMPUTED[type(op)](), node.right)
        case ast.BoolOp(op=op):
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), node.values)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield node.operand
        case ast.Constant(value=bool(value) | int(value) | float(value)):
            yield ast.Constant(_other(value))
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.If():
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield ast.Pass()


def _other(value: bool | int | float) -> bool | int | float:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else 2 * value or 1.0


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put one node in the place of another; a statement keeps its line."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(child is old for child in value):
                setattr(parent, name, [new if child is old else child for child in value])
