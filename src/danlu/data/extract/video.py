"""Video to blocks: what is written, at every change of scene, by OCR, and what is said, in the order of time (PyAV)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.data.extract import ocr
from danlu.data.extract.audio import HINT, Speech, listen, speech_facts
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.pdf_order import regions
from danlu.data.extract.pdf_rows import joined, rows

_STEP_S = 1.0
"""Seconds between the frames that are looked at: slides stay longer."""
_SCENE_CHANGE = 0.005
"""Share of a frame's points whose brightness changes: a new line of text changes about this much, coding noise nothing."""
_BRIGHTNESS = 0.1
"""Change of one point's brightness, 0 to 1, that is more than coding noise."""
_MAX_SCENES = 600
"""Frames that OCR reads, each a second or two: a lecture of an hour has under 100 slides."""
_THUMBNAIL = (320, 180)


@dataclass(frozen=True)
class _Scene:
    start_s: float
    text: str


def extract_video(content: bytes, model: str = "") -> Extracted:
    """Read a video; raises Unreadable when it is damaged, or neither shows nor says text that can be read here."""
    try:
        import av
    except ImportError:
        raise Unreadable("needs an extra", "a video", HINT) from None
    try:
        with av.open(io.BytesIO(content)) as container:
            has_sound = bool(container.streams.audio)
            scenes = list(_scenes(container)) if container.streams.video and ocr.is_installed() else []
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable("damaged", str(error) or type(error).__name__, "a whole video") from None
    heard, missing = _heard(content, model) if has_sound else (None, None)
    if not scenes and not (heard and heard.segments):
        if missing:
            raise missing
        if not ocr.is_installed():
            raise Unreadable("needs an extra", "a video", ocr.HINT)
        raise Unreadable("no text", "a video without writing or speech", "writing or speech")
    return _joined(scenes, heard, missing)


def _heard(content: bytes, model: str) -> tuple[Speech | None, Unreadable | None]:
    """The speech, or why it cannot be read here: what is written is kept all the same."""
    try:
        return listen(content, model), None
    except Unreadable as reason:
        return None, reason


def _joined(scenes: list[_Scene], heard: Speech | None, missing: Unreadable | None) -> Extracted:
    spoken = [(segment.start_s, segment.text) for segment in heard.segments] if heard else []
    writer = BlockWriter()
    for _, text in sorted([*((scene.start_s, scene.text) for scene in scenes), *spoken], key=lambda part: part[0]):
        writer.add("text", text)
    edits = [("scene read by OCR", len(scenes))] if scenes else []
    if heard and heard.dropped:
        edits.append(("segment of speech left out", heard.dropped))
    if missing:
        edits.append(("sound left out", 1))
    meta: dict[str, Any] = {"scenes_s": [round(scene.start_s, 1) for scene in scenes]}
    return writer.finish("", tuple(edits), {**meta, **(speech_facts(heard) if heard else {})})


def _scenes(container: Any) -> Iterator[_Scene]:
    """The scenes that show text; lines that stood on the scene before are not repeated."""
    shown: set[str] = set()
    for start_s, pixels_HWC in islice(_changes(container), _MAX_SCENES):
        lines = [joined(row) for region in regions(ocr.recognise(pixels_HWC).lines) for row in rows(region)]
        new = [line for line in lines if line not in shown]
        shown = set(lines)
        if new:
            yield _Scene(start_s, "\n".join(new))


def _changes(container: Any) -> Iterator[tuple[float, ocr.Picture]]:
    last: NDArray[np.float32] | None = None
    next_s = 0.0
    for frame in container.decode(video=0):
        time_s = float(frame.time or 0.0)
        if time_s < next_s:
            continue
        next_s = time_s + _STEP_S
        small = frame.reformat(*_THUMBNAIL, format="gray").to_ndarray().astype(np.float32) / 255
        if last is None or float((np.abs(small - last) > _BRIGHTNESS).mean()) > _SCENE_CHANGE:
            last = small
            yield time_s, frame.to_ndarray(format="rgb24")
