"""Licences by their SPDX identifiers (SPDX licence list), from the addresses that pages and cards give for them."""

import re

_CREATIVE = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)(?:/(\d\.\d))?(?:/([a-z]{2})(?![a-z]))?", re.IGNORECASE
)
_PUBLIC = {"zero": "CC0", "mark": "CC-PDM", "publicdomain": "CC-PDDC"}
_ADDRESSES = (
    (re.compile(r"opendatacommons\.org/licenses/by", re.IGNORECASE), "ODC-By-1.0"),
    (re.compile(r"opendatacommons\.org/licenses/odbl", re.IGNORECASE), "ODbL-1.0"),
    (re.compile(r"opendatacommons\.org/licenses/pddl", re.IGNORECASE), "PDDL-1.0"),
    (re.compile(r"apache\.org/licenses/LICENSE-2\.0", re.IGNORECASE), "Apache-2.0"),
    (re.compile(r"opensource\.org/licenses?/mit\b", re.IGNORECASE), "MIT"),
    (re.compile(r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?fdl-1\.(\d)", re.IGNORECASE), "GFDL-1.{0}"),
    (re.compile(r"gnu\.org/(?:licenses|copyleft)/fdl", re.IGNORECASE), "GFDL-1.3"),
    (re.compile(r"mozilla\.org/.*MPL/2\.0", re.IGNORECASE), "MPL-2.0"),
)
_CARD = {
    "odc-by": "ODC-By-1.0", "odbl": "ODbL-1.0", "pddl": "PDDL-1.0", "apache-2.0": "Apache-2.0", "mit": "MIT",
    "apache license 2.0": "Apache-2.0", "gfdl": "GFDL-1.3", "unlicense": "Unlicense", "wtfpl": "WTFPL",
}  # fmt: skip
"""How the cards of data sets name licences, where that is not the SPDX identifier in other letters."""


def licence_of_url(url: str) -> str | None:
    """The identifier of a licence's address; None for an address of anything else."""
    match = _CREATIVE.search(url)
    if match:
        kind, version, country = match.group(1).lower(), match.group(2), match.group(3)
        if kind in _PUBLIC:
            return "-".join(filter(None, (_PUBLIC[kind], version)))
        return "-".join(filter(None, ("CC", kind.upper(), version or "4.0", (country or "").upper())))
    for pattern, name in _ADDRESSES:
        if match := pattern.search(url):
            return name.format(*match.groups())
    return None


def licence_of_card(name: object) -> str:
    """The identifier for what a data set's card names; `unknown` where it says nothing or points elsewhere."""
    names = [str(item).strip().lower() for item in (name if isinstance(name, list) else [name]) if item]
    found = [_CARD.get(one) or (one.upper() if one.startswith("cc") else one) for one in names]
    return " AND ".join(found) if found and not {"other", "unknown"} & set(names) else "unknown"
