"""An ONNX model against the checkpoint that it was made from, run by onnxruntime; the tokenizer is what lies beside it."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from danlu.core.errors import Phrase, UserError
from danlu.core.library_errors import first_words
from danlu.core.progress import Progress
from danlu.prove.export import dtype as export_dtype
from danlu.prove.export.bars import judge
from danlu.prove.export.logits import Prediction, Sample, compare, everything, sample_logits
from danlu.prove.export.onnx_file import read_weights
from danlu.prove.export.template import TEMPLATE, compare_templates, token_names
from danlu.prove.export.tokens import TOKENIZER, compare_tokenizers
from danlu.prove.finding import Finding
from danlu.prove.folder import ModelFolder, open_folder

_NUMPY = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(bool)": np.bool_}  # fmt: skip
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")


def check_onnx(
    folder: ModelFolder, path: Path, texts: Sequence[str], *, threads: int, progress: Progress
) -> Iterator[Finding]:
    """The four checks. Raises UserError for a damaged file, for one that onnxruntime does not load, and without onnxruntime."""
    weights = read_weights(path)
    lines = [f"{kind}: {count:,}" for kind, count in weights.elements.most_common(4)]
    measured = {"bits per weight": round(weights.bits, 2), "size_bytes": path.stat().st_size}
    yield export_dtype.judge(export_dtype.not_as_named(path.name, weights.bits), lines, measured)
    yield from _check_files(folder, path)
    session = _open_session(path, threads)
    samples = sample_logits(folder, texts, threads=threads, progress=progress)
    yield judge(compare(samples, _predict(session, samples, path)), weights.bits, folder)


def _check_files(folder: ModelFolder, path: Path) -> Iterator[Finding]:
    """The tokenizer and the template beside the file, or in the folder above, as Transformers.js lays them out."""
    places = (path.parent, path.parent.parent)
    beside = next((place for place in places if any((place / name).is_file() for name in _TOKENIZER_FILES)), None)
    if beside is None:
        said, needs = (
            Phrase("no tokenizer lies beside {path}", path=path.name),
            Phrase("the tokenizer's files that are shipped with it"),
        )
        yield TOKENIZER.not_checkable(said, needs)
        yield TEMPLATE.not_checkable(said, needs)
        return
    theirs = open_folder(beside)
    yield compare_tokenizers(folder, theirs)
    yield compare_templates(folder, theirs.chat_template, token_names(theirs))


def _open_session(path: Path, threads: int) -> Any:
    if find_spec("onnxruntime") is None:
        raise UserError("onnxruntime is not installed here", "pip install 'danlu[prove]'")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  # onnxruntime's errors have no common type of their own
        raise UserError(
            "{path}: onnxruntime does not load it: {problem}",
            "export it again; weights in a file of their own must lie beside it",
            path=path,
            problem=first_words(error),
        ) from None


def _predict(session: Any, samples: Sequence[Sample], path: Path) -> Iterator[list[Prediction]]:
    wanted = {entry.name: entry for entry in session.get_inputs()}
    name = next(
        (output.name for output in session.get_outputs() if output.name == "logits"), session.get_outputs()[0].name
    )
    for sample in samples:
        try:
            (logits_BTV,) = session.run([name], _feed(wanted, sample.ids))
        except Exception as error:  # noqa: BLE001  # as above
            raise UserError(
                "{path}: onnxruntime cannot run it on a text: {problem}",
                "a model with inputs input_ids, attention_mask, position_ids and past key values is expected",
                path=path,
                problem=first_words(error),
            ) from None
        yield everything(logits_BTV[0].astype(np.float32), sample.positions)


def _feed(wanted: Mapping[str, Any], ids: Sequence[int]) -> dict[str, Any]:
    """Values for the inputs that exporters of language models name; caches are empty."""
    count = len(ids)
    known = {
        "input_ids": np.array([ids]),
        "attention_mask": np.ones((1, count)),
        "position_ids": np.arange(count)[None],
        "cache_position": np.arange(count),
        "token_type_ids": np.zeros((1, count)),
        "use_cache_branch": np.zeros(1),
        "num_logits_to_keep": np.array(0),
    }
    return {name: known.get(name, _empty(entry)).astype(_NUMPY[entry.type]) for name, entry in wanted.items()}


def _empty(entry: Any) -> Any:
    """A cache without tokens: its first unknown length is the batch, the others are positions."""
    lengths = [length if isinstance(length, int) else 0 for length in entry.shape]
    return np.zeros([1, *lengths[1:]])
