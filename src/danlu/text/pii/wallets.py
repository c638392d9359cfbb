"""Addresses of crypto-currencies, by their checksums: base58check (Bitcoin, Tron), bech32 and bech32m (BIP 173, 350), EIP-55."""

from collections.abc import Sequence
from hashlib import sha256

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32M = 0x2BC830A3
"""The constant of BIP 350, for versions above 0; it is 1 for version 0."""
_CHECK_CHARACTERS = 6
_VERSIONS = {0x00, 0x05, 0x41}
"""First byte: Bitcoin to a key, Bitcoin to a script, Tron."""


def base58check(address: str) -> bool:
    """Whether 25 bytes come out whose last four are the double hash of the others."""
    if any(c not in _BASE58 for c in address):
        return False
    raw = to_base58_bytes(address)
    return len(raw) == 25 and raw[0] in _VERSIONS and double_hash(raw[:21]) == raw[21:]


def to_base58_bytes(address: str) -> bytes:
    """The bytes that the characters stand for."""
    number = 0
    for c in address:
        number = number * 58 + _BASE58.index(c)
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes(len(address) - len(address.lstrip("1"))) + body


def from_base58_bytes(raw: bytes) -> str:
    """The characters that stand for the bytes."""
    number, out = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = _BASE58[digit] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def double_hash(raw: bytes) -> bytes:
    """The four check bytes."""
    return sha256(sha256(raw).digest()).digest()[:4]


def bech32(address: str) -> bool:
    """A Bitcoin witness address, either of the two constants."""
    prefix, _, data = address.lower().rpartition("1")
    if prefix != "bc" or any(c not in _BECH32 for c in data):
        return False
    return _remainder([_BECH32.index(c) for c in data]) in (1, _BECH32M)


def bech32_of(drawn: bytes, size: int, version: str) -> str:
    """A witness address of `size` characters and a version (the character behind `bc1`), from at least 32 bytes drawn by chance."""
    program = [byte & 31 for byte in drawn * 2][: size - len("bc1") - 1 - _CHECK_CHARACTERS]
    if len(program) * 5 > 256:  # 32 bytes fill 52 characters but for four bits, which are 0
        program[-1] &= 16
    data = [_BECH32.index(version), *program]
    check = _remainder([*data, *[0] * _CHECK_CHARACTERS]) ^ (1 if version == "q" else _BECH32M)
    data += [check >> 5 * (_CHECK_CHARACTERS - 1 - place) & 31 for place in range(_CHECK_CHARACTERS)]
    return "bc1" + "".join(_BECH32[value] for value in data)


def _remainder(data: Sequence[int]) -> int:
    """What the code of BIP 173 leaves of the prefix `bc` and the data: the constant of the version when it holds."""
    check = 1
    for value in [*(ord(c) >> 5 for c in "bc"), 0, *(ord(c) & 31 for c in "bc"), *data]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check


def ethereum(address: str) -> bool:
    """`0x` and 40 hexadecimal digits: of one case, or in the mixed case of EIP-55."""
    digits = address[2:]
    if digits in (digits.lower(), digits.upper()):
        return len(set(digits)) > 4
    return digits == checksummed(digits)


def checksummed(digits: str) -> str:
    """40 hexadecimal digits in the mixed case of EIP-55."""
    hashed = keccak_256(digits.lower().encode()).hex()
    return "".join(c.upper() if int(bit, 16) >= 8 else c for c, bit in zip(digits.lower(), hashed, strict=False))


def keccak_256(message: bytes) -> bytes:
    """Keccak with the padding of the competition, not that of SHA-3: hashlib has only the latter."""
    block_bytes = 136
    padded = bytearray(message + b"\x01" + bytes(block_bytes - 1 - len(message) % block_bytes))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), block_bytes):
        for lane in range(block_bytes // 8):
            x, y = lane % 5, lane // 5
            lanes[x][y] ^= int.from_bytes(padded[start + 8 * lane : start + 8 * lane + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))


def _permuted(a: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600]; the round constants come from its own shift register."""
    register = 1
    for _ in range(24):
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x + 4) % 5] ^ _rotated(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        x, y, current = 1, 0, a[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], _rotated(current, (t + 1) * (t + 2) // 2)
        for y in range(5):
            row = [a[x][y] for x in range(5)]
            for x in range(5):
                a[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for j in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                a[0][0] ^= 1 << ((1 << j) - 1)
    return a


def _rotated(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) & 0xFFFFFFFFFFFFFFFF
