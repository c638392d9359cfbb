"""What stands in for a tokenizer where TRL asks for one: it has no chat template, so nothing can be rendered with it.

Rows reach the trainers of DPO, KTO and reward models as ids. GRPO's trainer takes a prompt as text and asks its
`processing_class`, a documented argument, for the ids: here a prompt's text is its row's number, and its ids are those
that `ChatFormat` made. (`rollout_func` takes ids too, but TRL calls it experimental.)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from danlu.core.errors import UserError
from danlu.model.chat import ChatFormat
from danlu.model.template import read_json


class PromptIds(PreTrainedTokenizerFast):
    """Gives the ids of prompts by their number; decodes and pads like the checkpoint's own tokenizer."""

    prompts: Sequence[list[int]] = ()

    def __call__(self, text: Any = None, **_: Any) -> Any:
        """The ids of numbered prompts; anything else is no text of ours and is never learnt from."""
        if not self.prompts:
            return super().__call__(text=text)
        return {"input_ids": [self.prompts[int(number)] for number in text]}


def prompt_ids_tokenizer(base_dir: Path, chat: ChatFormat, prompts: Sequence[list[int]] = ()) -> PromptIds:
    """The stand-in for one training: its end is the template's stop token, its padding another special token."""
    file = str(base_dir / "tokenizer.json")
    kind: Any = PromptIds
    stop, pad = (_token(file, id) for id in (chat.stop_id, pad_id(base_dir, chat)))
    tokenizer = kind(tokenizer_file=file, eos_token=stop, pad_token=pad, padding_side="left")
    tokenizer.prompts = prompts
    made: PromptIds = tokenizer
    return made


def pad_id(base_dir: Path, chat: ChatFormat) -> int:
    """The token that fills up: the checkpoint's own unless that is the stop token, behind which a reward model would look.

    Raises UserError when the tokenizer has no special token but the stop token.
    """
    from tokenizers import Tokenizer

    added = Tokenizer.from_file(str(base_dir / "tokenizer.json")).get_added_tokens_decoder()
    special = sorted(int(id) for id, token in added.items() if token.special and int(id) != chat.stop_id)
    own = read_json(base_dir / "config.json").get("pad_token_id")
    if own in special:
        return int(own)
    if not special:
        raise UserError("the tokenizer has no special token but the stop token, and one is needed for padding")
    return special[0]


def _token(file: str, id: int) -> str:
    from tokenizers import Tokenizer

    return str(Tokenizer.from_file(file).id_to_token(id))
