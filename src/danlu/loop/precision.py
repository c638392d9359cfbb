"""Mixed precision (Micikevicius et al. 2018, arXiv 1710.03740): products in 16 bits, weights and sums in 32.

bfloat16 has float32's range and needs no scaling; float16's gradients would vanish unless the loss is scaled up (`Gradients`).
"""

from contextlib import AbstractContextManager
from typing import Any

import torch

_KINDS = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def autocast(device_type: str, precision: str) -> AbstractContextManager[Any]:
    """The context in which a loss is computed."""
    return torch.autocast(device_type, _KINDS.get(precision), enabled=precision in _KINDS)
