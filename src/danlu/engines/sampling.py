"""The next token from its logits.

Shapes: B rows, V tokens of the vocabulary.
"""

from typing import Any


def greedy(logits_BV: Any) -> list[int]:
    """Take the likeliest token of each row."""
    return [int(token) for token in logits_BV.argmax(dim=-1).tolist()]


def sample(logits_V: Any, temperature: float, top_p: float, generator: Any) -> int:
    """One token: the likeliest at temperature 0, else drawn from the nucleus (Holtzman et al. 2019, 1904.09751).

    The nucleus is the fewest likeliest tokens whose probabilities sum to at least `top_p`.
    """
    import torch

    if temperature == 0:
        return greedy(logits_V.unsqueeze(0))[0]
    probabilities_V = torch.softmax(logits_V.to(torch.float32) / temperature, dim=-1)
    ordered_V, tokens_V = probabilities_V.sort(descending=True, stable=True)
    before_V = ordered_V.cumsum(dim=-1) - ordered_V
    nucleus_V = ordered_V.where(before_V < max(top_p, 1e-9), torch.zeros_like(ordered_V))
    return int(tokens_V[torch.multinomial(nucleus_V, 1, generator=generator)].item())
