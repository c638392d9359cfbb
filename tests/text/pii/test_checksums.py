"""Check digits against numbers published with the standards, and against their own inverse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.pii import checksums, wallets


@pytest.mark.parametrize(
    ("holds", "number"),
    [
        (checksums.resident_id, "11010519491231002X"),
        (checksums.social_credit_code, "91350100M000100Y43"),
        (checksums.organisation_code, "D2143569X"),
        (checksums.hong_kong_id, "A1234563"),
        (checksums.taiwan_id, "A123456789"),
        (checksums.iban, "GB82WEST12345698765432"),
        (checksums.iban, "NO9386011117947"),
        (checksums.luhn, "4111111111111111"),
        (checksums.passport_zone, "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        (wallets.base58check, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        (wallets.base58check, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        (wallets.bech32, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        (wallets.ethereum, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ],
)
def test_published_numbers_hold_and_no_neighbour_does(holds, number: str) -> None:  # type: ignore[no-untyped-def]
    assert holds(number)
    for place in (len(number) - 1, len(number) - 3):
        if number[place].isdigit():
            changed = str((int(number[place]) + 1) % 10)
            assert not holds(number[:place] + changed + number[place + 1 :])


def test_keccak_of_nothing_is_that_of_the_competition() -> None:
    assert wallets.keccak_256(b"").hex().startswith("c5d2460186f7233c927e7db2dcc703c0")
    assert len(wallets.keccak_256(b"a" * 136)) == 32


@given(st.binary(max_size=40))
def test_base58_leads_back(raw: bytes) -> None:
    assert wallets.to_base58_bytes(wallets.from_base58_bytes(raw)) == raw


@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True))
def test_the_check_character_of_an_identity_number_holds(digits: str) -> None:
    assert checksums.resident_id(digits + checksums.resident_id_check(digits))
