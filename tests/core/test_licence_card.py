"""What a hub's card says of a licence, as an SPDX expression."""

import pytest

from danlu.core.licence_card import licence_of_card


@pytest.mark.parametrize(
    ("named", "other", "licence"),
    [
        ("apache-2.0", None, "Apache-2.0"),
        ("Apache License 2.0", None, "Apache-2.0"),
        (["mit"], None, "MIT"),
        (["cc-by-4.0", "odc-by"], None, "CC-BY-4.0 AND ODC-By-1.0"),
        ("gpl-3.0", None, "GPL-3.0-only"),
        ("llama3.1", None, "LicenseRef-llama3.1"),
        ("other", "qwen-research", "LicenseRef-qwen-research"),
        (["mit", "other"], None, "unknown"),
        ("other", None, "unknown"),
        (["none"], None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_licence_of_a_card(named: object, other: object, licence: str) -> None:
    assert licence_of_card(named, other) == licence
