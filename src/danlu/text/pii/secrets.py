"""Keys, tokens and passwords: what opens something. Forms of issuers as they publish them for secret scanning."""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator

from danlu.text.pii.finding import LABELLED, Candidate
from danlu.text.pii.labels import OTHER, label_before

_ISSUED = re.compile(
    r"(?<![0-9A-Za-z_-])(?:(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|gh[pousr]_[0-9A-Za-z]{36,251}|github_pat_[0-9A-Za-z_]{22,244}"
    r"|glpat-[0-9A-Za-z_-]{20,64}|xox[abeoprs]-[0-9A-Za-z-]{10,250}|xapp-\d-[0-9A-Za-z-]{10,250}|sk-ant-[0-9A-Za-z_-]{24,200}|sk-proj-[0-9A-Za-z_-]{24,200}"
    r"|sk-(?:svcacct-|None-|or-v1-)?[0-9A-Za-z]{20,164}|(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{16,247}|whsec_[0-9A-Za-z+/=]{24,64}|hf_[0-9A-Za-z]{30,64}|npm_[0-9A-Za-z]{36}"
    r"|LTAI[0-9A-Za-z]{12,30}|AKID[0-9A-Za-z]{13,48}|SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16,64}|pypi-[0-9A-Za-z_-]{50,250}|ya29\.[0-9A-Za-z_-]{20,250}"
    r"|dop_v1_[0-9a-f]{64}|shpat_[0-9a-fA-F]{32}|AGE-SECRET-KEY-1[0-9A-Z]{58})(?![0-9A-Za-z_-])"
)  # fmt: skip
_BESIDE = {
    "AKIA": re.compile(r"[\s\"'`,;:/|=>()\[\]]{1,12}?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"),
    "LTAI": re.compile(r"[\s\"'`,;:/|=>()\[\]]{1,12}?([A-Za-z0-9]{30})(?![A-Za-z0-9])"),
    "AKID": re.compile(r"[\s\"'`,;:/|=>()\[\]]{1,12}?([A-Za-z0-9]{32})(?![A-Za-z0-9])"),
}
"""The secrets of AWS, Alibaba Cloud and Tencent Cloud have no form of their own, and stand right behind the id that names the issuer."""
_BESIDE |= dict.fromkeys(("ASIA", "ABIA", "ACCA"), _BESIDE["AKIA"])
_NAMED = re.compile(
    r"(?P<label>(?<![A-Za-z])(?:[A-Za-z0-9]{1,20}[_-])*(?:api[_ -]?key|apikey|app[_ -]?key|app[_ -]?secret|client[_ -]?secret|secret[_ -]?key|secret[_ -]?access[_ -]?key|access[_ -]?key(?:[_ -]?id|[_ -]?secret)?"
    r"|access[_ -]?token|auth[_ -]?token|refresh[_ -]?token|bearer|token|secret|signing[_ -]?key|encryption[_ -]?key|private[_ -]?key|auth[_ -]?key|account ?sid)|密钥|秘钥|密鑰|令牌|授权码|私钥|[Aa]ccess[Kk]ey(?:[Ii]d|[Ss]ecret)?|[Aa]pp[Kk]ey)"
    r"(?:\]|\))?[\"'`]?\s{0,3}(?:[:=]|:=|=>|是|为|is\b|(?<=[Bb]earer)\s)\s{0,3}[\"'`]?(?:Bearer )?(?P<value>[A-Za-z0-9_\-+/=.~]{16,512})",
    re.IGNORECASE,
)
_PEM = re.compile(
    r"-----BEGIN (?P<kind>(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?)-----[\s\S]{16,16000}?-----END (?P=kind)-----"
)
_JWT = re.compile(
    r"(?<![0-9A-Za-z_.-])(eyJ[0-9A-Za-z_-]{8,})\.[0-9A-Za-z_-]{4,}\.[0-9A-Za-z_-]{8,}(?![0-9A-Za-z_-]|\.[0-9A-Za-z_-])"
)
_PASSWORD = re.compile(
    r"(?P<label>(?<![A-Za-z])(?:[A-Za-z0-9]{1,20}[_-]){0,4}(?:password|passwd|passphrase|passcode|pwd|pass|psw)|(?<=[a-z])(?:Password|Passwd|Pwd)|密码|密碼|口令)[\"'`]?\]?\s{0,4}"
    r"(?P<sign>:=|=>|==|[:=]|是|为|is\b:?|>(?=[^<\s]{4,100}</))[^\S\n]{0,3}(?:\"(?P<double>[^\"\n]{4,100})\"|'(?P<single>[^'\n]{4,100})'|`(?P<tick>[^`\n]{4,100})`|“(?P<curly>[^”\n]{4,100})”"
    r"|(?P<bare>[!-&(-+\--:=-_a-~]{4,100}))",
    re.IGNORECASE,
)
_UNSIGNED = re.compile(
    r"(?:(?P<han>密码|密碼|口令)[^\S\n]?|(?<![A-Za-z])(?:password|passwd|passphrase|passcode|pwd)[^\S\n])(?P<value>[!-~]{6,40})",
    re.IGNORECASE,
)
"""A password right behind its label, without a sign between: only what is written like one counts."""
_NO_PASSWORD = re.compile(
    r"^(?:sha[-_]?\d|md[245]|utf|base\d|argon|pbkdf|[bs]?crypt|yescrypt|aes|des\d|rc\d|rsa|hmac|v\d|\d+(?:\.\d+)+|oauth|ipv\d|http|x\.?509|pkcs|win|tls|ssl|rfc|iso|gb/?t|web|ldap|ntlm|wpa\d|\d{4}-\d)"
    r"|[(<>{}\[\]]|^[^A-Za-z0-9]|/|\\|::",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"""^(?:[*•.xX·_\-#?]+|<.*|\$.*|%[\w(].*|\{.*|\[.*|.*\{\{.*|your.*|my[_-]?(?:password|secret|key|token)|example.*|changeme|change[_-]me.*|placeholder|redacted|hidden|masked|none|null|nil|undefined|true|false|yes|no|required
    |optional|empty|string|str|text|bytes|varchar\S*|char\S*|input|secret|password|passwd|token|api[_-]?key|insert.*|replace.*|todo|n/?a|default|not|the|a|an|this|that|if|for|to|is|are|must|should|can|will|may|use|uses|used|set
    |enter|type|field|same|only|when|with|and|or|in|on|of|from|optional\S*|self\..*|os\..*|env\..*|process\..*|config\..*|settings?\..*|request\..*|args\..*|user\..*|this\..*|data\..*|form\..*|params\..*|SecretStr|Field)$""",
    re.IGNORECASE | re.VERBOSE,
)
_CODE = re.compile(r"^[A-Za-z_][\w.]*(?:\(|\[)|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+[,;)]*$|^[A-Za-z_]\w*\?\.?|->|::")
_PROSE = re.compile(r"^[A-Za-z][a-z'’-]*[.,;:!?]?$")


