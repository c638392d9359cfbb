"""Whether a checkpoint's tokenizer belongs to its model, as far as that can be told without running it."""

import json
from pathlib import Path

from danlu.core.errors import UserError
from danlu.model import families


def check_tokenizer_fits(checkpoint_dir: Path) -> None:
    """Raises UserError when the tokenizer can give an id that the model has no embedding for.

    A model may have more embeddings than its tokenizer has tokens: they are padded to a round number. Where the folder has no
    tokenizer.json, or config.json names no size, nothing is told.
    """
    from tokenizers import Tokenizer

    if not (checkpoint_dir / "tokenizer.json").is_file():
        return
    vocabulary = Tokenizer.from_file(str(checkpoint_dir / "tokenizer.json")).get_vocab(with_added_tokens=True)
    try:
        embeddings = families.vocabulary_size(json.loads((checkpoint_dir / "config.json").read_text(encoding="utf-8")))
    except KeyError:
        return
    token, highest = max(vocabulary.items(), key=lambda item: item[1], default=("", -1))
    if highest >= embeddings:
        raise UserError(
            "{folder}: the tokenizer gives ids up to {highest} ({token!r}), and the model has embeddings for {count}",
            "take tokenizer.json from the folder that the model comes from; for added tokens the embeddings must be enlarged first",
            folder=checkpoint_dir,
            highest=highest,
            token=token,
            count=embeddings,
        )
