"""What a module's constants are, as one short hash: a test holds it beside the version that a change of them must raise."""

import hashlib
import json
import re
from types import ModuleType
from typing import Any


def hash_of(*modules: ModuleType, but: tuple[str, ...] = ()) -> str:
    """Of everything that a module names in capitals, but for the names given: those have a version of their own."""
    constants = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if re.fullmatch("_?[A-Z][A-Z0-9_]*", name) and name not in but
    }
    return hashlib.sha256(json.dumps(constants, sort_keys=True, default=_plain).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]  # `repr` shows the first 200 characters
    return sorted(value) if isinstance(value, frozenset) else repr(value)
