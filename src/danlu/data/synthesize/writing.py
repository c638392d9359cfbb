"""The files of an artifact of pairs: each row on its side, no question twice, and the account of what was kept and what was not."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from danlu.core.artifacts import Corpus
from danlu.core.stages import Work
from danlu.data.augment.expand import text_hash
from danlu.data.synthesize.pairs import dumped
from danlu.data.synthesize.sides import side_of
from danlu.text.records import REJECTS, Reject, part_name
from danlu.text.segment import fold
from danlu.text.tables import TableWriter


class PairWriter:
    """Writes rows to their side, drops questions that were asked before (a hash of 8 bytes each), and counts."""

    def __init__(self, work: Work, documents: Corpus, held_out_share: float) -> None:
        self._folder = work.folder
        self._side: Callable[[str, str], str] = side_of(documents, held_out_share, work.seed)
        self._files = {
            n: (work.folder / f"{n}.jsonl").open("w", encoding="utf-8") for n in ("train", "held_out", "questions")
        }
        self._rejects = TableWriter(work.folder / "rejects" / part_name(0), REJECTS)
        self._asked: set[int] = set()
        self.counts: Counter[str] = Counter()
        self._rules: Counter[str] = Counter()
        self.licences: set[str] = set()

    def __enter__(self) -> "PairWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        for file in self._files.values():
            file.close()
        self._rejects.__exit__(kind, error, trace)

    def take(self, part: str, attempts: Iterable[Mapping[str, Any]]) -> None:
        """Write each attempt where it belongs."""
        for row in attempts:
            self.counts["input"] += 1
            reject = Reject(**row["reject"]) if "reject" in row else self._repeated(row)
            if reject:
                self._rejects.add_rows([asdict(reject)])
                self._rules[reject.rule] += 1
            else:
                self._keep(part, row)

    def _repeated(self, row: Mapping[str, Any]) -> Reject | None:
        question = row["messages"][0]["content"]
        key = text_hash(fold(question))
        if key in self._asked:
            return Reject(
                row["id"], row["source"], "question asked before", "the same question", "a question of its own"
            )
        self._asked.add(key)
        return None

    def _keep(self, part: str, row: Mapping[str, Any]) -> None:
        side = self._side(part, row["parent"])
        self._files[side].write(dumped([row]))
        if row["verbatim"]:
            self._files["questions"].write(dumped([_as_measure(row, side)]))
        self.counts["kept"] += 1
        self.counts[f"pairs {side}"] += 1
        self.counts[f"made: {row['kind']}"] += 1
        self.licences.add(row["licence"])

    def facts(self) -> dict[str, int]:
        """Counts for the manifest: input = kept + rejected, by rule and by kind."""
        counts = {"input": self.counts["input"], "kept": self.counts["kept"], "rejected": sum(self._rules.values())}
        counts |= {f"rejected: {rule}": count for rule, count in sorted(self._rules.items())}
        return counts | {name: n for name, n in sorted(self.counts.items()) if name not in counts}


def _as_measure(row: Mapping[str, Any], side: str) -> dict[str, Any]:
    """A question in the form in which `danlu evaluate INDEX --data` reads it."""
    turns = row["messages"]
    kept = {name: row[name] for name in ("language", "doc_id", "start", "end")}
    return {"question": turns[0]["content"], "file": row["source"], "quote": turns[1]["content"], "split": side, **kept}
