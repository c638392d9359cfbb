"""Every training stage on little data: what the invariants are checked on, stage by stage."""

import json
import math
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from align_ground import SHARED, write_rows
from corpora import manuals
from danlu.core.stages import Plan
from danlu.recipes.settings import Settings
from danlu.recipes.single_align import align_plan
from danlu.recipes.single_anomaly import anomaly_plan
from danlu.recipes.single_embedding import Material, embed_plan, rerank_plan
from danlu.recipes.single_finetune import finetune_plan
from danlu.recipes.single_head import classify_plan, span_plan, tag_plan
from danlu.recipes.single_pretrain import pretrain_plan
from danlu.recipes.single_search import search_finetune_plan
from danlu.recipes.single_seq2seq import Pairs, seq2seq_plan
from danlu.recipes.single_tokenize import tokenize_chats_plan, tokenize_plan
from danlu.recipes.single_tokenizer import tokenizer_plan
from label_rows import entities, questions, reviews, write
from tiny import make_tiny_checkpoint, make_tiny_tokenizer, write_chats
from tiny_bert import make_tiny_bert
from tiny_marian import write_marian

SEED = 7
EPOCHS = 3
"""Of every training that has epochs."""
PASSES = 4
"""Of pretraining over its text, which is counted in tokens."""
METHODS = ("full", "lora", "qlora", "ia3", "houlsby", "prefix", "prompt", "p_tuning")

_FINETUNE = {
    "max_train_tokens": 100_000, "max_epochs": EPOCHS, "step_tokens": 200, "rank": 2, "bottleneck": 4, "virtual_tokens": 3,
    "sequence_tokens": 64, "min_conversations": 2,
}  # fmt: skip
_PRETRAIN = {
    "layers": 1, "sequence_tokens": 64, "step_sequences": 16, "micro_batch_sequences": 8, "max_epochs": float(PASSES),
    "max_train_tokens": 10**7, "final_tokens": 500, "evaluation_tokens": 200,
}  # fmt: skip
_HEAD = {"epochs": EPOCHS, "learning_rate": 5e-3, "step_rows": 8}
_SEQ2SEQ = {"width": 32, "vocabulary": 300, "epochs": EPOCHS, "step_tokens": 128, "beams": 1, "target_tokens": 12}
_WORDS = {"red": "红", "blue": "蓝", "old": "旧", "new": "新", "pump": "泵", "fan": "扇", "door": "门", "lamp": "灯"}


def write_ground(folder: Path) -> Path:
    """What the stages read: small models of each kind, and for each method rows to learn from, bad ones among them."""
    make_tiny_checkpoint(folder / "decoder")
    make_tiny_bert(folder / "encoder")
    write_marian(folder / "translator", 0)
    (folder / "vocabulary").mkdir()
    make_tiny_tokenizer(folder / "vocabulary")
    (folder / "pages").mkdir()
    for page in manuals(24):
        (folder / "pages" / f"{page.doc_id}.txt").write_text(page.text, encoding="utf-8")
    write_chats(folder / "chats.jsonl", 20)
    _append(folder / "chats.jsonl", {"id": "long", "messages": _said("Why?", "so " * 90)})
    for kind in ("pairs", "labelled", "prompts"):
        write_rows(folder / f"{kind}.jsonl", kind, 16)
    _append(folder / "pairs.jsonl", {"messages": _said("Which?")[:1], "chosen": "this", "rejected": "this"})
    _append(folder / "pairs.jsonl", {"messages": _said("Who?")[:1], "chosen": "a " * 600, "rejected": "b"})
    write(folder / "reviews.jsonl", [*reviews(), {"text": "\u200b", "label": "good"}])
    write(folder / "entities.jsonl", entities())
    write(folder / "questions.jsonl", questions())
    write(folder / "queries.jsonl", [*_queries(), _queries()[0], {"query": " ", "positive": "nothing"}])
    write(folder / "sentences.jsonl", [*_sentences(), _sentences()[0], {"source": "long", "target": "泵灯门扇红" * 9}])
    (folder / "series.csv").write_text("a,b,wrong\n" + "".join(_moments()), encoding="utf-8")
    return folder


def _append(path: Path, row: object) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _said(*texts: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in zip(("user", "assistant"), texts, strict=False)]


def _queries() -> list[dict[str, str]]:
    return [
        {
            "query": f"where is the {taste} {place}",
            "positive": f"{place} 2{at} was visited, it is {taste} {number}{at}{place}",
        }
        for at, place in enumerate(("anna", "otto", "paris", "rome", "food", "film"))
        for number, taste in enumerate(("good", "bad", "nice", "awful", "great", "cold"))
    ]


def _sentences() -> list[dict[str, str]]:
    said = product(("old", "new", "red", "blue"), ("old", "new", "red", "blue"), ("pump", "fan", "door", "lamp"))
    return [{"source": " ".join(words), "target": "".join(_WORDS[word] for word in words)} for words in said]


def _moments() -> list[str]:
    return [f"{math.sin(at / 4):.5f},{math.cos(at / 3):.5f},{int(at == 90)}\n" for at in range(500)]


def _set(stage: str, facts: dict[str, Any], **more: Any) -> Settings:
    """Settings of a stage, and of others in full."""
    return Settings({f"{stage}.{name}": value for name, value in facts.items()} | more)


