"""What a pretraining is measured by while it runs: bits per byte of held-out documents, and what the model says."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from danlu.core.errors import Phrase, WorkFailed
from danlu.core.progress import Progress
from danlu.loop.causal import CausalLearner
from danlu.loop.held_out import HeldOutFeed
from danlu.loop.packed import PackedCorpus
from danlu.loop.packing import pack
from danlu.loop.shards import Shards
from danlu.loop.token_feed import TokenFeed
from danlu.model.families import context_tokens
from danlu.train.measuring import Measuring
from danlu.train.objectives import Specials, make_feed

_FIXED_SEED = 0
"""Of what is measured: equal for every training, so that scores can be compared."""
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


class Scores(Protocol):
    """Measures a learner as its weights stand."""

    def take(self, done: int) -> float:
        """The score while the training runs; lower is better."""

    def final(self) -> dict[str, float]:
        """The scores at its end, by language where that can be told, and under `all`."""

    def write_samples(self, path: Path) -> None:
        """What the model says, as JSON Lines, where its objective is to say something."""


def make_scores(
    learner: torch.nn.Module,
    tokenizer: Path,
    specials: Specials,
    held_out: Shards,
    measuring: Measuring,
    progress: Progress,
) -> Scores:
    """The scores of an objective. Raises WorkFailed when no document is held out."""
    if not held_out.documents:
        raise WorkFailed("No document is held out to measure with", "Add documents, or raise split.validation_share.")
    if isinstance(learner, CausalLearner):
        return CausalScores(learner, tokenizer, held_out, measuring, progress)
    return ObjectiveScores(learner, specials, held_out, measuring, progress)


class ObjectiveScores:
    """Nats for each token that was to be told, of the same rows each time, hidden in the same places."""

    def __init__(
        self,
        learner: torch.nn.Module,
        specials: Specials,
        held_out: Shards,
        measuring: Measuring,
        progress: Progress,
    ) -> None:
        self._learner, self._specials, self._measuring, self._progress = learner, specials, measuring, progress
        self._corpus = PackedCorpus("held out", held_out, pack(held_out.lengths(), measuring.sequence_tokens))

    def take(self, done: int) -> float:
        """Of a sample; says it."""
        score = self._nats(self._measuring.running_tokens)
        self._progress.line(f"{done}: {score:.3f}")
        return score

    def final(self) -> dict[str, float]:
        """Under `all` alone: rows mix languages."""
        return {"all": self._nats(self._measuring.final_tokens)}

    def write_samples(self, path: Path) -> None:
        """Nothing: a hidden token is no text."""

    def _nats(self, tokens: int) -> float:
        rows = self._corpus.packing.rows
        wanted = min(rows, max(1, tokens // self._measuring.sequence_tokens))
        drawn = TokenFeed(
            [self._corpus],
            steps=wanted,
            step_sequences=1,
            micro_batch_sequences=1,
            seed=_FIXED_SEED,
            max_epochs=1.0,
        )
        feed = make_feed(self._measuring.objective, drawn, [self._corpus], self._specials, 1, _FIXED_SEED)
        device = next(self._learner.parameters()).device
        with torch.no_grad():
            nats = sum(float(self._learner(batch.to(device))) for step in range(wanted) for batch in feed.batches(step))
        return nats / max(1, sum(feed.targets(step) for step in range(wanted)))


class CausalScores:
    """Bits per byte, and what the model says."""

    def __init__(
        self, learner: CausalLearner, tokenizer: Path, held_out: Shards, measuring: Measuring, progress: Progress
    ) -> None:
        from tokenizers import Tokenizer

        self._learner, self._held_out, self._measuring, self._progress = learner, held_out, measuring, progress
        self._feed = self._of(measuring.running_tokens)
        self._tokenizer = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))

    def _of(self, tokens: int) -> HeldOutFeed:
        measuring = self._measuring
        step_tokens = measuring.micro_batch_rows * measuring.sequence_tokens
        return HeldOutFeed(
            self._held_out, sequence_tokens=measuring.sequence_tokens, step_tokens=step_tokens, max_tokens=tokens
        )

    def final(self) -> dict[str, float]:
        """Bits per byte by language, and under `all`."""
        return self._bits_per_byte(self._of(self._measuring.final_tokens))

    def take(self, done: int) -> float:
        """Bits per byte of all languages together; says it, and how the model goes on with a text."""
        score = self._bits_per_byte(self._feed)["all"]
        self._progress.line(Phrase("{done}: {score} bits per byte", done=done, score=f"{score:.3f}"))
        for sample in self.samples() if self._measuring.speaks else ():
            self._progress.line(f"  {sample.language}: {sample.prompt} ▸{sample.continuation}".replace("\n", " "))
        return score

    def _bits_per_byte(self, feed: HeldOutFeed) -> dict[str, float]:
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
            torch.manual_seed(_FIXED_SEED)
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
