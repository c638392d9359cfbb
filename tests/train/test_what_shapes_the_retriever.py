"""A number that decides which encoder is kept must be in the identity of the stage that keeps it."""

from constants import hash_of
from danlu.model import encoder, joined_encoder, sentence_encoder
from danlu.text import bm25, language, ranking
from danlu.train.embedding import lexical
from danlu.train.embedding.pairs import retrieval_pairs
from danlu.train.embedding.rerank import rerank
from danlu.train.embedding.stage import embed
from danlu.train.retriever import across, candidates, cloze, contrastive, joining, judge, lsa
from danlu.train.retriever.stage import train_retriever


def test_a_changed_number_of_the_retriever_is_a_new_version() -> None:
    """Whoever changes one raises the version of the stage `train_retriever` and puts the new hash here. The shipped sentences have one."""
    own = hash_of(across, candidates, cloze, contrastive, joining, judge, lsa, but=("_SHIPPED", "SENTENCES"))
    below = hash_of(encoder, joined_encoder, sentence_encoder, lexical, bm25, language, ranking)
    assert (train_retriever.version, own, below) == (4, "f477b0effe8f2b12", "b62b633c06d12c6e")


def test_a_changed_number_of_the_lexical_ranking_is_a_new_version_of_what_mines_and_measures_by_it() -> None:
    versions = tuple(stage.version for stage in (retrieval_pairs, embed, rerank))
    assert (versions, hash_of(bm25, lexical, ranking)) == ((1, 2, 2), "24e3c3fca737323f")
