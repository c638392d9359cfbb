"""What is done with each type of finding: named tables, and what a user changes in them.

An action is `keep` (counted and listed, the text stays), `mask` (`[手机号]`, `[PHONE]`), `partial` (`138****8000`),
`pseudonymise` (another value of the same form, the same for the same value) or `drop` (the document is rejected).
"""

from collections.abc import Mapping
from typing import Literal

from danlu.core.errors import UserError
from danlu.data.nearest import nearest_first
from danlu.data.redact.pseudonyms import FORMLESS
from danlu.text.pii.finding import KINDS

Action = Literal["keep", "mask", "partial", "pseudonymise", "drop"]
PolicyName = Literal["mask-all", "pseudonymise", "report-only", "drop-secrets"]

_SECRETS = tuple(name for name, kind in KINDS.items() if kind.secret)
_POLICIES: dict[str, dict[str, Action]] = {
    "mask-all": {},
    "pseudonymise": dict.fromkeys(sorted(KINDS.keys() - set(_SECRETS) - FORMLESS), "pseudonymise"),
    "report-only": dict.fromkeys(KINDS, "keep"),
    "drop-secrets": dict.fromkeys(_SECRETS, "drop"),
}
"""By name; a type that a table does not name is masked. A secret has no form worth keeping, and neither has an address."""


def actions_of(policy: str, changed: Mapping[str, Action]) -> dict[str, Action]:
    """The action for every type. Raises UserError when `changed` names a type that does not exist."""
    for name in changed:
        if name not in KINDS:
            raise UserError(
                "redact.types: unknown type `{name}`",
                "The types are, the nearest first: {types}.",
                name=name,
                types=", ".join(nearest_first(name, KINDS)),
            )
        if changed[name] == "pseudonymise" and name in FORMLESS:
            raise UserError(
                "redact.types: `{name}` cannot be pseudonymised: it has no form that another value could keep",
                "Mask it: --set 'redact.types={{{name}: mask}}'",
                name=name,
            )
    return {name: changed.get(name, _POLICIES[policy].get(name, "mask")) for name in KINDS}
