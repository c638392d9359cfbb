"""Small corpora in Chinese and English, in several parts, for tests of what is made from a corpus."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from danlu.core.artifacts import Corpus
from danlu.core.stages import Facts
from danlu.text.records import DOCUMENTS, EDITS, REJECTS, Block, Document, licences_of, part_name
from danlu.text.tables import write_rows
from stages import ran

ENGLISH = (
    "Installing packages on a server\n\nThe scheduler starts the job. It does not need {n} files, and you are ready when the vendor sends"
    " the list. A package is a set of files that belong together.\n\nHow do I remove a package?\n\nAda Lovelace said on page {n} that her"
    " brother computes the sum of 12 numbers at https://example.org/{n}. He purchased the large table himself.\n\n"
    "name\tsize\nalpha{n}\t{n} kB\nbeta{n}\t20 kB"
)
CHINESE = (
    "在服务器上安装软件包\n\n服务员把房卡交给了门童。软件包是指一组相互关联的文件，大小为{n}千字节。他的妈妈说，我们应加强管理，保持稳定，扩大规模。\n\n"
    "怎样删除软件包？\n\n管理员在北京用 apt-get 删除了第{n}个软件包，先生们很满意。您有没有问题？他们能帮助用户解决问题。\n\n名称\t大小\n甲{n}\t{n}千字节\n乙{n}\t二十千字节"
)


def manual(number: int, chinese: bool, **facts: object) -> Document:
    """One page of a manual: two headings, prose, a table."""
    text = (CHINESE if chinese else ENGLISH).format(n=number + 30)
    blocks, position = [], 0
    for piece in text.split("\n\n"):
        lines = piece.split("\n") if "\t" in piece else [piece]
        for line in lines:
            start = text.index(line, position)
            position = start + len(line)
            heading = len(line) < 40 and "\t" not in line
            kind = "heading" if heading else "table" if "\t" in line else "text"
            blocks.append(Block(start, position, kind, level=1 if heading else 0))
    name = f"{'zh' if chinese else 'en'}-{number:03}"
    language = "zh" if chinese else "en"
    return Document(
        name,
        text,
        f"Manual {name}",
        f"docs/{name}.html",
        "text/html",
        "MIT",
        language,
        tuple(blocks),
        meta=str(facts or "{}").replace("'", '"'),
    )


def manuals(count: int = 12) -> list[Document]:
    """Half of them Chinese, each with a fact about its author in `meta`."""
    return [manual(number, number % 2 == 1, author="ab"[number % 3 == 0]) for number in range(count)]


def corpus(documents: Sequence[Document], parts: int = 3) -> Corpus:
    """The documents as a corpus of so many parts."""

    def write(folder: Path) -> Facts:
        size = -(-len(documents) // parts)
        for part in range(parts):
            rows = [asdict(document) for document in documents[part * size : (part + 1) * size]]
            write_rows(folder / "documents" / part_name(part), rows, DOCUMENTS)
            write_rows(folder / "rejects" / part_name(part), [], REJECTS)
            write_rows(folder / "edits" / part_name(part), [], EDITS)
        found = {"input": len(documents), "kept": len(documents), "rejected": 0}
        return Facts(found, licences_of([asdict(document) for document in documents]))

    return ran(Corpus, write)
