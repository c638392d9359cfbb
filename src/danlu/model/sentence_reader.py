"""The part of an encoder that reads: that says what a sentence means which it never saw.

A transformer that learnt from much text is one. What learnt from the documents alone (latent semantic analysis) is none: of a
single sentence it knows little more than the words, which are counted elsewhere, and its cosines told no better which sentence
answers (benchmarks/retrieve_refusal.py).
"""

from danlu.model.encoder import Encoder, LsaEncoder
from danlu.model.joined_encoder import JoinedEncoder, MovedEncoder


def sentence_reader(encoder: Encoder) -> Encoder | None:
    """The encoder itself, or its first part that reads; None where none does."""
    if isinstance(encoder, LsaEncoder):
        return None
    if isinstance(encoder, JoinedEncoder):
        return next((found for part in encoder.parts if (found := sentence_reader(part)) is not None), None)
    if isinstance(encoder, MovedEncoder) and sentence_reader(encoder.encoder) is None:
        return None
    return encoder
