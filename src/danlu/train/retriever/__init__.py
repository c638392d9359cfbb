"""The project's own retriever: trained on its documents, kept only where it finds more."""

from danlu.train.retriever.config import RetrieverConfig
from danlu.train.retriever.lsa import fit_lsa
from danlu.train.retriever.stage import train_retriever

__all__ = ["RetrieverConfig", "fit_lsa", "train_retriever"]
