"""What is said of a training before its first step, and of a prediction when it is over."""

from collections.abc import Mapping
from typing import Any, TextIO

from danlu.cli.speech import Speech
from danlu.core.machine import Hardware, size
from danlu.loop.predict import Prediction
from danlu.loop.probe import Workload
from danlu.train.first_example import bracketed, coloured
from danlu.train.foresee import Needs
from danlu.train.outlook import Example, Outlook


class Page:
    """Says it in one language, line by line."""

    def __init__(self, stage: str, say: Speech, stream: TextIO) -> None:
        self._stage, self._say, self._stream = stage, say, stream

    def line(self, text: str) -> None:
        """One line, after the name of the stage."""
        print(f"{self._stage:<16} {text}", file=self._stream, flush=True)

    def rows(self, outlook: Outlook) -> None:
        """What becomes of the rows."""
        say = self._say
        said = ", ".join(f"{count} {say(reason)}" for reason, count in outlook.rows)
        total = sum(count for _, count in outlook.rows)
        self.line(say("{total} {what}: {said}", total=total, what=say(outlook.of_what), said=said))
        if outlook.remark:
            self.line(say(outlook.remark.template, **outlook.remark.values))

    def example(self, example: Example) -> None:
        """A row: in colours on a terminal, in brackets elsewhere."""
        say, tokenizer = self._say, example.tokenizer
        if not any(example.loss_mask):
            self.line(say("{what}:", what=example.what))
        elif self._stream.isatty():
            self.line(say("{what}; what is green is learnt, what is bold is a control token:", what=example.what))
        else:
            self.line(say("{what}; what stands in ⟦ ⟧ is learnt:", what=example.what))
        if not self._stream.isatty():
            shown = bracketed(tokenizer, example.ids, example.loss_mask).rstrip("\n")
            print("\n".join(f"    {line}" for line in shown.split("\n")), file=self._stream, flush=True)
            return
        from rich.console import Console
        from rich.padding import Padding

        text = coloured(tokenizer, example.ids, example.loss_mask)
        text.rstrip()
        Console(file=self._stream).print(Padding(text, (0, 0, 0, 4)), highlight=False)

    def needs(self, needs: Needs, hardware: Hardware) -> None:
        """By formula."""
        say = self._say
        self.line(
            say(
                "by formula {memory} of memory ({room} are free) and {disk} of disk ({disk_room} are free)",
                memory=size(needs.memory_bytes),
                room=size(needs.room_bytes),
                disk=size(needs.disk_bytes),
                disk_room=size(hardware.disk_free_bytes),
            )
        )

    def untried(self, workload: Workload) -> None:
        """Of a training whose steps cannot be tried before it."""
        say = self._say
        self.line(
            say(
                "{steps} steps of {tokens} tokens at most in all; how long they take cannot be told before: another library trains",
                steps=workload.steps,
                tokens=f"{workload.tokens:,}",
            )
        )

    def prediction(self, prediction: Prediction) -> None:
        """By trial steps."""
        say = self._say
        assert prediction.wall_s is not None and prediction.cpu_s is not None, "trial steps have a time"
        self.line(
            say(
                "predicted: {steps} steps, {tokens} tokens, {wall} ({cpu} of the processor), {memory} of memory, {disk} of disk",
                steps=prediction.steps,
                tokens=f"{prediction.tokens:,}",
                wall=duration(prediction.wall_s, say),
                cpu=duration(prediction.cpu_s, say),
                memory=size(prediction.memory_bytes),
                disk=size(prediction.disk_bytes),
            )
        )


def compared_line(record: Mapping[str, Any], say: Speech) -> str:
    """What was used beside what was predicted, as run.json has it."""
    predicted, used, ratio = record["predicted"], record["used"], record["ratio"]
    if "wall_s" not in predicted:
        return say(
            "used / predicted: memory {memory} / {memory_then} ({memory_ratio})",
            memory=size(used["memory_bytes"]),
            memory_then=size(predicted["memory_bytes"]),
            memory_ratio=f"{ratio.get('memory_bytes', 0):.2f}",
        )
    return say(
        "used / predicted: {wall} / {wall_then} ({wall_ratio}), processor {cpu} / {cpu_then} ({cpu_ratio}), memory {memory} / {memory_then} ({memory_ratio})",
        wall=duration(used["wall_s"], say),
        wall_then=duration(predicted["wall_s"], say),
        wall_ratio=f"{ratio.get('wall_s', 0):.2f}",
        cpu=duration(used["cpu_s"], say),
        cpu_then=duration(predicted["cpu_s"], say),
        cpu_ratio=f"{ratio.get('cpu_s', 0):.2f}",
        memory=size(used["memory_bytes"]),
        memory_then=size(predicted["memory_bytes"]),
        memory_ratio=f"{ratio.get('memory_bytes', 0):.2f}",
    )


def duration(seconds: float, say: Speech) -> str:
    """In the unit in which it is a small number."""
    if seconds < 120:
        return say("{count} s", count=f"{seconds:.0f}")
    if seconds < 7200:
        return say("{count} min", count=f"{seconds / 60:.0f}")
    return say("{count} h", count=f"{seconds / 3600:.1f}")
