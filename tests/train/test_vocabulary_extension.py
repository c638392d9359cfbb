"""More pieces for a model's vocabulary: old ids stay, every text spells the same, the model goes on from where it was."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import corpus, manuals
from danlu.core.artifacts import Checkpoint, Corpus, Vocabulary
from danlu.core.errors import UserError, WorkFailed
from danlu.core.stages import Facts
from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.chat import ChatFormat
from danlu.model.extend_embeddings import extend_embeddings
from danlu.train.vocabulary.config import TokenizerConfig
from danlu.train.vocabulary.stage import extend_vocabulary
from stages import ran
from tiny import SENTENCES, make_tiny_checkpoint

_CONFIG = TokenizerConfig(added_pieces=150)


@pytest.fixture(scope="module")
def documents() -> Corpus:
    """Forty manuals in two languages."""
    return corpus(manuals(40))


@pytest.fixture(scope="module")
def base() -> Checkpoint:
    """An English model with hardly a Chinese piece."""
    return ran(Checkpoint, lambda folder: (make_tiny_checkpoint(folder), Facts(licences=("Apache-2.0",)))[1])


def _extend(base: Checkpoint, documents: Corpus) -> Vocabulary:
    return ran(
        Vocabulary, lambda work: extend_vocabulary.body(work, _CONFIG, documents=documents, base=base), work=True
    )


@pytest.fixture(scope="module")
def extended(base: Checkpoint, documents: Corpus) -> Vocabulary:
    """Its vocabulary with up to 150 pieces more."""
    return _extend(base, documents)


@pytest.fixture(scope="module")
def spelt(extended: Vocabulary) -> dict[int, list[int]]:
    """The old ids that spell each new piece."""
    return {new["id"]: new["spelt"] for new in json.loads((extended.path / "added.json").read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def encoders(base: Checkpoint, extended: Vocabulary) -> tuple[BulkEncoder, BulkEncoder]:
    """Before and after."""
    return BulkEncoder.load(base.path), BulkEncoder.load(extended.path)


def test_old_ids_stay_and_new_ones_follow(base: Checkpoint, extended: Vocabulary, spelt: dict[int, list[int]]) -> None:
    from tokenizers import Tokenizer

    old, new = (Tokenizer.from_file(str(made.path / "tokenizer.json")) for made in (base, extended))
    before, after = old.get_vocab(), new.get_vocab()
    assert {piece: after[piece] for piece in before} == before
    assert sorted(set(after.values()) - set(before.values())) == sorted(spelt)
    assert min(spelt) == len(before) and len(spelt) == extended.manifest.counts["added"] == 150
    assert {token.content for token in new.get_added_tokens_decoder().values()} == {
        token.content for token in old.get_added_tokens_decoder().values()
    }


@settings(max_examples=100, deadline=None)
@given(
    text=st.lists(
        st.sampled_from([*SENTENCES, "软件包", "用户解决问题", " table", "12", "\n"]) | st.text(max_size=4)
    ).map("".join)
)
def test_spelt_out_every_text_has_its_old_ids(
    encoders: tuple[BulkEncoder, BulkEncoder], spelt: dict[int, list[int]], text: str
) -> None:
    old, new = (encoder.encode([text]).ids.tolist() for encoder in encoders)
    assert [part for id in new for part in spelt.get(id, (id,))] == old
    assert set(new) & set(spelt) or new == old


def test_chinese_takes_fewer_tokens(extended: Vocabulary) -> None:
    report = extended.read()
    assert report["languages"]["zh"]["bytes_per_token"] > 1.5 * report["before"]["zh"]["bytes_per_token"]
    assert report["proof"]["equal"] == ["tokenizers", "danlu"]
    assert extended.manifest.licences == ("MIT", "Apache-2.0")


def test_the_same_twice(base: Checkpoint, documents: Corpus, extended: Vocabulary) -> None:
    assert _extend(base, documents).manifest.content_hash == extended.manifest.content_hash


def test_its_chat_format_is_the_models(base: Checkpoint, extended: Vocabulary, spelt: dict[int, list[int]]) -> None:
    old, new = ChatFormat.load(base.path), ChatFormat.load(extended.path)
    chat = [{"role": "user", "content": "怎样删除软件包？<|im_end|>"}]
    ids = new.prompt_ids(chat)
    assert [part for id in ids for part in spelt.get(id, (id,))] == old.prompt_ids(chat)
    assert new.stop_id == old.stop_id


def _loss(folder: Path, texts: list[str]) -> float:
    """Nats per byte: what two vocabularies share."""
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    encoder, nats, size = BulkEncoder.load(folder), 0.0, 0
    for text in texts:
        ids = torch.tensor(encoder.encode([text]).ids[None, :], dtype=torch.long)
        with torch.no_grad():
            nats += model(ids, labels=ids).loss.item() * (ids.shape[1] - 1)
        size += len(text.encode())
    return nats / size


@pytest.mark.parametrize("tied", [True, False])
def test_the_model_grows_and_goes_on_from_where_it_was(
    base: Checkpoint, extended: Vocabulary, spelt: dict[int, list[int]], tmp_path: Path, tied: bool
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    old: Any = AutoModelForCausalLM.from_pretrained(base.path)
    if not tied:
        old.config.tie_word_embeddings = False
        old.lm_head.weight = torch.nn.Parameter(torch.randn_like(old.lm_head.weight))
        old.save_pretrained(tmp_path / "untied")
    source = base.path if tied else tmp_path / "untied"
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((base.path / name).read_bytes())
        if not tied:
            (source / name).write_bytes((base.path / name).read_bytes())
    rows = extend_embeddings(source, extended.path, tmp_path / "grown")
    new: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "grown")
    before = old.get_input_embeddings().weight.shape[0]
    assert rows == new.config.vocab_size == new.get_output_embeddings().weight.shape[0] == max(spelt) + 1
    for of in ("get_input_embeddings", "get_output_embeddings"):
        was, now = getattr(old, of)().weight, getattr(new, of)().weight
        assert torch.equal(was[:before], now[:before])
        for id, parts in spelt.items():
            assert torch.allclose(now[id], was[parts].mean(dim=0), atol=1e-6)
    assert len(AutoTokenizer.from_pretrained(tmp_path / "grown")) == rows
    assert (tmp_path / "grown" / "model.safetensors").stat().st_mode & 0o777 == 0o644
    english = [SENTENCES[0], SENTENCES[1]]
    assert _loss(tmp_path / "grown", english) < 1.3 * _loss(source, english)
    assert _loss(tmp_path / "grown", [SENTENCES[2]]) < 1.3 * _loss(source, [SENTENCES[2]])


def test_another_models_vocabulary_is_refused(extended: Vocabulary, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 9, "vocab_size": 9, "num_hidden_layers": 1}'
    )
    with pytest.raises(UserError, match="which has 9 rows"):
        extend_embeddings(tmp_path, extended.path, tmp_path / "out")
    with pytest.raises(UserError, match="it has no added"):
        extend_embeddings(tmp_path, tmp_path, tmp_path / "out")


def test_a_tokenizer_that_is_no_byte_level_bpe_is_refused(documents: Corpus) -> None:
    from tokenizers import Tokenizer, models

    def write(folder: Path) -> Facts:
        folder.mkdir(exist_ok=True)
        Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")).save(str(folder / "tokenizer.json"))
        return Facts()

    with pytest.raises(UserError, match="cannot be extended"):
        _extend(ran(Checkpoint, write), documents)


def test_documents_with_nothing_twice_are_refused(base: Checkpoint) -> None:
    from dataclasses import replace

    one = replace(manuals(1)[0], text="Ωψ", blocks=())
    with pytest.raises(WorkFailed, match="no new piece stands twice"):
        _extend(base, corpus([one], parts=1))
