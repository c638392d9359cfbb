"""Whether a checkpoint's tokenizer belongs to its model, as far as that can be told without running it."""

from pathlib import Path

from danlu.core.errors import UserError
from danlu.model.loading import read_model_facts


def check_tokenizer_fits(checkpoint_dir: Path) -> None:
    """Raises UserError when the tokenizer can give an id that the model has no embedding for.

    A model may have more embeddings than its tokenizer has tokens: they are padded to a round number.
    """
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(str(checkpoint_dir / "tokenizer.json")).get_vocab(with_added_tokens=True)
    embeddings = read_model_facts(checkpoint_dir).vocabulary_size
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
