"""Tell languages: say of each document in which language it is, where nothing has said so yet.

Extraction knows the language of a row that names it and of speech: what was stated stays, as an ISO 639-1 code where that is clear.
A page of the web often states that of its template (`<html lang="en">` above Chinese), so pages are told all the same, and theirs counts
only where nothing else tells. `repair` does so too. Commands that read documents as they are (label, augment, split, ...) come here
first: what they do depends on the language, and no text is changed.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from danlu.core.artifacts import Corpus
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.parts import Batch, Verdict, map_parts
from danlu.text.characters import TABLE_SHA256
from danlu.text.language import KANA_OR_HANGUL, document_language
from danlu.text.language_tags import stated_language
from danlu.text.quality import COLUMNS, measure
from danlu.text.tables import read_groups

UNTOLD = "und"
"""ISO 639-2 for a language that is not determined."""
_PAGES = ("text/html", "application/xhtml+xml")
_ENGLISH_STOP_WORDS = 5
_CHINESE_CHARACTERS = 20


def languages_of(texts: pa.ChunkedArray, columns_DK: NDArray[np.int64]) -> list[str]:
    """The language of each text; what is English or Chinese beyond doubt is told by counts, a hundredth of the classifier's cost.

    The first of `columns_DK` (D, K) are those of danlu.text.quality.
    """
    columns = dict(zip(COLUMNS, columns_DK.T[: len(COLUMNS)], strict=True))
    letters_D = columns["word_characters"] - columns["digits"]
    english_D = (columns["stop_words_en"] >= _ENGLISH_STOP_WORDS) & (columns["han"] * 20 < letters_D)
    chinese_D = (columns["han"] >= _CHINESE_CHARACTERS) & (columns["han"] * 2 >= letters_D)
    chinese_D[chinese_D] = ~np.array(pc.match_substring_regex(texts.filter(pa.array(chinese_D)), KANA_OR_HANGUL))
    found = np.where(english_D, "en", np.where(chinese_D, "zh", "")).tolist()
    return [known or document_language(text.as_py()) for text, known in zip(texts, found, strict=True)]


def says_languages(corpus: Corpus) -> bool:
    """Whether somebody told the languages of a corpus: an extraction knows some of them at most. Reads one column, as far as needed."""
    if corpus.manifest.stage == "extract":
        return False
    return any(
        pc.any(pc.not_equal(table["language"], UNTOLD)).as_py() for table in read_groups(corpus.documents, ["language"])
    )


def _tell(work: Work, config: Config, *, documents: Corpus) -> Facts:
    return map_parts(work, documents, _told, shaped_by=tell_languages.shaping(config))


def _told(batch: Batch) -> Verdict:
    return Verdict(with_languages(batch.table))


def with_languages(table: pa.Table, columns_DK: NDArray[np.int64] | None = None) -> pa.Table:
    """The documents with the language of each told where none was stated; `columns_DK` are their counts where they are known."""
    stated = [stated_language(language or "") for language in table["language"].to_pylist()]
    media_types = table["media_type"].to_pylist()
    untold_D = np.array(
        [code == UNTOLD or kind in _PAGES for code, kind in zip(stated, media_types, strict=True)], bool
    )
    texts = table["text"].filter(pa.array(untold_D))
    if len(texts):
        told = languages_of(texts, measure(texts) if columns_DK is None else columns_DK[untold_D])
        for at, code in zip(np.flatnonzero(untold_D).tolist(), told, strict=True):
            stated[at] = stated[at] if code == UNTOLD else code
    column = pa.array(stated, pa.large_string())
    return table.set_column(table.schema.get_field_index("language"), "language", column)


tell_languages = Stage(
    "tell_languages",
    version=2,
    makes=Corpus,
    body=_tell,
    libraries=("py3langid",),
    rules=(("characters", TABLE_SHA256),),
    resumable=True,
)
