"""Write `pii_blind.jsonl`: invented personal data and what only looks like it, to measure a detector that has never seen it.

    python benchmarks/make_pii_blind.py --help-pages FOLDER [--seed 20261122] [--out benchmarks/pii_blind.jsonl]

The values (`pii_blind_values.py`), the decoys (`pii_blind_decoys.py`) and the sentences (`pii_blind_templates.txt`) were written
from a description of the types alone, before their author had read a detector. Each line of the result is
`{"text": ..., "spans": [[start, end, type], ...]}` with half-open offsets in code points. All people, numbers and secrets are
drawn at random. FOLDER is `usr/share/libreoffice/help` of Debian's `libreoffice-help-zh-cn` and `libreoffice-help-en-us` 7.4.7
(MPL-2.0): paragraphs with digits in them; a sample was read by eye and the rest searched: no personal data.

The set is frozen. `FIRST_SHA256` is what was measured first; `mended` is all that was changed afterwards, because the description of
the types says otherwise, and gives `SHA256`. Nothing is changed to suit a detector.
"""

import argparse
import hashlib
import html
import json
import random
import re
from collections import Counter
from pathlib import Path

from pii_blind_decoys import DECOYS
from pii_blind_values import VALUES

FIRST_SHA256 = "a32009dc97df24ef8e0899f13b570509ed1b29b0e627e0445a68c30d5de5cc7c"
SHA256 = "991937dc1a8cd537c9299ab6ae50a64b51318e7b0bc3bf677a4aa5b886795769"
TEMPLATES = Path(__file__).with_name("pii_blind_templates.txt")
_SLOT = re.compile(r"<<(-?)([a-z_0-9]+)(:[a-z_]+)?>>")
_PARAGRAPH = re.compile(r'<p [^>]*class="paragraph"[^>]*>(.*?)</p>', re.DOTALL)
PER_TYPE = 110
RARE = {
    "travel_permit": 70, "driving_licence": 60, "organisation_code": 50, "card_cvv": 60, "private_key": 45, "jwt": 60, "imei": 60,
    "url_credentials": 60, "tax_id": 90, "uk_nino": 70, "tw_id": 80, "hk_id": 90,
}  # fmt: skip
REAL_PER_LANGUAGE = 150
FULLWIDTH = {
    "cn_resident_id", "mobile_phone", "landline_phone", "bank_card", "hk_id", "tw_id", "passport", "vehicle_plate", "qq_number",
    "social_credit_code", "date_of_birth",
}  # fmt: skip
INVISIBLE = {
    "cn_resident_id",
    "mobile_phone",
    "bank_card",
    "email",
    "wechat_id",
    "social_credit_code",
    "passport",
    "qq_number",
}
CHINESE_LABEL = ("：", "：", "：", ":", ": ", "： ", " ", "为", "是")
ENGLISH_LABEL = (": ", ": ", ": ", ":", " ", "\t", " is ", " - ")
Span = tuple[int, int, str]


def disguised(value: str, kind: str, draw: random.Random) -> str:
    """One value in sixteen in fullwidth characters, one in twenty-five with an invisible one inside."""
    turn = draw.random()
    if kind in FULLWIDTH and turn < 0.06 and "\n" not in value:
        return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in value)
    if kind in INVISIBLE and turn > 0.96 and "\n" not in value:
        at = draw.randint(1, len(value) - 1)
        return value[:at] + draw.choice("\u200b\u200d\u2060\ufeff\u00ad") + value[at:]
    return value


def rendered(template: str, draw: random.Random) -> tuple[str, list[Span]]:
    """The template with every slot filled, and where the true values lie."""
    template = template.replace("⏎", "\n").replace("⇥", "\t")
    template = re.sub("~(?=<<)", lambda _: draw.choice(CHINESE_LABEL), template)
    template = re.sub("§(?=<<)", lambda _: draw.choice(ENGLISH_LABEL), template)
    text, spans, end = "", list[Span](), 0
    for slot in _SLOT.finditer(template):
        text += template[end : slot.start()]
        end = slot.end()
        decoy, kind, variant = slot.groups()
        if decoy:
            text += DECOYS[kind](draw)
            continue
        value = disguised(VALUES[kind + (variant or "")](draw), kind, draw)
        spans.append((len(text), len(text) + len(value), kind))
        text += value
    return text + template[end:], spans


def kinds_of(template: str) -> list[str]:
    """The types of the true values in a template."""
    return [slot.group(2) for slot in _SLOT.finditer(template) if not slot.group(1)]


