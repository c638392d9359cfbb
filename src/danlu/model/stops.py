"""The stop token in every file that a program may read it from.

A base model that learns to chat ends its replies with another token than the one that ends its texts. Where only the
tokenizer's settings say so, generation runs on: Transformers reads generation_config.json, older programs config.json
(hiyouga/LlamaFactory issue 9338). A checkpoint with its adapter beside it has these files twice: at its top, and in `base/`,
whose own are what a program reads that puts the adapter on by itself.
"""

import json
from pathlib import Path

from danlu.model.adapter_record import BASE, unmerged
from danlu.model.template import read_json

_FILES = ("config.json", "generation_config.json")


def declare_stop(checkpoint_dir: Path, stop_id: int) -> None:
    """Put `stop_id` first among the ends of generation of both files; the others stay. A missing file is written."""
    folders = [checkpoint_dir, checkpoint_dir / BASE] if unmerged(checkpoint_dir) else [checkpoint_dir]
    for path in (folder / name for folder in folders for name in _FILES):
        settings = read_json(path)
        declared = settings.get("eos_token_id")
        known = [declared] if isinstance(declared, int) else list(declared or ())
        if stop_id in known:
            continue
        settings["eos_token_id"] = [stop_id, *known] if known else stop_id
        text = json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        half = path.with_name(f"{path.name}.part")
        half.write_text(text, encoding="utf-8")
        half.chmod(0o644)
        half.replace(path)  # never into the file itself: in `base/` it is another checkpoint's own, by a hard link
