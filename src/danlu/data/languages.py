"""Tell languages: say of each document in which language it is, where nothing has said so yet.

Extraction knows the language of a row that names it and of speech; `repair` tells it of every text that it mends. Commands that
read documents as they are (label, augment, split, ...) come here first: what they do depends on the language, and no text is changed.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from danlu.core.artifacts import Corpus
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.parts import Batch, Verdict, map_parts
from danlu.text.characters import TABLE_SHA256
from danlu.text.language import KANA_OR_HANGUL, document_language
from danlu.text.quality import COLUMNS, measure
from danlu.text.tables import read_groups

UNTOLD = "und"
"""ISO 639-2 for a language that is not determined."""
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
    table = batch.table
    untold = pc.equal(table["language"], UNTOLD)
    texts = table["text"].filter(untold)
    told = languages_of(texts, measure(texts)) if len(texts) else []
    return Verdict(_with_languages(table, untold, told))


def _with_languages(table: pa.Table, untold: pa.ChunkedArray, told: Sequence[str]) -> pa.Table:
    column = pc.replace_with_mask(
        table["language"].combine_chunks(), untold.combine_chunks(), pa.array(told, pa.large_string())
    )
    return table.set_column(table.schema.get_field_index("language"), "language", column)


tell_languages = Stage(
    "tell_languages",
    version=1,
    makes=Corpus,
    body=_tell,
    libraries=("py3langid",),
    rules=(("characters", TABLE_SHA256),),
    resumable=True,
)
