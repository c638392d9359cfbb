"""Typical jobs, and whether this machine has the memory for each: what `danlu doctor` promises.

Shapes are those that the models' own configurations state. Memory is the formula of danlu.loop.footprint with a row of 512 tokens
at a time; a run of its own is predicted closer, by a probe.
"""

from dataclasses import dataclass
from typing import Literal

from danlu.core.errors import Phrase
from danlu.core.machine import Hardware
from danlu.loop.footprint import Shape, Training, footprint

_TOKENS = 512
SMOLLM2_135M = Shape(30, 576, 1536, 9, 3, 64, 49_152, is_tied=True, is_gated=True)
_LLAMA_3_2_1B = Shape(16, 2048, 8192, 32, 8, 64, 128_256, is_tied=True, is_gated=True)
_QWEN2_5_7B = Shape(28, 3584, 18_944, 28, 4, 128, 152_064, is_tied=False, is_gated=True)
_TINY = Shape(6, 384, 1024, 6, 6, 64, 8_192, is_tied=True, is_gated=True)
_SMALL = Shape(12, 768, 2048, 12, 12, 64, 32_768, is_tied=True, is_gated=True)
_SERVED_BYTES = 600 * 2**20
"""An estimate: the gateway (200 MB), llama.cpp with SmolLM2's file (92 MB), and its keys and values (190 MB for 8,192 positions)."""

Verdict = Literal["fits", "tight", "too large"]
_TIGHT = 0.85
"""Share of the memory above which other programs, or a longer row, may end a run."""


@dataclass(frozen=True)
class Job:
    """Something that danlu does, and what it takes."""

    name: Phrase
    extra: str
    """Of danlu, that it needs."""
    memory_bytes: int
    gpu_bytes: int | None = None
    """On a graphics processor; None when it makes no use of one."""

    def verdict(self, hardware: Hardware) -> Verdict:
        """Whether the machine's memory, or a graphics processor's, is enough."""
        roomy = [_judge(self.memory_bytes, hardware.usable_memory_bytes)]
        if self.gpu_bytes is not None:
            roomy += [_judge(self.gpu_bytes, gpu.memory_bytes) for gpu in hardware.gpus]
        order: tuple[Verdict, ...] = ("fits", "tight", "too large")
        return min(roomy, key=order.index)


def typical_jobs(hardware: Hardware) -> list[Job]:
    """From serving a small model to adapting one of 7 billion weights."""
    precision: Literal["float32", "bfloat16"] = "bfloat16" if hardware.bfloat16 else "float32"

    def training(name: Phrase, shape: Shape, method: Literal["full", "lora", "qlora"]) -> Job:
        here = Training(method, _TOKENS, _TOKENS, precision)
        there = Training(method, _TOKENS, _TOKENS, "bfloat16", recomputes=True, device="cuda")
        return Job(name, "train", footprint(shape, here).total, footprint(shape, there).total)

    return [
        Job(Phrase("serve SmolLM2-135M"), "serve", _SERVED_BYTES),
        training(Phrase("LoRA of a model of 135 million weights"), SMOLLM2_135M, "lora"),
        training(Phrase("full fine-tuning of 135 million weights"), SMOLLM2_135M, "full"),
        training(Phrase("LoRA of 1 billion weights"), _LLAMA_3_2_1B, "lora"),
        training(Phrase("LoRA of 7 billion weights"), _QWEN2_5_7B, "lora"),
        training(Phrase("LoRA of 7 billion weights in 4 bits"), _QWEN2_5_7B, "qlora"),
        training(Phrase("pretrain a model of 14 million weights"), _TINY, "full"),
        training(Phrase("pretrain a model of 110 million weights"), _SMALL, "full"),
    ]


def _judge(needed: int, there: int) -> Verdict:
    if needed > there:
        return "too large"
    return "tight" if needed > _TIGHT * there else "fits"
