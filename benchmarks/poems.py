"""Poems of the Tang and early Song as text files, a hundred in each: Chinese that does not repeat itself, for train_learn.py.

python benchmarks/poems.py PACKAGE OUT, where PACKAGE is what the archive of npm's `chinese-poetry` 2.0.1 holds (MIT, 85 MB).
"""

import json
import sys
from pathlib import Path

SONG_FILES = 20
"""Of 255, a thousand poems each; all 58 of the Tang are taken."""
TOGETHER = 100


def main(package: Path, out: Path) -> None:
    """Title, author and lines of each poem."""
    out.mkdir(parents=True, exist_ok=True)
    tang, song = (sorted(package.glob(f"dist/quantangshi/poet.{age}.*.json")) for age in ("tang", "song"))
    for path in (*tang, *song[:SONG_FILES]):
        poems = json.loads(path.read_text(encoding="utf-8"))
        for at in range(0, len(poems), TOGETHER):
            told = [poem for poem in poems[at : at + TOGETHER] if poem["paragraphs"]]
            text = "\n\n".join("\n".join((poem["title"], poem["author"], *poem["paragraphs"])) for poem in told)
            (out / f"{path.stem}.{at}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
