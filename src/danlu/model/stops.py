"""The stop token in every file that a program may read it from.

A base model that learns to chat ends its replies with another token than the one that ends its texts. Where only the
tokenizer's settings say so, generation runs on: Transformers reads generation_config.json, older programs config.json
(hiyouga/LlamaFactory issue 9338).
"""

import json
from pathlib import Path

from danlu.model.template import read_json

_FILES = ("config.json", "generation_config.json")


def declare_stop(checkpoint_dir: Path, stop_id: int) -> None:
    """Put `stop_id` first among the ends of generation of both files; the others stay. A missing file is written."""
    for name in _FILES:
        settings = read_json(checkpoint_dir / name)
        declared = settings.get("eos_token_id")
        known = [declared] if isinstance(declared, int) else list(declared or ())
        if stop_id in known:
            continue
        settings["eos_token_id"] = [stop_id, *known] if known else stop_id
        text = json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        (checkpoint_dir / name).write_text(text, encoding="utf-8")
