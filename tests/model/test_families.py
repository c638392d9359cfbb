"""Every family goes the whole way: loaded, a step learnt by the loop, saved, read back, a LoRA merged, a text generated."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.loop.adapters import add_lora, logits, merge_and_save
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.loop import train
from danlu.loop.masked_batch import MaskedBatch, MaskedRow, Masking
from danlu.loop.masked_learner import MaskedLearner
from danlu.loop.optimizers import Optimization
from danlu.loop.seq2seq_batch import Seq2seqBatch, TokenPair
from danlu.loop.seq2seq_learner import Seq2seqLearner
from danlu.loop.token_batch import TokenBatch
from danlu.model import base_model
from danlu.model.chat import Tokens
from danlu.model.checkpoint_files import save_checkpoint
from danlu.model.loading import load_model, read_model_facts
from model.families import FAMILIES, OneBatch, make_untaught

PROBE = list(range(8, 40))
OPTIMIZATION = Optimization(
    learning_rate=1e-2, warmup_fraction=0, weight_decay=0, max_gradient_norm=1, recompute_above_tokens=1
)
"""Every batch is above one token, so that recomputing activations is tried on every family too."""


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_untaught(family, tmp_path_factory.mktemp(family))


def loaded(folder: Path) -> Any:
    return load_model(folder, threads=1, kind=read_model_facts(folder).kind)


def learner_and_batch(model: Any) -> tuple[torch.nn.Module, Any]:
    if model.config.is_encoder_decoder:
        pair = TokenPair(PROBE, PROBE[:10])
        return Seq2seqLearner(model), Seq2seqBatch.of([pair, pair], pad_id=model.config.pad_token_id)
    if not model.can_generate():
        masking = Masking(mask_id=4, pad_id=0, vocabulary_size=300, special_ids=frozenset(range(5)))
        return MaskedLearner(model), MaskedBatch.of([MaskedRow.of(PROBE, masking, (0, 0))], masking.pad_id)
    rows = [Tokens(PROBE, [True] * len(PROBE)), Tokens(PROBE[:20], [False] * 10 + [True] * 10)]
    return CausalLearner(model), TokenBatch.of(rows)


def learn(model: Any, folder: Path, steps: int) -> list[float | None]:
    learner, batch = learner_and_batch(model)
    checkpoints = Checkpoints(folder, every_steps=steps, key="test")
    return list(train(learner, OneBatch(batch, steps), OPTIMIZATION, checkpoints, Silent(), seed=0).losses)


def test_facts_are_read_without_loading(family: str, folder: Path) -> None:
    facts, model = read_model_facts(folder), loaded(folder)
    assert facts.architecture == type(model).__name__
    assert facts.vocabulary_size == model.get_input_embeddings().num_embeddings
    assert facts.layers == 2
    assert facts.context_tokens in (512, 1024, 2048)


def test_what_was_trained_is_what_is_read_back(family: str, folder: Path, tmp_path: Path) -> None:
    model = loaded(folder)
    before = logits(model, PROBE)
    first, last = learn(model, tmp_path / "state", 2)
    assert first is not None and last is not None and last < first
    after = logits(model.eval(), PROBE)
    assert not torch.equal(before, after)
    save_checkpoint(model, folder, tmp_path / "out")
    assert torch.equal(logits(loaded(tmp_path / "out"), PROBE), after)
    base = base_model.resolve_base(f"path:{tmp_path / 'out'}", tmp_path)
    base_model.write_checkpoint(base, tmp_path / "copy")
    assert {path.name for path in folder.iterdir()} == {path.name for path in (tmp_path / "copy").iterdir()}


def test_a_lora_is_merged_without_loss(family: str, folder: Path, tmp_path: Path) -> None:
    adapted = add_lora(loaded(folder), rank=4, alpha=8, dropout=0.0)
    untouched = logits(adapted.eval(), PROBE)
    learn(adapted, tmp_path / "state", 2)
    assert not torch.equal(logits(adapted.eval(), PROBE), untouched)
    check = merge_and_save(adapted, folder, tmp_path / "out", PROBE, relative_tolerance=1e-4, threads=1)
    assert check.max_abs_logit_difference <= 1e-5 * check.max_abs_logit
    assert type(loaded(tmp_path / "out")) is type(loaded(folder))


def test_it_generates(family: str, folder: Path) -> None:
    model = loaded(folder)
    if not model.can_generate():
        assert logits(model, PROBE).argmax(-1).shape == (len(PROBE),)
        return
    made = model.generate(torch.tensor([PROBE]), max_new_tokens=4, do_sample=False, num_beams=1)
    assert made.shape[0] == 1 and made.shape[1] > (0 if model.config.is_encoder_decoder else len(PROBE))


def test_danlus_engine_continues_as_transformers_does(family: str, folder: Path) -> None:
    from danlu.engines.transformers_engine import TransformersEngine

    model = loaded(folder)
    if model.config.is_encoder_decoder or not model.can_generate():
        with pytest.raises(UserError, match="a causal language model is needed here"):
            TransformersEngine(folder, 1)
        return
    engine = TransformersEngine(folder, 1)
    ours = list(engine.generate(PROBE, max_tokens=6, stop_ids=frozenset(), temperature=0.0, top_p=1.0, seed=0))
    ids = list(PROBE)
    for _ in range(6):
        ids.append(int(logits(model, ids)[-1].argmax()))
    assert ours == ids[len(PROBE) :]


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    make_untaught("bert", tmp_path)
    with pytest.raises(UserError, match="holds a masked language model \\(BertForMaskedLM\\), and a causal"):
        load_model(tmp_path, threads=1)


def test_weights_that_are_not_there_are_not_made_up(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    make_untaught("tinyllama", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lacks weights of LlamaForCausalLM: lm_head\.weight"):
        load_model(tmp_path, threads=1)


def test_a_model_that_brings_its_own_code_is_refused_and_the_code_never_runs(tmp_path: Path) -> None:
    """ChatGLM2's form: its class is a file of the checkpoint, which Transformers would import when it is allowed to."""
    config = {
        "architectures": ["ChatGLMModel"], "model_type": "chatglm", "seq_length": 32768, "padded_vocab_size": 65024, "num_layers": 28,
        "auto_map": {"AutoConfig": "mine.Mine", "AutoModelForCausalLM": "mine.Mine"},
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Mine: pass\n")
    facts = read_model_facts(tmp_path)
    assert (facts.context_tokens, facts.vocabulary_size, facts.layers) == (32768, 65024, 28)
    with pytest.raises(
        UserError, match=r"(?s)ChatGLMModel .*no class for\nhint: Code that comes inside .*glm-4-9b-chat-hf"
    ):
        load_model(tmp_path, threads=1)
    assert not (tmp_path / "ran").exists()


def test_an_early_bert_folder_without_an_architecture_is_read(tmp_path: Path) -> None:
    """BioBERT's: config.json names no class, and the words are in vocab.txt alone."""
    make_untaught("bert", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["architectures"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    words = json.loads((tmp_path / "tokenizer.json").read_text())["model"]["vocab"]
    (tmp_path / "vocab.txt").write_text("\n".join(sorted(words, key=words.get)) + "\n")
    (tmp_path / "tokenizer.json").unlink()
    out = tmp_path / "out"
    base_model.write_checkpoint(base_model.resolve_base(f"path:{tmp_path}", tmp_path), out)
    assert (out / "vocab.txt").is_file()
    assert type(load_model(out, threads=1, kind="masked")).__name__ == "BertForMaskedLM"
    shutil.rmtree(out)
