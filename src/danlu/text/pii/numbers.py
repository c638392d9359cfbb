"""Bank cards, identity numbers of people and companies: numbers whose check digit, or label, says what they are.

Issuer ranges follow ISO/IEC 7812 and the card schemes' public tables; only the first digits and the lengths in use are listed.
"""

import re
from collections.abc import Iterator
from datetime import date

from danlu.text.pii import checksums
from danlu.text.pii.finding import CHECKED, FORM, LABELLED, Candidate
from danlu.text.pii.labels import claimed, labelled
from danlu.text.pii.places import region_exists

_NO_DIGIT = re.compile(r"[ \-]")
_SEPARATORS = re.compile(r"[\s\-.()]")
_START, _END = r"(?<![0-9A-Za-z_])(?<!\d[.\-])", r"(?![0-9A-Za-z_])(?!\.\d)"
_RESIDENT = re.compile(_START + r"[1-9]\d{5}[ -]?\d{4}[ -]?\d{4}[ -]?\d{3}[\dXx]" + _END)
_RESIDENT_15 = re.compile(_START + r"[1-9]\d{5}[ -]?\d{6}[ -]?\d{3}" + _END)
_TAIWAN = re.compile(_START + r"[A-Z][1289]\d{8}" + _END)
_HONG_KONG = re.compile(_START + r"[A-Z]{1,2} ?\d{6} ?(?:\([0-9A]\)|[0-9A](?![0-9A-Za-z]))" + r"(?![0-9A-Za-z_])")
_CARD = re.compile(
    _START
    + r"(?<![A-Z]{2}\d\d )(?=[2-689])(?:\d{13,19}|\d{4}(?P<a>[ -])\d{4}(?P=a)\d{4}(?P=a)\d{1,4}(?:(?P=a)\d{1,3}(?!,\d{3}))?|\d{4}(?P<b>[ -])\d{6}(?P=b)\d{4,5}|\d{6}(?P<c>[ -])\d{7,13})"
    + _END
)
"""Groups as cards are printed: fours, 4-6-5, 4-6-4, 6 and the rest; or none."""
_SOCIAL = re.compile(_START + r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}" + _END)
_ORGANISATION = re.compile(_START + r"[0-9A-Z]{8}-?[0-9X]" + _END)
_TAX = re.compile(
    _START
    + r"(?:\d{20}|\d{17}|\d{15}|\d{6}[0-9A-Z]{8}[0-9X]|\d{17}[\dX]\d{2}|\d{2}-\d{7}|9\d{2}-[5-9]\d-\d{4}|[A-Z]{2} ?[A-Z]?\d{8,12}(?:B\d{2})?)"
    + _END
)
_CVV = re.compile(_START + r"\d{3,4}" + _END)
_IMEI = re.compile(_START + r"(?:\d{2}[ -]?\d{6}|\d{6}[ -]\d{2})[ -]?\d{6}[ -]?\d" + _END)
_SSN = re.compile(_START + r"(\d{3})([- ]?)(\d{2})\2(\d{4})" + _END)
_NINO = re.compile(
    _START
    + r"([A-CEGHJ-PR-TW-Za-ceghj-pr-tw-z][A-CEGHJ-NPR-TW-Za-ceghj-npr-tw-z])( ?)\d{2}\2\d{2}\2\d{2}\2[A-Da-d]"
    + _END
)
_NINO_UNUSED = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
_SSN_EXAMPLES = frozenset({"123456789", "078051120", "219099999"})
_ID_LABELS = ("cn_resident_id", "hk_id", "tw_id")

_ISSUERS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (62, 62, frozenset(range(16, 20))), (81, 81, frozenset(range(16, 20))), (60, 60, frozenset(range(16, 20))),
    (436742, 436742, frozenset({16, 18, 19})), (526410, 526410, frozenset({16, 19})), (95588, 95588, frozenset({19})),
    (456351, 456351, frozenset({19})), (685800, 685800, frozenset({16})),
    (4, 4, frozenset({13, 16, 19})), (51, 55, frozenset({16})), (2221, 2720, frozenset({16})), (34, 34, frozenset({15})),
    (37, 37, frozenset({15})), (3528, 3589, frozenset({16, 19})), (300, 305, frozenset({14})), (36, 36, frozenset({14, 16})),
    (38, 39, frozenset({14, 16})), (644, 649, frozenset({16, 19})), (65, 65, frozenset({16, 19})),
    (50, 50, frozenset({13, 15, 16, 18, 19})), (56, 59, frozenset({13, 15, 16, 18, 19})),
    (61, 61, frozenset({13, 15, 16, 18, 19})), (63, 64, frozenset({13, 15, 16, 18, 19})),
    (66, 69, frozenset({13, 15, 16, 18, 19})),
)  # fmt: skip
"""First digits from and to, and the lengths issued: UnionPay and the domestic ranges before it, Visa, Mastercard, American
Express, JCB, Diners Club, Discover, Maestro."""


