"""head embed, head rerank: models that find and order a user's own passages."""

from argparse import Namespace

from danlu.cli.given import inputs_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.recipes import single_embedding


def embed(options: Namespace, say: Speech) -> None:
    """Fit an embedding model."""
    material = single_embedding.Material(options.data, inputs_of(options), options.licence)
    make(single_embedding.embed_plan(material, options.base, settings_of(options), options.seed), options, say)


def rerank(options: Namespace, say: Speech) -> None:
    """Fit a reranker."""
    material = single_embedding.Material(options.data, inputs_of(options), options.licence)
    make(single_embedding.rerank_plan(material, options.base, settings_of(options), options.seed), options, say)
