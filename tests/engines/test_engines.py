import itertools

import pytest
import torch

from danlu.engines.batch import generate_batch
from danlu.engines.sampling import sample
from danlu.engines.transformers_engine import TransformersEngine
from danlu.model.chat import ChatFormat
from tiny import make_tiny_checkpoint

GREEDY = {"temperature": 0.0, "top_p": 1.0, "seed": 0}
SAMPLED = {"temperature": 1.0, "top_p": 0.9}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def engine(base):
    return TransformersEngine(base, 2)


@pytest.fixture(scope="module")
def prompts(base):
    chat = ChatFormat.load(base)
    return [
        chat.prompt_ids([{"role": "user", "content": "word " * count}]) for count in (1, 9, 3, 20, 2, 2, 14, 5, 8, 30)
    ]


def test_greedy_tokens_equal_transformers_own(base, engine, prompts):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    for prompt in prompts[:3]:
        theirs = model.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False, eos_token_id=None)
        ours = list(engine.generate(prompt, max_tokens=12, stop_ids=frozenset(), **GREEDY))
        assert ours == theirs[0, len(prompt) :].tolist()


def test_a_stop_token_is_the_last_that_is_yielded(engine, prompts):
    free = list(engine.generate(prompts[0], max_tokens=8, stop_ids=frozenset(), **GREEDY))
    stop = free[3]
    stopped = list(engine.generate(prompts[0], max_tokens=8, stop_ids=frozenset({stop}), **GREEDY))
    assert stopped == free[: free.index(stop) + 1]


def test_a_seed_decides_the_sample(engine, prompts):
    def sampled(seed):
        return list(engine.generate(prompts[0], max_tokens=20, stop_ids=frozenset(), seed=seed, **SAMPLED))

    assert sampled(1) == sampled(1)
    assert sampled(1) != sampled(2)


def test_a_closed_generation_leaves_the_engine_free(engine, prompts):
    tokens = engine.generate(prompts[0], max_tokens=50, stop_ids=frozenset(), **GREEDY)
    assert len(list(itertools.islice(tokens, 3))) == 3
    tokens.close()
    assert len(list(engine.generate(prompts[1], max_tokens=2, stop_ids=frozenset(), **GREEDY))) == 2


def test_the_nucleus_holds_the_fewest_likeliest_tokens():
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    generator = torch.Generator().manual_seed(0)
    assert {sample(logits, 1.0, 0.7, generator) for _ in range(200)} == {0, 1}
    assert {sample(logits, 1.0, 1.0, generator) for _ in range(500)} == {0, 1, 2, 3}
    assert {sample(logits, 1.0, 0.0, generator) for _ in range(20)} == {0}
    assert sample(logits, 0.0, 1.0, generator) == 0


def test_batched_generation_equals_one_by_one(base, engine, prompts):
    free = [list(engine.generate(prompt, max_tokens=16, stop_ids=frozenset(), **GREEDY)) for prompt in prompts]
    assert generate_batch(base, prompts, 16, frozenset(), 2) == free
    stops = frozenset({free[0][5]})
    alone = [list(engine.generate(prompt, max_tokens=16, stop_ids=stops, **GREEDY)) for prompt in prompts]
    assert generate_batch(base, prompts, 16, stops, 2) == alone
    assert generate_batch(base, [], 16, stops, 2) == []
