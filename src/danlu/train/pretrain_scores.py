"""What a pretraining is measured by while it runs: bits per byte of held-out documents, and what the model says."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import WorkFailed
from danlu.core.progress import Progress
from danlu.loop.causal import CausalLearner
from danlu.loop.held_out import HeldOutFeed
from danlu.model.families import context_tokens

_SAMPLE_TOKENS = 48
_PROMPT_TOKENS = 12
_MOST_SAMPLES = 3
"""Languages of which a sample is said, the most frequent first."""


@dataclass(frozen=True)
class Sample:
    """The beginning of a held-out document, and how the model goes on."""

    language: str
    prompt: str
    continuation: str


class Scores:
    """Scores a learner as its weights stand, and keeps what it said for `samples.jsonl`."""

    def __init__(
        self, learner: CausalLearner, tokenizer: Path, feed: HeldOutFeed, seed: int, progress: Progress
    ) -> None:
        from tokenizers import Tokenizer

        if not feed.steps:
            raise WorkFailed(
                "No document is held out to measure with", "Add documents, or raise split.validation_share."
            )
        self._learner, self._feed, self._seed, self._progress = learner, feed, seed, progress
        self._tokenizer = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))

    def take(self, done: int) -> float:
        """Bits per byte of all languages together; says it, and how the model goes on with a text."""
        score = self.bits_per_byte(self._feed)["all"]
        self._progress.line(f"{done}: {score:.3f} bits per byte")
        for sample in self.samples():
            self._progress.line(f"  {sample.language}: {sample.prompt} ▸{sample.continuation}".replace("\n", " "))
        return score

    def bits_per_byte(self, feed: HeldOutFeed) -> dict[str, float]:
        """By language, and under `all`."""
        return {language: score.bits_per_byte for language, score in feed.bits_per_byte(self._nats(feed)).items()}

    def samples(self) -> list[Sample]:
        """What the model goes on with after the beginning of a held-out document, for each language."""
        return [
            Sample(language, self._text(prompt), self._text(self._continue(prompt)))
            for language, prompt in self._prompts()
        ]

    def write_samples(self, path: Path) -> None:
        """The samples as JSON Lines."""
        lines = [json.dumps(asdict(sample), ensure_ascii=False) for sample in self.samples()]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _nats(self, feed: HeldOutFeed) -> list[float]:
        device = next(self._learner.parameters()).device
        with torch.no_grad():
            return [
                sum(float(self._learner(batch.to(device))) for batch in feed.batches(step))
                for step in range(feed.steps)
            ]

    def _prompts(self) -> list[tuple[str, list[int]]]:
        steps: dict[str, list[int]] = {}
        for step in range(self._feed.steps):
            steps.setdefault(self._feed.language(step), []).append(step)
        frequent = sorted(steps, key=lambda language: (-sum(map(self._feed.tokens, steps[language])), language))
        return [
            (language, self._feed.rows(steps[language][0])[0].ids[:_PROMPT_TOKENS].tolist())
            for language in frequent[:_MOST_SAMPLES]
        ]

    def _continue(self, prompt: Sequence[int]) -> list[int]:
        model: Any = self._learner.model
        device = next(self._learner.parameters()).device
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(self._seed)
            out = model.generate(
                torch.tensor([list(prompt)], device=device),
                max_new_tokens=self._room(len(prompt)),
                do_sample=True,
                temperature=0.7,
            )
        said: list[int] = out[0, len(prompt) :].tolist()
        return said

    def _room(self, prompt_tokens: int) -> int:
        """Tokens that the model's positions leave for a sample."""
        context = context_tokens(self._learner.model.config.to_dict())
        return min(_SAMPLE_TOKENS, context - prompt_tokens)

    def _text(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids)))
