"""What augmentation costs: megabytes of text per CPU-second for each method, on a corpus that `danlu clean` wrote.

    python benchmarks/data_augment.py CORPUS [WORDNET]

Only the methods are timed, in one process, after a first document that loads their word lists.
"""

import sys
import time
from pathlib import Path

from danlu.data.augment.methods import METHODS, Tools
from danlu.data.augment.protected import protected_spans
from danlu.data.augment.variants import random_of
from danlu.data.augment.wordnet import find_wordnet
from danlu.text.records import Document
from danlu.text.tables import stream_rows

LEFT_OUT = ("back_translation",)


def main() -> None:
    """Time every method and print the table."""
    documents = [Document.of(row) for row in stream_rows(Path(sys.argv[1]) / "documents")]
    tools = Tools(0.15, 0.05, 0.5, find_wordnet(Path(sys.argv[2]) if len(sys.argv) > 2 else None))
    print(f"{'method':12}{'language':>9}{'MB':>7}{'CPU s':>8}{'MB/s':>8}{'edits':>8}")
    for method, (languages, propose) in METHODS.items():
        for language in languages:
            own = [document for document in documents if document.language == language]
            if method in LEFT_OUT or not own or tools.missing(method, language):
                continue
            propose(own[0], protected_spans(own[0]), random_of(0, "", method, 0), tools)
            size, edits, started = 0, 0, time.process_time()
            for document in own:
                proposal = propose(document, protected_spans(document), random_of(0, document.doc_id, method, 0), tools)
                size, edits = size + len(document.text.encode()), edits + len(proposal.edits)
            cpu_s = time.process_time() - started
            print(f"{method:12}{language:>9}{size / 1e6:7.2f}{cpu_s:8.2f}{size / 1e6 / cpu_s:8.2f}{edits:8}")


if __name__ == "__main__":
    main()
