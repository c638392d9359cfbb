"""A slot for a natural-language-inference model: whether a hypothesis follows from a premise.

Any Transformers cross-encoder with three labels, one of them `entailment`, from a folder. None comes with danlu: those that install
without a hub were looked for and none was found. It can only drop what the rules have kept. danlu.yaml's `entailment` names it.
"""

from pathlib import Path
from typing import Any, Protocol

from danlu.core.errors import UserError

_LONGEST_TOKENS = 512
_NEXT_STEP = "A model for natural language inference has the labels entailment, neutral and contradiction."
_SHOWN = 200
"""Characters of what the library says."""


class Entailment(Protocol):
    """Judges one pair."""

    def entailed(self, premise: str, hypothesis: str) -> float:
        """The probability, 0 to 1, that the hypothesis follows."""


class CrossEncoder:
    """A sequence classifier over pairs (Entailment)."""

    def __init__(self, folder: Path) -> None:
        """Load the model; raises UserError where there is none, or none of its labels is entailment."""
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                "{path} holds no model for natural language inference: {problem}",
                _NEXT_STEP,
                path=folder,
                problem=str(error).splitlines()[0][:_SHOWN],
            ) from None
        labels = {str(name).lower(): int(at) for at, name in self._model.config.id2label.items()}
        if "entailment" not in labels:
            raise UserError(
                "{path} has the labels {labels}, and none of them is entailment",
                _NEXT_STEP,
                path=folder,
                labels=", ".join(sorted(labels)),
            )
        self._entailment = labels["entailment"]

    def entailed(self, premise: str, hypothesis: str) -> float:
        """See Entailment. A premise that is too long is cut at its end; 0 for a hypothesis that leaves it no room."""
        import torch

        longest = min(_LONGEST_TOKENS, self._tokenizer.model_max_length)
        if 2 * len(self._tokenizer(hypothesis)["input_ids"]) > longest:
            return 0.0
        pair = self._tokenizer(premise, hypothesis, truncation="only_first", max_length=longest, return_tensors="pt")
        with torch.inference_mode():
            logits_BL = self._model(**pair).logits
        return float(torch.softmax(logits_BL[0].float(), dim=-1)[self._entailment])
