"""The plan of `danlu synthesize`, and the model that it may ask: behind an address, or a GGUF file run here."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from danlu.core.hashing import hash_file
from danlu.core.stages import Plan
from danlu.data.endpoint.client import KEY, Endpoint
from danlu.data.synthesize.completes import ByEndpoint, Completes
from danlu.data.synthesize.stage import SynthesizeConfig, synthesize
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings

_CONTEXT_TOKENS = 4096
"""A passage, its instruction and a reply take less."""


def synthesize_plan(
    paths: Sequence[Path], licence: str, settings: Settings, model: Completes | None = None, seed: int = 0
) -> Plan:
    """Pairs from documents, by rules, and by a model where one is given."""
    config = settings.of("synthesize", SynthesizeConfig)
    target = synthesize(config, documents=corpus_of(paths, licence, settings), model=model)
    settings.check_all_used()
    return Plan(target, seed)


def served_model(url: str, name: str, cache: Path) -> ByEndpoint:
    """A model behind an OpenAI-compatible address; its key comes from the environment."""
    endpoint = Endpoint(url, name, cache, key=os.environ.get(KEY))
    return ByEndpoint(endpoint, name, endpoint.content_hash())


@contextmanager
def local_model(gguf: Path, cache: Path) -> Iterator[ByEndpoint]:
    """A GGUF file in llama.cpp's server, on this machine, while the block runs."""
    from danlu.engines.llama_cpp import LlamaServer

    threads = len(os.sched_getaffinity(0))
    with LlamaServer(gguf, threads=threads, context_tokens=_CONTEXT_TOKENS) as server:
        yield ByEndpoint(Endpoint(server.url, gguf.stem, cache, timeout_s=600.0), gguf.stem, hash_file(gguf))
