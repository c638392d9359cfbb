"""QLoRA's base model (Dettmers et al. 2023, arXiv 2305.14314): 4-bit NormalFloat weights with double quantisation.

Embeddings, norms and the output head stay whole. The adapter learns beside the 4-bit weights, so it is merged into those,
dequantised, and never into the whole weights that it has not seen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import UserError
from danlu.model.adapted import quiet_peft
from danlu.model.loading import load_model, pays_bfloat16, quiet_transformers

QUANTIZED = "nf4"


def load_4bit(base_dir: Path, *, threads: int) -> Any:
    """The checkpoint with its linear layers in 4 bits and all else in float32, on the CPU; the loop moves it to where it trains."""
    if find_spec("bitsandbytes") is None:
        raise UserError("method qlora needs the package bitsandbytes", "pip install 'danlu[train,quantize]'")
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    torch.set_num_threads(threads)
    how: Any = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=QUANTIZED,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_available() or pays_bfloat16() else torch.float32,
    )  # type: ignore[no-untyped-call]
    with quiet_transformers(), quiet_peft():
        model: Any = AutoModelForCausalLM.from_pretrained(
            base_dir, dtype=torch.float32, quantization_config=how, device_map={"": "cpu"}, local_files_only=True
        )
    for layer in _quantized_layers(model).values():
        # After the first pass without gradients this packs the weights for inference, and the way back then reads them
        # as if they were not packed: gradients have nothing to do with the loss (cosine 0), and no error is raised.
        layer.support_avx512bf16_for_cpu = False
    return model.eval()


@contextmanager
def computing_exactly(model: Any) -> Iterator[None]:
    """Compute in float32, as merged weights do: what differs then is the merge and not the arithmetic."""
    layers = list(_quantized_layers(model).values())
    before = [layer.compute_dtype for layer in layers]
    for layer in layers:
        layer.compute_dtype = torch.float32
    try:
        yield
    finally:
        for layer, kind in zip(layers, before, strict=True):
            layer.compute_dtype = kind


def dequantized(model: Any, base_dir: Path, *, threads: int) -> Any:
    """The checkpoint with whole float32 weights that have the values of `model`'s 4-bit ones; `model` may wear an adapter."""
    from bitsandbytes.functional import dequantize_4bit

    dense = load_model(base_dir, threads=threads)
    with torch.no_grad():
        for name, layer in _quantized_layers(model).items():
            whole = dequantize_4bit(layer.weight.data, layer.weight.quant_state)
            dense.get_submodule(name).weight.copy_(whole)
    return dense


def _quantized_layers(model: Any) -> dict[str, Any]:
    """The 4-bit layers by their names in the base model, with or without PEFT around them."""
    from bitsandbytes.nn.modules import Linear4bit
    from peft import PeftModel

    inner: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    return {
        name.removesuffix(".base_layer"): module
        for name, module in inner.named_modules()
        if isinstance(module, Linear4bit)
    }
