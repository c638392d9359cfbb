"""Whether the files of a checkpoint can be read at all: told before any work, at the price of their heads alone."""

import json
from pathlib import Path

from danlu.core.errors import UserError


def check_sound(path: Path) -> None:
    """Raises UserError for a file that was cut short or damaged; of weights only the header is read, which names their length."""
    try:
        if path.suffix == ".safetensors":
            from safetensors import safe_open

            with safe_open(path, "np"):
                pass
        elif path.name == "tokenizer.json":
            from tokenizers import Tokenizer

            Tokenizer.from_file(str(path))
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - libraries in Rust raise plain exceptions
        raise UserError(
            "{path} cannot be read: {problem}",
            "The file was cut short or damaged: copy or download it again.",
            path=path,
            problem=str(error).partition("\n")[0],
        ) from None
