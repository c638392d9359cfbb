"""For the help of `--set`: of each command a setting that is its own."""

_EXAMPLES = {
    "fetch": "crawl.max_pages=1000",
    "evaluate": "evaluate.likelihood_tokens=50000",
    "deduplicate": "deduplicate.near_threshold=0.9",
    "redact": "redact.policy=pseudonymise",
    "decontaminate": "decontaminate.policy=paragraph",
    "split": "split.test_share=0.1",
    "label weak": "label.min_probability=0.9",
    "label model": "label.samples=3",
    "label export": "label.count=200",
    "label import": "label.field=topic",
    "label errors": "label.min_documents=10",
    "synthesize": "synthesize.answer_characters=200",
    "augment": "augment.variants=2",
    "balance": "balance.max_weight=5",
    "tokenizer": "tokenizer.size=16384",
    "tokenize": "tokenize.max_tokens_per_character=3",
    "pretrain": "pretrain.layers=6",
    "finetune": "finetune.max_train_tokens=100000",
    "head classify": "classify.epochs=6",
    "head tag": "tag.epochs=6",
    "head span": "span.epochs=6",
    "head translate": "seq2seq.epochs=20",
    "head summarise": "seq2seq.epochs=20",
    "head anomaly": "anomaly.window=128",
    "head embed": "embed.epochs=2",
    "head rerank": "rerank.epochs=3",
    "align": "align.max_epochs=2",
    "search finetune": "search.trials=32",
    "search pretrain": "search.trials=32",
}
_OTHERS = "clean.rules=web"
"""Of commands that begin with documents."""


def setting_example(prog: str) -> str:
    """The example for a command by the name that argparse gives it, `danlu head tag` say."""
    return _EXAMPLES.get(prog.partition(" ")[2], _OTHERS)
