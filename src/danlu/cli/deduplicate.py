"""deduplicate, pairs, repeats: one document of each set of duplicates stays; what was taken for a duplicate of what, and what was cut."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from danlu.cli.given import inputs_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.cli.tables import print_table
from danlu.core.artifacts import Corpus
from danlu.core.store import open_artifact
from danlu.data.deduplicate.differences import Change, changes
from danlu.data.deduplicate.pairs import Pair, least_similar
from danlu.data.deduplicate.shown import CutPassage, commonest_lines, longest_passages
from danlu.recipes.single_deduplicate import deduplicate_plan

CONTEXT_CHARACTERS = 40
"""Equal text that is shown on each side of a difference."""
_RED, _GREEN, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[0m"


def deduplicate(options: Namespace, say: Speech) -> None:
    """Keep one document of each set of duplicates."""
    make(deduplicate_plan(inputs_of(options), options.licence, settings_of(options)), options, say)


def pairs(options: Namespace, say: Speech) -> None:
    """Show what was removed beside what was kept for it."""
    corpus = open_artifact(Path(options.corpus), Corpus)
    if options.json:
        found = [_as_json(pair) for pair in least_similar(corpus, options.limit)]
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print_pairs(corpus, say, options.limit)


def print_pairs(corpus: Corpus, say: Speech, limit: int) -> None:
    """Print `limit` pairs of near duplicates, the least similar first, with the difference between their texts."""
    found = least_similar(corpus, limit)
    if not found:
        print(say("no near duplicates"))
    for pair in found:
        print(
            say(
                "similarity {jaccard}: {removed} was removed for {kept}",
                jaccard=f"{pair.jaccard:.3f}",
                removed=pair.removed.source,
                kept=pair.kept.source,
            )
        )
        print(f"  {''.join(_shown(list(changes(pair.kept.text, pair.removed.text)), sys.stdout.isatty()))}\n")


def repeats(options: Namespace, say: Speech) -> None:
    """Show the passages and lines that were cut, and where they stay."""
    corpus = open_artifact(Path(options.corpus), Corpus)
    passages, lines = longest_passages(corpus, options.limit), commonest_lines(corpus, options.limit)
    if options.json:
        listed = [{"tokens": found.tokens, "cut": vars(found.cut), "kept": vars(found.kept)} for found in passages]
        print(json.dumps({"passages": listed, "lines": lines}, indent=2, ensure_ascii=False))
        return
    if not passages and not lines:
        print(say("no repeated passages or lines"))
    for passage in passages:
        _print_passage(passage, say)
    if lines:
        print_table(
            [say("documents"), say("site or folder"), say("line that was cut")],
            [[line["documents"], line["of"], _cut(line["line"], True, True)] for line in lines],
        )


def _print_passage(passage: CutPassage, say: Speech) -> None:
    ours, theirs = (" ".join(place.text.split()) for place in (passage.cut, passage.kept))
    print(
        say(
            "{tokens} tokens were cut from {cut} and stay in {kept}",
            tokens=passage.tokens,
            cut=passage.cut.source,
            kept=passage.kept.source,
        )
    )
    for text in (ours,) if ours == theirs else (ours, theirs):
        print(f"  {text[:CONTEXT_CHARACTERS]} … {text[-CONTEXT_CHARACTERS:]}")
    print()


def _shown(stretches: list[Change], coloured: bool) -> Iterator[str]:
    """Both texts in one line: {+kept only+}, [-removed only-], and equal text cut to what surrounds a difference."""
    for number, change in enumerate(stretches):
        if change.is_equal:
            yield _cut(change.kept, number > 0, number + 1 < len(stretches))
            continue
        for text, marks, colour in ((change.removed, "[-{}-]", _RED), (change.kept, "{{+{}+}}", _GREEN)):
            if text:
                yield f"{colour}{text}{_PLAIN}" if coloured else marks.format(text)


def _cut(text: str, is_after: bool, is_before: bool) -> str:
    if len(text) <= CONTEXT_CHARACTERS * (is_after + is_before):
        return text
    left = text[:CONTEXT_CHARACTERS] if is_after else ""
    return f"{left} … {text[-CONTEXT_CHARACTERS:] if is_before else ''}"


def _as_json(pair: Pair) -> dict[str, Any]:
    differences = [vars(change) for change in changes(pair.kept.text, pair.removed.text) if not change.is_equal]
    return vars(pair) | {"kept": vars(pair.kept), "removed": vars(pair.removed), "differences": differences}