def _finetune(method: str) -> Callable[[Path], Plan]:
    settings = _set("finetune", _FINETUNE, **{"finetune.method": method})
    return lambda ground: finetune_plan(f"path:{ground / 'decoder'}", ground / "chats.jsonl", settings, SEED)


def _pretrain(objective: str) -> Callable[[Path], Plan]:
    more = {"pretrain.objective": objective, "tokenizer.size": 400, "tokenizer.reserved": 24}
    return lambda ground: pretrain_plan(
        [ground / "pages"], "MIT", None, None, _set("pretrain", _PRETRAIN, **more), SEED
    )


def _align(method: str, kind: str) -> Callable[[Path], Plan]:
    more = {"align.method": method, "preferences.kind": kind, "align.max_epochs": EPOCHS, "align.sequence_tokens": 200}
    of_replies = {"replies_per_prompt": 2, "reply_tokens": 6} if method == "grpo" else {}
    shaping = {**SHARED, **of_replies}
    rewards = ("length:5",) if method == "grpo" else ()
    return lambda ground: align_plan(
        f"path:{ground / 'decoder'}", ground / f"{kind}.jsonl", rewards, None, _set("align", shaping, **more), SEED
    )


def _retrieval(plan: Callable[..., Plan], stage: str, facts: dict[str, Any]) -> Callable[[Path], Plan]:
    settings = _set(stage, {"epochs": EPOCHS, **facts}, **{"retrieval_pairs.held_out_share": 0.3})
    return lambda ground: plan(
        Material(ground / "queries.jsonl", (), "MIT"), f"path:{ground / 'encoder'}", settings, SEED
    )


def _seq2seq(task: str, base: str | None) -> Callable[[Path], Plan]:
    settings = _set("seq2seq", {**_SEQ2SEQ, "task": task}, **{"text_pairs.held_out_share": 0.15})
    return lambda ground: seq2seq_plan(
        Pairs(ground / "sentences.jsonl", ()), f"path:{ground / base}" if base else None, settings, SEED
    )


def _anomaly(ground: Path) -> Plan:
    facts = {"window": 12, "channels": 4, "layers": 2, "epochs": EPOCHS, "batch_windows": 64, "label": "wrong"}
    return anomaly_plan(ground / "series.csv", None, _set("anomaly", facts), SEED)


def _search(ground: Path) -> Plan:
    settings = _set("search", {"trials": 4, "evaluations": 2}, **{"finetune.max_train_tokens": 1500})
    ranges = {"learning_rate": "1e-3:1e-1"}
    return search_finetune_plan(f"path:{ground / 'decoder'}", ground / "chats.jsonl", settings, ranges, SEED)


def _vocabulary(algorithm: str, base: str | None) -> Callable[[Path], Plan]:
    facts = {"algorithm": algorithm, "size": 400, "added_pieces": 20}
    return lambda ground: tokenizer_plan(
        [ground / "pages"], "MIT", str(ground / base) if base else None, False, _set("tokenizer", facts), SEED
    )


TRAINED: dict[str, Callable[[Path], Plan]] = {
    **{f"pretrain {objective}": _pretrain(objective) for objective in ("causal", "masked", "span-corruption")},
    **{f"finetune {method}": _finetune(method) for method in METHODS},
    "align reward": _align("reward", "pairs"),
    "align dpo": _align("dpo", "pairs"),
    "align kto": _align("kto", "labelled"),
    "align grpo": _align("grpo", "prompts"),
    "classify": lambda ground: classify_plan(
        str(ground / "encoder"), ground / "reviews.jsonl", None, _set("classify", _HEAD), SEED
    ),
    "tag": lambda ground: tag_plan(str(ground / "encoder"), ground / "entities.jsonl", None, _set("tag", _HEAD), SEED),
    "span": lambda ground: span_plan(
        str(ground / "encoder"), ground / "questions.jsonl", None, _set("span", _HEAD), SEED
    ),
    "embed": _retrieval(embed_plan, "embed", {"group_queries": 4, "query_tokens": 16, "passage_tokens": 32}),
    "rerank": _retrieval(rerank_plan, "rerank", {"step_queries": 4, "negatives": 2, "pair_tokens": 40}),
    "translate": _seq2seq("translate", None),
    "summarise": _seq2seq("summarise", "translator"),
    "anomaly": _anomaly,
}
"""Stages that go through the loop, or through a trainer of TRL, for several epochs."""

MADE: dict[str, Callable[[Path], Plan]] = {
    "tokenizer bpe": _vocabulary("bpe", None),
    "tokenizer unigram": _vocabulary("unigram", None),
    "tokenizer extended": _vocabulary("bpe", "decoder"),
    "tokenize": lambda ground: tokenize_plan([ground / "pages" / "en-000.txt"], "MIT", ground / "vocabulary", Settings({})),
    "tokenize --chats": lambda ground: tokenize_chats_plan(
        ground / "chats.jsonl", ground / "decoder", _set("tokenize", {"max_tokens": 64})
    ),
    "search": _search,
}  # fmt: skip
"""Stages around training."""

STAGES = TRAINED | MADE
KILLED_TWICE = ("pretrain causal", "pretrain masked", "pretrain span-corruption", "finetune full", "finetune lora")
"""In the first epoch too. All others in a later one alone."""
