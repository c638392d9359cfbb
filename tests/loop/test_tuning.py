"""Every method: it learns, what is saved is what was trained, and an adapter goes only where it belongs."""

import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from danlu.core.errors import UserError, WorkFailed
from danlu.engines.batch import generate_batch
from danlu.engines.transformers_engine import TransformersEngine
from danlu.loop.adapters import logits
from danlu.loop.causal import CausalLearner
from danlu.loop.methods import METHODS, Tuning
from danlu.loop.saving import save_tuned
from danlu.loop.token_batch import TokenBatch
from danlu.loop.tuning import load_for_tuning
from danlu.model.adapted import load_peft
from danlu.model.base_model import resolve_base, write_checkpoint
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from danlu.model.checkpoint_files import weights_hash
from danlu.model.loading import load_model, read_model_facts
from danlu.model.virtual_tokens import VirtualTokensModel
from tiny import make_tiny_checkpoint, write_chats

UNMERGED = [name for name, method in METHODS.items() if not method.is_merged]
VIRTUAL = ["prefix", "prompt", "p_tuning"]
# A random model of 400 tokens: what adapters can change of it is little, so rates are far above those for real models.
RATES = {
    "full": 1e-2,
    "lora": 3e-2,
    "qlora": 3e-2,
    "ia3": 1e-1,
    "houlsby": 3e-2,
    "prefix": 1e-1,
    "prompt": 1e-1,
    "p_tuning": 3e-2,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def rows(base, tmp_path_factory):
    chat = ChatFormat.load(base)
    return [
        chat.training_ids(one.messages) for one in read_chats(write_chats(tmp_path_factory.mktemp("c") / "c.jsonl"))
    ]


def tuning(method, **changes):
    return Tuning(**{"method": method, "rank": 4, "alpha": 8, "virtual_tokens": 5, "bottleneck": 8, **changes})


def learnt(model, rows, rate, steps=15):
    """A few steps of AdamW on one batch; the losses."""
    learner, batch = CausalLearner(model).train(), TokenBatch.of(rows[:6])
    optimizer = torch.optim.AdamW([weight for weight in learner.parameters() if weight.requires_grad], lr=rate)
    torch.manual_seed(0)
    losses = []
    for _ in range(steps):
        loss = learner(batch) / batch.targets
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    learner.eval()
    return losses


@pytest.fixture(scope="module")
def tuned(base, rows, tmp_path_factory):
    """Each method trained and saved once: its folder, losses, check, and the logits of the trained model."""
    made = {}
    for method in METHODS:
        how, out = tuning(method), tmp_path_factory.mktemp(method)
        model = load_for_tuning(base, how, rows[0].ids, seed=1, threads=1)
        losses = learnt(model, rows, RATES[method])
        trained = copy.deepcopy(model)
        check = save_tuned(model, how, base, out, rows[0].ids[:40], relative_tolerance=1e-4, threads=1)
        made[method] = (out, losses, check, trained)
    return made


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_and_leaves_the_base_as_it_is(tuned, base, method):
    before = weights_hash(base)
    _, losses, _, _ = tuned[method]
    assert losses[-1] < losses[0] - 0.004
    assert weights_hash(base) == before


@pytest.mark.parametrize("method", METHODS)
def test_the_reloaded_model_says_what_the_trained_one_said(tuned, base, rows, method):
    out, _, check, trained = tuned[method]
    ids = rows[3].ids[:50]
    reloaded = logits(load_model(out, threads=1), ids)
    torch.testing.assert_close(reloaded, logits(trained.eval(), ids), rtol=0, atol=1e-2 if method == "qlora" else 1e-5)
    assert (reloaded - logits(load_model(base, threads=1), ids)).abs().max() > 1e-2
    assert check.max_abs_logit_difference <= 1e-4 * check.max_abs_logit


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.is_merged])
def test_a_merged_checkpoint_is_an_ordinary_one_in_whole_weights(tuned, base, method):
    out = tuned[method][0]
    weights = load_file(out / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert {name: weight.shape for name, weight in weights.items()} == {
        name: weight.shape for name, weight in load_file(base / "model.safetensors").items()
    }
    assert "quantization_config" not in json.loads((out / "config.json").read_text())
    assert (out / "adapter").is_dir() == (method != "full")


@pytest.mark.parametrize("method", UNMERGED)
def test_no_program_takes_the_base_for_the_tuned_model(tuned, method):
    from transformers import AutoModelForCausalLM

    with pytest.raises(OSError, match=r"model\.safetensors"):
        AutoModelForCausalLM.from_pretrained(tuned[method][0])


@pytest.mark.parametrize("method", UNMERGED)
def test_a_copy_through_the_base_stage_keeps_the_adapter(tuned, rows, tmp_path, method):
    out = tuned[method][0]
    files = resolve_base(f"path:{out}", tmp_path)
    write_checkpoint(files, tmp_path / "copy")
    copied = logits(load_model(tmp_path / "copy", threads=1), rows[0].ids)
    assert torch.equal(copied, logits(load_model(out, threads=1), rows[0].ids))
    assert files.content_hash() == resolve_base(f"path:{tmp_path / 'copy'}", tmp_path).content_hash()


def test_virtual_tokens_take_room_of_the_context(tuned, base):
    room = read_model_facts(base).context_tokens
    assert read_model_facts(tuned["prompt"][0]).context_tokens == room - 5
    assert read_model_facts(tuned["houlsby"][0]).context_tokens == room


@pytest.mark.parametrize("method", VIRTUAL)
def test_virtual_tokens_give_pefts_logits_in_every_way_of_calling(tuned, base, rows, method):
    out = tuned[method][0]
    oracle = load_peft(load_model(base, threads=1), out / "adapter", is_trained=False).eval()
    ours, ids = load_model(out, threads=1), torch.tensor([rows[0].ids[:30]])
    with torch.no_grad():
        wanted = oracle(input_ids=ids).logits[:, -30:]
        torch.testing.assert_close(ours(input_ids=ids, use_cache=False).logits, wanted)
        for kept in (1, torch.tensor([3, 29])):
            at = slice(-kept, None) if isinstance(kept, int) else kept
            torch.testing.assert_close(ours(input_ids=ids, logits_to_keep=kept).logits, wanted[:, at])
        hidden = ours.base_model(input_ids=ids, use_cache=False).last_hidden_state
        torch.testing.assert_close(ours.get_output_embeddings()(hidden), wanted)


@pytest.mark.parametrize("method", UNMERGED)
def test_serving_token_by_token_and_in_padded_batches_equals_the_whole_forward(tuned, rows, method):
    out = tuned[method][0]
    model, prompts = load_model(out, threads=1), [rows[0].ids[:9], rows[1].ids[:14], rows[2].ids[:5]]
    wanted = [greedily(model, prompt, 6) for prompt in prompts]
    assert generate_batch(out, prompts, 6, frozenset(), 1) == wanted
    engine = TransformersEngine(out, 1)
    said = engine.generate(prompts[1], max_tokens=6, stop_ids=frozenset(), temperature=0.0, top_p=1.0, seed=0)
    assert list(said) == wanted[1]


def greedily(model, ids, count):
    said = list(ids)
    for _ in range(count):
        said.append(int(logits(model, said)[-1].argmax()))
    return said[len(ids) :]


def test_a_prefix_and_recomputed_layers_cannot_be_joined(base, rows):
    model = load_for_tuning(base, tuning("prefix"), rows[0].ids, seed=1, threads=1)
    model.adapted.get_base_model().activation_checkpointing_enable()
    with pytest.raises(AssertionError, match="needs its cache"):
        model.train()(input_ids=torch.tensor([rows[0].ids]))


@pytest.mark.parametrize("method", ["lora", "qlora", "ia3", "houlsby", "prefix", "prompt"])
def test_training_goes_on_from_a_saved_adapter(tuned, base, rows, method):
    out, losses, _, trained = tuned[method]
    how = tuning(method, dropout=0.0)
    again = load_for_tuning(base, how, rows[0].ids, seed=9, threads=1, adapter_dir=out / "adapter")
    torch.testing.assert_close(logits(again.eval(), rows[0].ids), logits(trained.eval(), rows[0].ids))
    more = learnt(again, rows, RATES[method] / 20, steps=4)
    assert more[-1] < more[0] < losses[0]


def test_an_adapter_goes_only_where_it_belongs(tuned, base, rows, tmp_path):
    other = make_tiny_checkpoint(tmp_path / "other", seed=5)
    adapter = tuned["lora"][0] / "adapter"
    with pytest.raises(UserError, match=r"another base model: the weights .* another hash"):
        load_for_tuning(other, tuning("lora"), rows[0].ids, seed=1, threads=1, adapter_dir=adapter)
    with pytest.raises(UserError, match="trained by method lora, and method ia3"):
        load_for_tuning(base, tuning("ia3"), rows[0].ids, seed=1, threads=1, adapter_dir=adapter)
    with pytest.raises(UserError, match="has rank 4, and 16 is asked for"):
        load_for_tuning(base, tuning("lora", rank=16), rows[0].ids, seed=1, threads=1, adapter_dir=adapter)
    with pytest.raises(UserError, match="cannot go on from an adapter"):
        load_for_tuning(base, tuning("full"), rows[0].ids, seed=1, threads=1, adapter_dir=adapter)
    with pytest.raises(UserError, match="is no adapter"):
        load_for_tuning(base, tuning("lora"), rows[0].ids, seed=1, threads=1, adapter_dir=tmp_path)
    with pytest.raises(UserError, match="nothing can be trained on top of it"):
        load_for_tuning(tuned["prompt"][0], tuning("lora"), rows[0].ids, seed=1, threads=1)


@pytest.mark.parametrize("method", ["lora", "prefix", "houlsby"])
def test_an_adapter_without_our_record_is_told_by_its_shapes(tuned, base, rows, tmp_path, method):
    adapter = copied(tuned[method][0] / "adapter", tmp_path / "adapter")
    weights = load_file(adapter / "adapter_model.safetensors")
    if method == "houlsby":  # no other tool writes ours, so its record stays, and the base is changed below it
        record = json.loads((adapter / "danlu_adapter.json").read_text())
        (adapter / "danlu_adapter.json").write_text(json.dumps({**record, "settings": {"bottleneck": 7}}))
        how = tuning(method, bottleneck=7)
    else:
        (adapter / "danlu_adapter.json").unlink()
        how = tuning(method)
        load_for_tuning(base, how, rows[0].ids, seed=1, threads=1, adapter_dir=adapter)
        name = sorted(weights)[0]
        cut = (
            {key: weight for key, weight in weights.items() if key != name}
            if method == "lora"
            else {name: weights[name][:, 1:].contiguous()}
        )
        save_file(cut, adapter / "adapter_model.safetensors")
    with pytest.raises(UserError, match="its weights do not fit"):
        load_for_tuning(base, how, rows[0].ids, seed=1, threads=1, adapter_dir=adapter)


def copied(source: Path, target: Path) -> Path:
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_a_saved_checkpoint_that_differs_fails(base, rows, tmp_path):
    model = load_for_tuning(base, tuning("lora"), rows[0].ids, seed=1, threads=1)
    learnt(model, rows, 3e-2, steps=2)
    with pytest.raises(WorkFailed, match="not the model that was trained"):
        save_tuned(model, tuning("lora"), base, tmp_path, rows[0].ids, relative_tolerance=1e-12, threads=1)


@pytest.mark.parametrize("method", ["prefix", "prompt"])
def test_virtual_tokens_start_as_the_text_that_they_are_given(base, rows, method):
    model = load_for_tuning(base, tuning(method), rows[0].ids, seed=1, threads=1).eval()
    assert isinstance(model, VirtualTokensModel)
    wanted = logits(load_model(base, threads=1), [*rows[0].ids[:5], *rows[1].ids])[5:]
    torch.testing.assert_close(logits(model, rows[1].ids), wanted, rtol=1e-4, atol=1e-5)