def issued_keys(text: str) -> Iterator[Candidate]:
    """Keys whose form names the issuer."""
    for match in _ISSUED.finditer(text):
        if _random(match[0][4:], 2.6):
            yield Candidate(match.start(), match.end(), "api_key", LABELLED + 1)
            beside = _BESIDE[match[0][:4]].match(text, match.end()) if match[0][:4] in _BESIDE else None
            if (
                beside
                and _random(beside[1], 3.5)
                and all(re.search(kind, beside[1]) for kind in ("[a-z]", "[A-Z]", r"\d"))
            ):
                yield Candidate(beside.start(1), beside.end(1), "api_key", LABELLED + 1)


def named_keys(text: str) -> Iterator[Candidate]:
    """Random values behind a label."""
    for match in _NAMED.finditer(text):
        value = match["value"].rstrip(".")
        label = label_before(text, match.start("value"))
        hashed = label is not None and label.kind == OTHER and label.tight
        if _random(value, 3.0) and not hashed and not _EMPTY.match(value) and not _dotted(value):
            yield Candidate(match.start("value"), match.start("value") + len(value), "api_key", LABELLED)


def _dotted(value: str) -> bool:
    """Names of a program: `settings.SECRET_KEY`, `my-secret-name`."""
    return not any(c.isdigit() for c in value) and (
        value.count(".") + value.count("_") + value.count("-") + value.count("/") > 0 or value.islower()
    )


def _random(value: str, bits: float) -> bool:
    """Whether no word repeats here: bits of entropy per character, and both letters and digits or both cases."""
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) if value else 0.0
    kinds = sum(any(test(c) for c in value) for test in (str.isdigit, str.islower, str.isupper))
    return entropy >= bits and kinds >= 2 and re.search(r"x{5}|X{5}|1234567890abcdef|0{8}", value) is None


def private_keys(text: str) -> Iterator[Candidate]:
    """PEM blocks of private keys."""
    for match in _PEM.finditer(text):
        yield Candidate(match.start(), match.end(), "private_key", LABELLED + 2)


def tokens(text: str) -> Iterator[Candidate]:
    """JSON web tokens: three parts of which the first is a JSON object."""
    for match in _JWT.finditer(text):
        try:
            header = base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4))
        except binascii.Error:
            continue
        if header.startswith(b"{") and b'"alg"' in header:
            yield Candidate(match.start(), match.end(), "jwt", LABELLED + 2)


def passwords(text: str) -> Iterator[Candidate]:
    """What is given as a password; code that reads one and sentences about one are left."""
    for match in _PASSWORD.finditer(text):
        name = str(match.lastgroup)
        start, end = match.span(name)
        value = match[name]
        if name == "bare":
            value = re.split(r"&(?=\w+=)|[,;|]", value, maxsplit=1)[0] if match["sign"] != "是" else value
            value = value.rstrip(".,;:)]}")
            end = start + len(value)
        if _is_password(value, match["sign"], name, text[end : end + 40]):
            yield Candidate(start, end, "password", LABELLED)


def unsigned_passwords(text: str) -> Iterator[Candidate]:
    """`密码 abc123`, `password Abc123!`: letters and digits in one word; in English, where sentences go on, three kinds of characters."""
    for match in _UNSIGNED.finditer(text):
        value = match["value"].rstrip(".,;:?)]}'\"")
        kinds = sum(re.search(kind, value) is not None for kind in ("[a-z]", "[A-Z]", r"\d", r"[^\sA-Za-z0-9]"))
        has_both = re.search("[A-Za-z]", value) and re.search(r"\d", value)
        enough = len(value) >= 6 and (kinds >= 2 if match["han"] else kinds >= 3)
        if (
            has_both
            and enough
            and not _NO_PASSWORD.search(value)
            and not _EMPTY.match(value)
            and not _CODE.search(value)
        ):
            start = match.start("value")
            yield Candidate(start, start + len(value), "password", LABELLED)


def _is_password(value: str, sign: str, name: str, after: str) -> bool:
    if len(value) < 4 or _EMPTY.match(value) or " " in value:
        return False
    if name != "bare":
        return True
    if _CODE.search(value) or not value.isascii():
        return False
    prose = _PROSE.match(value) is not None
    if prose and "\u4e00" <= after[:1] <= "\u9fff":
        return False  # 口令是Samba加密的
    if sign.startswith("is") or (prose and after[:1] == " " and re.match(r" [A-Za-z]", after)):
        return not prose
    return not prose or sign in ("=", ":", "是", "为", ":=", "=>")
