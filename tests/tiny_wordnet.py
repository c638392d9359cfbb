"""A WordNet of a dozen words, in the format of its database files (wndb(5WN))."""

from pathlib import Path

_SYNSETS = {
    "verb": [["compute", "calculate"], ["purchase", "buy"]],
    "noun": [["vendor", "seller"], ["bank", "shore"], ["bank", "fund"], ["hard_vendor"], ["list"]],
    "adj": [["large", "big"]],
    "adv": [["quickly", "rapidly"]],
}
_IRREGULAR = {"verb": "bought buy\n", "noun": "", "adj": "", "adv": ""}
_LETTERS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
_NUMBERS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


def write_wordnet(folder: Path) -> Path:
    """Write the files and return the folder."""
    counts = []
    for name, synsets in _SYNSETS.items():
        data, places = "  1 a licence\n", []
        for words in synsets:
            places.append(len(data))
            listed = " ".join(f"{word} 0" for word in words)
            data += f"{places[-1]:08} 00 {_LETTERS[name]} {len(words):02x} {listed} 000 | a gloss\n"
        (folder / f"data.{name}").write_text(data, encoding="ascii")
        senses: dict[str, list[int]] = {}
        for place, words in zip(places, synsets, strict=True):
            for word in words:
                senses.setdefault(word, []).append(place)
        lines = [
            f"{word} {_LETTERS[name]} {len(own)} 0 {len(own)} 1 {' '.join(f'{place:08}' for place in own)}  \n"
            for word, own in sorted(senses.items())
        ]
        (folder / f"index.{name}").write_text("  1 a licence\n" + "".join(lines), encoding="ascii")
        (folder / f"{name}.exc").write_text(_IRREGULAR[name], encoding="ascii")
        counts += [
            f"{word}%{_NUMBERS[name]}:00:00:: {n} 5" for word, own in senses.items() for n in range(1, len(own) + 1)
        ]
    (folder / "cntlist.rev").write_text("\n".join(counts) + "\n", encoding="ascii")
    return folder
