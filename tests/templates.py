"""What danlu can say, read from its own source: every template and every text that artifacts store in English."""

import ast
from collections.abc import Iterator
from pathlib import Path

import danlu.cli

SOURCE = Path(danlu.cli.__file__).parents[1]
_ERRORS = (
    "UserError",
    "WorkFailed",
    "NothingKept",
    "NothingFits",
    "Unsupported",
    "TrialFailed",
    "CannotLearn",
    "MemoryShort",
)
_STORES = {"Reject": slice(2, 5), "Unreadable": slice(0, 3)}
"""Calls whose texts end up in an artifact, and which of their arguments."""


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every module but the translations."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "chinese" not in path.parts:
            yield path.relative_to(SOURCE), ast.parse(path.read_text(encoding="utf-8"))


def said() -> dict[str, str]:
    """Every literal template that is said, raised or passed on as a phrase, with the place where it stands."""
    found: dict[str, str] = {}
    for path, tree in modules():
        constants = _constants(tree)
        for call in _calls(tree):
            for argument in _template_arguments(call, path):
                for text in _literals(argument, constants):
                    found.setdefault(text, f"{path}:{call.lineno}")
    return found


def computed() -> list[str]:
    """Errors whose template is put together at run time, so that no translation can be found for it."""
    return [
        f"{path}:{call.lineno}"
        for path, tree in modules()
        for call in _calls(tree)
        if _name(call) in _ERRORS
        for argument in _template_arguments(call, path)
        if not _literals(argument, _constants(tree))
    ]


def stored() -> dict[str, str]:
    """Texts that rejects hold, with `{}` for what varies."""
    found: dict[str, str] = {}
    for path, tree in modules():
        for call in _calls(tree):
            for argument in call.args[_STORES.get(_name(call), slice(0))]:
                found |= dict.fromkeys(_shapes(argument), f"{path}:{call.lineno}")
            for keyword in call.keywords:
                if keyword.arg == "note" and _name(call) == "Facts":
                    found |= dict.fromkeys(_shapes(keyword.value), f"{path}:{call.lineno}")
    return {text: place for text, place in found.items() if any(character.isalpha() for character in text)}


def texts() -> set[str]:
    """Every string of the source, with `{}` for what varies; names with underscores also as words."""
    shapes = {shape for _, tree in modules() for node in ast.walk(tree) for shape in _shapes(node)}
    return shapes | {shape.replace("_", " ") for shape in shapes}


def shape(template: str) -> str:
    """A template with its values unnamed."""
    return next(iter(_shapes(ast.parse(f"f{template!r}", mode="eval").body)))


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _template_arguments(call: ast.Call, path: Path) -> list[ast.expr]:
    if _name(call) in _ERRORS:
        return call.args[:2] + [keyword.value for keyword in call.keywords if keyword.arg == "hint"]
    speakers = ("say", "speech", "Phrase") + (("self",) if path.name == "speech.py" else ())
    return call.args[:1] if _name(call) in speakers else []


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    return {target.id: node.value for node in assigned for target in node.targets if isinstance(target, ast.Name)}


def _literals(node: ast.expr, constants: dict[str, ast.expr]) -> set[str]:
    if isinstance(node, ast.Name) and node.id in constants:
        return _literals(constants[node.id], {})
    if isinstance(node, ast.IfExp):
        return _literals(node.body, constants) | _literals(node.orelse, constants)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def _shapes(node: ast.AST) -> set[str]:
    if isinstance(node, ast.IfExp):
        return _shapes(node.body) | _shapes(node.orelse)
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return {"".join(map(str, parts))}
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()
