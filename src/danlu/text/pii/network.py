"""Addresses of people and machines on a network, accounts in addresses, and wallets.

IPv4 and IPv6 are parsed by the standard library (RFC 4291); addresses that belong to no host (loopback, netmasks, networks) stay.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address, ip_network

from danlu.text.pii import checksums, wallets
from danlu.text.pii.finding import CHECKED, FORM, LABELLED, Candidate
from danlu.text.pii.labels import claimed, labelled

_FILES = frozenset(
    "png jpg jpeg gif svg webp bmp ico js css ts tsx jsx html htm json yaml yml xml txt pdf mp3 mp4 woff ttf scss".split()
)
_CHINESE_DOMAINS = (
    "中国|中國|公司|网络|網絡|香港|台湾|台灣|网址|网站|在线|中文网|政务|公益|集团|商城|移动|信息|广东|佛山|我爱你"
)
_LABEL = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?|[\u4e00-\u9fff]{1,15})"
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+@/\-])(?P<local>[A-Za-z0-9_](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?)@"
    rf"(?P<domain>(?:{_LABEL}\.){{1,5}}(?:(?P<top>[A-Za-z]{{2,24}}|xn--[A-Za-z0-9-]{{2,20}})(?![A-Za-z0-9-]*@)(?![A-Za-z0-9])|(?:{_CHINESE_DOMAINS})))"
)
_SPELT = re.compile(
    r"(?<![A-Za-z0-9._%+@/-])[A-Za-z0-9_](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_])?(?P<at> ?[\[({<] ?(?:at|@|#) ?[\])}>] ?| ?@ ?)"
    r"(?:[A-Za-z0-9-]{1,63}(?: ?[\[({<] ?(?:dot|\.) ?[\])}>] ?|\.)){1,4}[A-Za-z]{2,24}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_REMOTE = re.compile(r":(?:[\w./~-]+/|~|/)")
_CREDENTIALS = re.compile(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://(?P<value>(?P<user>[^\s/:@\"'<>]{0,64}):(?P<password>[^\s/\"'<>]{1,128}))@(?=[A-Za-z0-9\[])"
)
_PLACEHOLDER = re.compile(
    r"^(?:pass(?:word|wd)?|pwd|secret|[$%][{(]?\w+[})%]?|<.*|\{.*|\[.*|\*+|x+|\.+|…+)$", re.IGNORECASE
)
_V4 = re.compile(
    r"(?<![\w.\-])(?<![A-Za-z]/)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?P<prefix>/\d{1,2})?(?![\w\-]|\.\d|/\d{3})",
    re.ASCII,
)
_V6 = re.compile(
    r"(?<![\w.])(?<![\w:]:)(?P<address>(?:[0-9A-Fa-f]{1,4}:|::)(?:[0-9A-Fa-f]{0,4}:){1,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4})?|::[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){1,6})"
    r"(?P<zone>%[\w.]+)?(?P<prefix>/\d{1,3})?(?![\w:]|\.\d)",
    re.ASCII,
)
_VERSION = re.compile(
    r"(?:\bv|\bver\.?|版本号?|版|version|\brelease|\bbuild|\brev\.?|\bsection|\bsect?\.|§|\bchapter|\bclause|\boid|固件|firmware|内核|kernel|升级到|更新到|upgraded? to)[\s:=(是为]*(?:to )?$",
    re.IGNORECASE,
)
_MAC = re.compile(
    r"(?:(?<![\w:-])|(?<=[Mm][Aa][Cc]:)|(?<=[g-zG-Z\u4e00-\u9fff]:))(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|(?<!\.)[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w]|[:-][0-9A-Fa-f]|\.[0-9A-Fa-f])",
    re.ASCII,
)
_WALLET = re.compile(
    r"(?<![0-9A-Za-z_])(?:0x[0-9A-Fa-f]{40}|[13T][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[0-9a-z]{11,71}|BC1[0-9A-Z]{11,71})(?![0-9A-Za-z_])"
)
_IBAN = re.compile(r"(?<![0-9A-Za-z_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,32}")


def emails(text: str) -> Iterator[Candidate]:
    """Addresses of mail, also those that spell `at` and `dot`."""
    for match in _EMAIL.finditer(text):
        remote = _REMOTE.match(text, match.end()) and (
            "/" in text[match.end() : match.end() + 2] or match["local"] == "git"
        )
        remote = remote or (match["local"] == "git" and text[match.end() : match.end() + 1] == ":")
        if (match["top"] or "").lower() not in _FILES and ".." not in match["local"] and not remote:
            yield Candidate(match.start(), match.end(), "email", CHECKED)
    for match in _SPELT.finditer(text):
        bracketed = any(c in match["at"] for c in "[({<")
        if bracketed:
            yield Candidate(match.start(), match.end(), "email", FORM)


def credentials(text: str) -> Iterator[Candidate]:
    """User and password in the address of a service."""
    for match in _CREDENTIALS.finditer(text):
        if not _PLACEHOLDER.match(match["password"]):
            yield Candidate(match.start("value"), match.end("value"), "url_credentials", LABELLED + 1)


def addresses(text: str) -> Iterator[Candidate]:
    """IPv4 and IPv6 addresses of hosts."""
    for match in _V4.finditer(text):
        written = match[0].removesuffix(match["prefix"] or "")
        parts = [int(part) for part in written.split(".")]
        padded = any(len(part) > 1 and part[0] == "0" for part in written.split("."))
        reserved = parts[0] in (0, 127) or parts[0] >= 224
        version = _VERSION.search(text[max(0, match.start() - 24) : match.start()])
        if padded or reserved or version or _is_network(match[0], match["prefix"]):
            continue
        label = labelled(text, match.start(), "ip", reach=16)
        doubtful = max(parts) < 32 and parts[0] != 10 and len(set(parts)) > 1
        on_net = (
            text[max(0, match.start() - 3) : match.start()] == "://" or text[match.start() - 1 : match.start()] == "@"
        )
        if (label or on_net or not doubtful) and not claimed(text, match.start(), "ip", "address", "phone", "mac"):
            yield Candidate(match.start(), match.start() + len(written), "ip_address", LABELLED if label else FORM)
    for match in _V6.finditer(text):
        if _is_host6(match["address"]) and not _is_network(match["address"] + (match["prefix"] or ""), match["prefix"]):
            end = match.end("zone") if match["zone"] else match.end("address")
            yield Candidate(match.start(), end, "ip_address", CHECKED)


def _is_network(written: str, prefix: str | None) -> bool:
    if not prefix:
        return False
    try:
        network = ip_network(written)
    except ValueError:
        return False
    return network.prefixlen < network.max_prefixlen


def _is_host6(written: str) -> bool:
    try:
        address = ip_address(written)
    except ValueError:
        return False
    groups = [group for group in written.split(":") if group]
    if [len(group) for group in groups] == [2] * 8:
        return False  # EUI-64 and other identifiers of eight bytes
    plain = len(groups) >= 4 or (len(groups[0]) == 4 and groups[0][0] in "23fF" and len(groups) >= 2)
    mapped = "." in written
    return (
        isinstance(address, IPv6Address)
        and plain | mapped
        and not (address.is_loopback or address.is_unspecified or address.is_multicast)
    )


def machines(text: str) -> Iterator[Candidate]:
    """MAC addresses."""
    for match in _MAC.finditer(text):
        digits = set(re.sub(r"[^0-9A-Fa-f]", "", match[0]).lower())
        decimal = match[0].count(".") == 2 and not any(c.isalpha() for c in match[0])
        label = labelled(text, match.start(), "mac", "ip")
        if len(digits) > 1 and (
            label or (not decimal and not claimed(text, match.start(), "phone", "address", "mac", "ip"))
        ):
            yield Candidate(match.start(), match.end(), "mac_address", LABELLED if label else FORM)


def money(text: str) -> Iterator[Candidate]:
    """Wallets and international account numbers."""
    for match in _WALLET.finditer(text):
        value = match[0]
        if value.startswith("0x"):
            holds = wallets.ethereum(value)
        else:
            holds = wallets.bech32(value) if value[:3].lower() == "bc1" else wallets.base58check(value)
        if holds:
            yield Candidate(match.start(), match.end(), "crypto_wallet", CHECKED)
    for match in _IBAN.finditer(text):
        end = _iban_end(match[0])
        following = text[match.start() + end : match.start() + end + 1] if end else ""
        if (
            end
            and not (following.isalnum() and following.isascii())
            and checksums.iban(re.sub("[ -]", "", match[0][:end]))
        ):
            yield Candidate(match.start(), match.start() + end, "iban", LABELLED)


def _iban_end(written: str) -> int:
    """Where the characters end that the country's numbers have; 0 when there are too few."""
    wanted, seen = checksums.iban_lengths().get(written[:2], 0), 0
    for place, c in enumerate(written, 1):
        seen += c not in " -"
        if seen == wanted:
            return place
    return 0
