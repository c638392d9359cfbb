"""A checkpoint run by Transformers in this process, with a key-value cache, token by token."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from danlu.engines.sampling import sample
from danlu.model.loading import load_model


class TransformersEngine:
    """One generation at a time: on a CPU two would only halve each other's speed."""

    def __init__(self, checkpoint_dir: Path, threads: int) -> None:
        self._model: Any = load_model(checkpoint_dir, threads=threads)
        self._turn = threading.Lock()

    def generate(
        self,
        prompt_ids: list[int],
        *,
        max_tokens: int,
        stop_ids: frozenset[int],
        temperature: float,
        top_p: float,
        seed: int,
    ) -> Iterator[int]:
        """See Engine."""
        import torch
        from transformers import DynamicCache

        with self._turn:
            generator = torch.Generator().manual_seed(seed)
            cache = DynamicCache(config=self._model.config)
            new_ids = prompt_ids
            for _ in range(max_tokens):
                # Entered for each token: the mode belongs to the thread, which may do other things between two.
                with torch.inference_mode():
                    out = self._model(
                        input_ids=torch.tensor([new_ids]), past_key_values=cache, use_cache=True, logits_to_keep=1
                    )
                    token = sample(out.logits[0, -1], temperature, top_p, generator)
                yield token
                if token in stop_ids:
                    return
                new_ids = [token]

    def close(self) -> None:
        """See Engine."""
        self._model = None
