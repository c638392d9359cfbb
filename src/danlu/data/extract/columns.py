"""Documents as an Arrow table, column by column: a tenth of the time of going through dictionaries."""

from collections.abc import Sequence
from operator import attrgetter

import pyarrow as pa

from danlu.text.records import DOCUMENTS, Document

_BLOCK = DOCUMENTS.field("blocks").type
_PLAIN = ("doc_id", "text", "title", "source", "media_type", "language", "licence")


def table_of(documents: Sequence[Document]) -> pa.Table:
    """Rows of DOCUMENTS, as extraction makes them: their offsets are empty."""
    columns = {name: pa.array(list(map(attrgetter(name), documents)), pa.large_string()) for name in _PLAIN}
    columns["blocks"] = _blocks(documents)
    columns["offsets"] = pa.array([[]] * len(documents), DOCUMENTS.field("offsets").type)
    columns["meta"] = pa.array([document.meta for document in documents], pa.large_string())
    return pa.table(columns, schema=DOCUMENTS)


def _blocks(documents: Sequence[Document]) -> pa.ListArray:
    ends = [0]
    for document in documents:
        ends.append(ends[-1] + len(document.blocks))
    blocks = [block for document in documents for block in document.blocks]
    fields = list(_BLOCK.value_type)
    arrays = [pa.array(list(map(attrgetter(field.name), blocks)), field.type) for field in fields]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.StructArray.from_arrays(arrays, fields=fields))
