"""How many answerable questions an index refuses, and how many general ones it does not.

    python benchmarks/refusals.py INDEX QUESTIONS

INDEX is a folder that `danlu index` wrote, QUESTIONS a JSON Lines file of {"lang", "question"} that the documents answer:
`examples/handbook/questions.jsonl` for that example, `office_questions.jsonl` for the `guide` pages of Calc and Writer in Debian's
packages libreoffice-help-en-us and libreoffice-help-zh-cn.
"""

import argparse
import json
from pathlib import Path

from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.index import opened
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions


def main() -> None:
    """Print a line per language and kind of question, and the questions that fared wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("questions", type=Path)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines()]
    with opened(options.index / "index.sqlite") as searcher:
        for language in LANGUAGES:
            own = [row["question"] for row in rows if row["lang"] == language]
            for kind, questions in (("answerable", own), ("off-domain", off_domain_questions(language, "test"))):
                refused = [question for question in questions if answer(searcher, question).refused]
                print(f"{language} {kind}: {len(refused)} of {len(questions)} refused")
                wrong = refused if kind == "answerable" else sorted(set(questions) - set(refused))
                print("".join(f"    {question}\n" for question in wrong), end="")


if __name__ == "__main__":
    main()
