import json
from pathlib import Path

import numpy as np
import pytest

from danlu.core.errors import UserError
from danlu.model.encoder import load_encoder, save_sentence
from danlu.model.sentence_encoder import SentenceEncoder, sentence_files

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "disk", "kernel", "key", "query", "text", ":"]
POOLING = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
SHORT, LONG = "disk key", "kernel key disk disk kernel key"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small BERT with random weights, as sentence-transformers saves one."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    place = tmp_path_factory.mktemp("sentence")
    (place / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    BertTokenizer(str(place / "vocab.txt")).save_pretrained(place)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(place)
    return write_parts(place, POOLING)


def write_parts(place: Path, pooling: dict[str, object], *more: str) -> Path:
    kinds = ("Transformer", "Pooling", "Normalize", *more)
    paths = ("", "1_Pooling", "2_Normalize", *(f"{at}_{kind}" for at, kind in enumerate(more, 3)))
    modules = [
        {"idx": at, "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    (place / "1_Pooling").mkdir(exist_ok=True)
    (place / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    (place / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
    (place / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 32}), encoding="utf-8")
    return place


def test_vectors_are_the_mean_over_the_tokens_and_padding_changes_nothing(folder: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    encoder = SentenceEncoder(folder)
    both = encoder.encode([SHORT, LONG])
    with torch.inference_mode():
        batch = AutoTokenizer.from_pretrained(folder)(SHORT, return_tensors="pt")
        expected = AutoModel.from_pretrained(folder).eval()(**batch).last_hidden_state[0].mean(0).numpy()
    assert both.shape == (2, 16) and encoder.dimensions == 16
    assert both[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)
    assert np.linalg.norm(both, axis=1) == pytest.approx([1, 1], abs=1e-5)


@pytest.mark.parametrize(
    "pooling",
    [
        {"pooling_mode_cls_token": True},
        {"pooling_mode_lasttoken": True},
        {"pooling_mode": "cls"},
        {"pooling_mode": "mean"},
    ],
    ids=str,
)
def test_every_pooling_is_read_as_it_is_written(folder: Path, pooling: dict[str, object]) -> None:
    mean = SentenceEncoder(folder).encode([LONG])
    found = SentenceEncoder(write_parts(folder, pooling)).encode([LONG])
    write_parts(folder, POOLING)
    assert np.allclose(mean, found) == (pooling == {"pooling_mode": "mean"})


def test_prompts_are_put_before_questions_and_passages(folder: Path) -> None:
    plain = SentenceEncoder(folder)
    said = {"prompts": {"query": "query : ", "document": "text : "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(said), encoding="utf-8")
    prompted = SentenceEncoder(folder)
    (folder / "config_sentence_transformers.json").unlink()
    assert np.allclose(prompted.encode_questions([SHORT]), plain.encode([f"query : {SHORT}"]), atol=1e-6)
    assert np.allclose(prompted.encode([SHORT]), plain.encode([f"text : {SHORT}"]), atol=1e-6)


def test_a_saved_encoder_gives_the_same_vectors_and_its_name_is_no_content(folder: Path, tmp_path: Path) -> None:
    files = sentence_files("path:a", folder)
    save_sentence(files, tmp_path)
    assert np.array_equal(load_encoder(tmp_path).encode([SHORT]), SentenceEncoder(folder).encode([SHORT]))
    assert files.content_hash() == sentence_files("path:b", tmp_path / "sentence").content_hash()


@pytest.mark.parametrize(
    ("pooling", "more", "part"),
    [(POOLING, ["Dense"], "Dense"), ({"pooling_mode_max_tokens": True}, [], "pooling_mode_max_tokens"),
     (POOLING | {"pooling_mode_cls_token": True}, [], "pooling_mode_mean_tokens")],
)  # fmt: skip
def test_a_part_that_cannot_be_read_is_named(
    folder: Path, pooling: dict[str, object], more: list[str], part: str
) -> None:
    write_parts(folder, pooling, *more)
    with pytest.raises(UserError, match=part):
        sentence_files("path:x", folder)
    write_parts(folder, POOLING)


def test_a_folder_that_is_no_encoder_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UserError, match=r"has no modules\.json"):
        sentence_files("path:x", tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    for name in ("modules.json", "1_Pooling/config.json", "config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(UserError, match="safetensors"):
        sentence_files("path:x", tmp_path)
