"""decontaminate: a corpus without the items that will measure it."""

import json
from argparse import Namespace
from itertools import islice
from pathlib import Path

from danlu.cli.given import inputs_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.cli.tables import print_table
from danlu.recipes.single_decontaminate import decontaminate_plan
from danlu.text.contamination.side_by_side import excerpt
from danlu.text.tables import stream_rows


def decontaminate(options: Namespace, say: Speech) -> None:
    """Take evaluation items out of documents, and show what was found side by side."""
    waivers = Path(options.waive) if options.waive else None
    against = [Path(path) for path in options.against]
    plan = decontaminate_plan(inputs_of(options), options.licence, against, waivers, settings_of(options))
    make(plan, options, say)
    if not options.json:
        _print_found(Path(options.out), options.show, say)


def _print_found(folder: Path, shown: int, say: Speech) -> None:
    listing = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    print_table(
        [say("benchmark"), say("items"), say("found"), say("rows that are no items")],
        [[row["benchmark"], row["items"], row["found"], row["rows that are no items"]] for row in listing],
    )
    for row in islice(stream_rows(folder / "matches"), shown):
        print()
        print(
            say(
                "{benchmark}:{row} in {source}: {kind}, {overlap:.0%} of its words, {action} (item {item})",
                benchmark=row["benchmark"],
                row=row["row"],
                source=row["source"],
                kind=say(row["kind"]),
                overlap=row["overlap"],
                action=say(row["action"]),
                item=row["item"][:16],
            )
        )
        print(say("  item:     {text}", text=excerpt(row["item_text"], row["item_start"], row["item_end"])))
        print(say("  document: {text}", text=excerpt(row["text"], 0, len(row["text"]))))
        if row["waiver"]:
            print(say("  waived by {waiver}", waiver=row["waiver"]))
