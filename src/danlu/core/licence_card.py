"""The licence that a hub's card names, as an SPDX expression (SPDX licence list; names as on huggingface.co/docs/hub/repositories-licenses).

What is stated is a claim: whether it holds, nothing here can tell.
"""

import re

UNKNOWN = "unknown"
"""Stands for the licence of a source of which none was given."""
_SPDX = (
    "AFL-3.0", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0", "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0", "CDLA-Sharing-1.0", "ECL-2.0", "EPL-1.0", "EPL-2.0", "EUPL-1.1", "EUPL-1.2", "ISC", "LPPL-1.3c", "MIT",
    "MPL-2.0", "MS-PL", "NCSA", "OFL-1.1", "OSL-3.0", "PostgreSQL", "Unlicense", "WTFPL", "Zlib",
)  # fmt: skip
KNOWN_NAMES = {name.lower(): name for name in _SPDX} | {
    "agpl-3.0": "AGPL-3.0-only", "apache license 2.0": "Apache-2.0", "cc0": "CC0-1.0", "gfdl": "GFDL-1.3", "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only", "lgpl-2.1": "LGPL-2.1-only", "lgpl-3.0": "LGPL-3.0-only", "odbl": "ODbL-1.0", "odc-by": "ODC-By-1.0",
    "pddl": "PDDL-1.0",
}  # fmt: skip
"""How cards and documents name licences, in small letters, and the identifier that is meant."""
NONE_NAMES = frozenset({UNKNOWN, "other", "none", "null", "n/a"})
"""Words for no licence, or for one that is named elsewhere."""


def licence_of_card(named: object, other: object = None) -> str:
    """The expression for what a card names, one or several; `other` is the name beside a licence of the card's own.

    `unknown` where nothing is named or any of several is not.
    """
    names = [str(name).strip() for name in (named if isinstance(named, list) else [named]) if name]
    found = [_identifier(str(other or "").strip() if name.lower() == "other" else name) for name in names]
    return " AND ".join(found) if found and UNKNOWN not in found else UNKNOWN


def _identifier(name: str) -> str:
    lower = name.lower()
    if not name or lower in NONE_NAMES:
        return UNKNOWN
    if lower in KNOWN_NAMES:
        return KNOWN_NAMES[lower]
    return name.upper() if lower.startswith("cc") else "LicenseRef-" + re.sub(r"[^\w.-]+", "-", name)