def rows_of(templates: list[str], draw: random.Random) -> list[tuple[str, list[Span]]]:
    """Rows until every type has its number of values, then as many decoy rows as there are values; one in five has two parts."""
    true, false = ([t for t in templates if bool(kinds_of(t)) is wanted] for wanted in (True, False))
    uses, held = Counter[str](), Counter[str]()
    rows: list[tuple[str, list[Span]]] = []

    def add(template: str) -> None:
        uses[template] += 1
        text, spans = rendered(template, draw)
        if draw.random() < 0.2:
            more, others = rendered(draw.choice(templates), draw)
            spans += [(start + len(text) + 1, end + len(text) + 1, kind) for start, end, kind in others]
            text += "\n" + more
        held.update(kind for _, _, kind in spans)
        rows.append((text, spans))

    for kind in dict.fromkeys(kind.partition(":")[0] for kind in VALUES):
        having = [template for template in true if kind in kinds_of(template)]
        while held[kind] < RARE.get(kind, PER_TYPE):
            least = min(uses[template] for template in having)
            add(draw.choice([template for template in having if uses[template] == least]))
    seen: set[str] = set()
    while len(seen) < sum(held.values()):
        template = draw.choice(false)
        text, _ = rendered(template, draw)
        if text not in seen:
            seen.add(text)
            rows.append((text, []))
    return rows


def paragraphs(folder: Path, draw: random.Random) -> list[tuple[str, list[Span]]]:
    """Real sentences with at least four digits in them, none of which is anybody's."""
    found: list[tuple[str, list[Span]]] = []
    for language in ("zh-CN", "en-US"):
        texts = dict[str, None]()
        for page in sorted((folder / language).rglob("*.html")):
            for body in _PARAGRAPH.findall(page.read_text(encoding="utf-8")):
                text = html.unescape(re.sub(r"<[^>]*>", "", body)).strip()
                if 20 <= len(text) <= 500 and sum(map(str.isdigit, text)) >= 4:
                    texts[text] = None
        assert len(texts) >= REAL_PER_LANGUAGE, f"{folder} has {len(texts)} paragraphs with digits in {language}"
        found += [(text, []) for text in draw.sample(list(texts), REAL_PER_LANGUAGE)]
    return found


_HOST_WITH_PREFIX = re.compile(r"198\.51\.\d*[13579]\.0/23")
_BORN = re.compile(r"(?:born on|生于) ?(1974-04-17)")


def mended(rows: list[tuple[str, list[Span]]]) -> list[tuple[str, list[Span]]]:
    """Without the rows whose answer the description leaves open, and with the birth dates that stand in the real text.

    Open: quoted passwords with spaces (`without white space` against `what is between the quotes`), and `198.51.173.0/23`, the address of a host
    rather than a network. Two help pages do say when somebody was born.
    """
    kept = []
    for text, spans in rows:
        spaced = any(kind == "password" and " " in text[start:end] for start, end, kind in spans)
        if spaced or _HOST_WITH_PREFIX.search(text):
            continue
        born = [(*match.span(1), "date_of_birth") for match in _BORN.finditer(text)]
        kept.append((text, spans + born))
    return kept


def main() -> None:
    """Write the set and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--help-pages", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pii_blind.jsonl"))
    chosen = parser.parse_args()
    draw = random.Random(chosen.seed)
    templates = [
        line for line in TEMPLATES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("## ")
    ]
    rows = rows_of(templates, draw) + paragraphs(chosen.help_pages, draw)
    draw.shuffle(rows)
    first = hashlib.sha256(_lines(rows).encode()).hexdigest()
    rows = mended(rows)
    chosen.out.write_text(_lines(rows), encoding="utf-8")
    counted = Counter(kind for _, spans in rows for _, _, kind in spans)
    print(*(f"{kind:20} {count}" for kind, count in sorted(counted.items())), sep="\n")
    empty = sum(not spans for _, spans in rows)
    print(f"{len(rows)} rows, {counted.total()} values, {empty} rows without one")
    print("sha256 before mending", first, "after", hashlib.sha256(chosen.out.read_bytes()).hexdigest())


def _lines(rows: list[tuple[str, list[Span]]]) -> str:
    return "".join(json.dumps({"text": text, "spans": spans}, ensure_ascii=False) + "\n" for text, spans in rows)


if __name__ == "__main__":
    main()
