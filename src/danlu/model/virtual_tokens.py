"""Models with learnt vectors before their input: prefix tuning, prompt tuning, P-tuning, with PEFT's weights.

PEFT's own forward puts the vectors before the input of every call and drops `position_ids`, so a caller that keeps a
key-value cache, pads on the left or asks for some logits alone gets wrong ones without a word. Here they enter once, at
the start of a cache, and what comes out has the length of what went in. The tests take PEFT's forward as an oracle.

Shapes: B rows, T positions, P virtual tokens, D hidden size.
"""

from typing import Any

import torch

_PREFIX = "PREFIX_TUNING"


class VirtualTokensModel(torch.nn.Module):
    """A causal language model that behaves as if `count` virtual tokens stood before every input; called as the model itself.

    `inner` is what is called: the language model, or its layers without the output head.
    """

    def __init__(self, adapted: Any, inner: Any = None) -> None:
        """`adapted` is a PEFT model of prompt learning."""
        super().__init__()
        self.adapted = adapted
        # In a tuple, or the weights would have two names.
        self._inner = (adapted.get_base_model() if inner is None else inner,)
        self.count = int(adapted.active_peft_config.num_virtual_tokens)
        self.is_prefix = str(adapted.active_peft_config.peft_type.value) == _PREFIX

    @property
    def config(self) -> Any:
        """The base model's configuration."""
        return self.adapted.get_base_model().config

    @property
    def base_model(self) -> "VirtualTokensModel":
        """The same without the output head."""
        layers = VirtualTokensModel(self.adapted, self.adapted.get_base_model().base_model)
        return layers.train(self.training)

    def get_output_embeddings(self) -> Any:
        """The output head."""
        return self.adapted.get_base_model().get_output_embeddings()

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Any = None,
        use_cache: bool | None = None,
        logits_to_keep: int | torch.Tensor = 0,
    ) -> Any:
        """As the base model's; `attention_mask` and `position_ids` count real tokens alone."""
        [inner] = self._inner
        rows = len(input_ids)
        starts = past_key_values is None or past_key_values.get_seq_length() == 0
        given: dict[str, Any] = {"use_cache": use_cache, "past_key_values": past_key_values}
        if attention_mask is not None:
            seen_BP = attention_mask.new_ones(rows, self.count)
            given["attention_mask"] = torch.cat([seen_BP, attention_mask], dim=1)
        if starts and self.is_prefix:
            given["past_key_values"] = self._prefilled(rows, past_key_values)
        embeds_BTD = inner.get_input_embeddings()(input_ids)
        is_put_before = starts and not self.is_prefix
        if is_put_before:
            prompt_BPD = self.adapted.get_prompt(batch_size=rows).to(embeds_BTD.dtype)
            embeds_BTD = torch.cat([prompt_BPD, embeds_BTD], dim=1)
        if position_ids is not None:
            given["position_ids"] = self._positions(position_ids, is_put_before)
        if isinstance(logits_to_keep, torch.Tensor):
            given["logits_to_keep"] = logits_to_keep + (self.count if is_put_before else 0)
        elif logits_to_keep:
            given["logits_to_keep"] = logits_to_keep
        out = inner(inputs_embeds=embeds_BTD, **given)
        return self._without_virtual(out) if is_put_before and "logits_to_keep" not in given else out

    def _positions(self, position_ids_BT: torch.Tensor, is_put_before: bool) -> torch.Tensor:
        later_BT = position_ids_BT + self.count
        if not is_put_before:
            return later_BT
        own_P = torch.arange(self.count, device=later_BT.device)
        return torch.cat([own_P.expand(len(later_BT), -1), later_BT], dim=1)

    def _prefilled(self, rows: int, cache: Any) -> Any:
        """A cache that holds the prefix: the caller's, when there is one."""
        [inner] = self._inner
        # Recomputed layers drop their cache, and the prefix with it.
        assert not (self.training and getattr(inner, "is_activation_checkpointing", False)), "a prefix needs its cache"
        prefix = self.adapted.get_prompt(batch_size=rows)
        if cache is None:
            return prefix
        for number, layer in enumerate(prefix.layers):
            cache.update(layer.keys, layer.values, number)
        return cache

    def _without_virtual(self, out: Any) -> Any:
        for name in ("logits", "last_hidden_state"):
            if name in out:
                out[name] = out[name][:, self.count :]
        return out
