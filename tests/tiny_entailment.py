"""A random model of the class that judges whether a sentence follows from another: it decides nothing."""

from pathlib import Path

from tiny_bert import make_tiny_bert


def make_classifier(folder: Path, labels: tuple[str, ...] = ("entailment", "neutral", "contradiction")) -> Path:
    """Write it into `folder` and return it."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    make_tiny_bert(folder)
    config = BertConfig.from_pretrained(
        folder, id2label=dict(enumerate(labels)), label2id={n: i for i, n in enumerate(labels)}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertForSequenceClassification(config).save_pretrained(folder)
    return folder