def resident_ids(text: str) -> Iterator[Candidate]:
    """Resident identity numbers of 18 characters, and of 15 digits where the label says so."""
    for match in _RESIDENT.finditer(text):
        number = _NO_DIGIT.sub("", match[0]).upper()
        if region_exists(number[:6]) and date_of(number[6:14]) and checksums.resident_id(number):
            if labelled(text, match.start(), *_ID_LABELS, "driving_licence", end=match.end()):
                yield Candidate(match.start(), match.end(), "cn_resident_id", LABELLED)
            elif not claimed(
                text, match.start(), *_ID_LABELS, "phone", "address", "date_of_birth", "bank_card", "tax_id"
            ):
                yield Candidate(match.start(), match.end(), "cn_resident_id", CHECKED)
    for match in _RESIDENT_15.finditer(text):
        number = _NO_DIGIT.sub("", match[0])
        known = region_exists(number[:6]) and date_of("19" + number[6:12])
        if known and labelled(text, match.start(), *_ID_LABELS, "driving_licence", end=match.end()):
            yield Candidate(match.start(), match.end(), "cn_resident_id", LABELLED)


def date_of(digits: str) -> date | None:
    """The date that eight digits name, when somebody alive can have been born on it or have a document from it."""
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
    return found if 1890 <= found.year <= 2035 else None


def other_ids(text: str) -> Iterator[Candidate]:
    """Identity cards of Taiwan and Hong Kong."""
    for match in _TAIWAN.finditer(text):
        if checksums.taiwan_id(match[0]):
            label = labelled(text, match.start(), *_ID_LABELS, end=match.end())
            if label or not claimed(text, match.start(), "phone", "address", "date_of_birth"):
                yield Candidate(match.start(), match.end(), "tw_id", LABELLED if label else CHECKED)
    for match in _HONG_KONG.finditer(text):
        number = _SEPARATORS.sub("", match[0])
        if checksums.hong_kong_id(number):
            label = labelled(text, match.start(), *_ID_LABELS, end=match.end())
            bracketed = match[0].endswith(")")
            if label or (bracketed and not claimed(text, match.start(), "phone", "address")):
                yield Candidate(match.start(), match.end(), "hk_id", LABELLED if label else CHECKED)


def bank_cards(text: str) -> Iterator[Candidate]:
    """Card numbers in an issuer's range whose Luhn digit holds."""
    for match in _CARD.finditer(text):
        written = next((w for w in _cuts(match[0]) if _is_card(_NO_DIGIT.sub("", w))), "")
        label = labelled(text, match.start(), "bank_card")
        sure = len(_NO_DIGIT.sub("", written)) > 13 and not claimed(
            text, match.start(), "bank_card", "phone", "address"
        )
        if written and (label or sure):
            end = match.start() + len(written)
            yield Candidate(match.start(), end, "bank_card", LABELLED if label else CHECKED)


def card_codes(text: str) -> Iterator[Candidate]:
    """The codes on the backs of cards, behind their label."""
    for match in _CVV.finditer(text):
        if labelled(text, match.start(), "card_cvv", reach=12, end=match.end()):
            yield Candidate(match.start(), match.end(), "card_cvv", LABELLED)


def _cuts(written: str) -> Iterator[str]:
    """The number as it stands, and without a fifth group, which may be the security code."""
    yield written
    groups = re.split(r"[ -]", written)
    if len(groups) == 5 and len(groups[4]) == 3:
        yield written[:19]


def _is_card(number: str) -> bool:
    return 13 <= len(number) <= 19 and _issued(number) and checksums.luhn(number)


def _issued(number: str) -> bool:
    return any(
        low <= int(number[: len(str(low))]) <= high and len(number) in lengths for low, high, lengths in _ISSUERS
    )


def company_codes(text: str) -> Iterator[Candidate]:
    """Social credit codes by their check; organisation codes and tax numbers by their label."""
    for match in _SOCIAL.finditer(text):
        code = match[0]
        if region_exists(code[2:8]) or code[2:8] == "100000":
            own = ("social_credit_code", "tax_id", "organisation_code")
            if checksums.social_credit_code(code):
                label = labelled(text, match.start(), *own)
                if label or not claimed(text, match.start(), *own, "phone", "address", "bank_card"):
                    yield Candidate(match.start(), match.end(), "social_credit_code", LABELLED if label else CHECKED)
    for match in _ORGANISATION.finditer(text):
        if labelled(text, match.start(), "organisation_code", end=match.end()) and checksums.organisation_code(
            match[0].replace("-", "")
        ):
            yield Candidate(match.start(), match.end(), "organisation_code", LABELLED)
    for match in _TAX.finditer(text):
        if labelled(text, match.start(), "tax_id", end=match.end()):
            yield Candidate(match.start(), match.end(), "tax_id", LABELLED)


def devices(text: str) -> Iterator[Candidate]:
    """IMEI, where the label says so."""
    for match in _IMEI.finditer(text):
        if labelled(text, match.start(), "imei", end=match.end()) and checksums.luhn(_NO_DIGIT.sub("", match[0])):
            yield Candidate(match.start(), match.end(), "imei", LABELLED)


def foreign_ids(text: str) -> Iterator[Candidate]:
    """Social security numbers (US) and national insurance numbers (UK)."""
    for match in _SSN.finditer(text):
        area, separator, group, serial = match.groups()
        exists = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
        if exists and area + group + serial not in _SSN_EXAMPLES:
            label = labelled(text, match.start(), "us_ssn", end=match.end())
            if label or (separator == "-" and not claimed(text, match.start(), "us_ssn")):
                yield Candidate(match.start(), match.end(), "us_ssn", LABELLED if label else FORM)
    for match in _NINO.finditer(text):
        if match[1].upper() not in _NINO_UNUSED:
            label = labelled(text, match.start(), "uk_nino", end=match.end())
            if label or (match[2] and not claimed(text, match.start(), "uk_nino")):
                yield Candidate(match.start(), match.end(), "uk_nino", LABELLED if label else FORM)
