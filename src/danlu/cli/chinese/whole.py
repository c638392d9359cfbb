"""All templates and their Chinese, joined."""

from danlu.cli.chinese import (
    core_cluster,
    data_augment,
    data_balance,
    data_clean,
    data_collect,
    data_decontaminate,
    data_deduplicate,
    data_extract,
    data_fetch,
    data_label,
    data_redact,
    data_remote,
    data_split,
    data_synthesize,
    everyday,
    prove_contamination,
    prove_core,
    prove_export,
    prove_mask,
    prove_merge,
    prove_served,
    prove_template,
    prove_trainers,
    train_align,
    train_anomaly,
    train_diff,
    train_doctor,
    train_embedding,
    train_heads,
    train_hubs,
    train_methods,
    train_predict,
    train_pretrain,
    train_private,
    train_scale,
    train_search,
    train_seq2seq,
    train_submit,
    train_tokenize,
    train_tokenizer,
    train_trouble,
    train_zero,
)

_ROOMS = (
    everyday, core_cluster, prove_core, prove_template, prove_trainers, prove_mask, prove_merge, prove_export, prove_served,
    prove_contamination, data_split, data_redact, data_augment, data_decontaminate, data_deduplicate, data_extract,
    data_synthesize, data_fetch, data_label, data_balance, data_remote,
    data_collect, data_clean, train_align, train_diff, train_doctor, train_search, train_predict, train_private, train_scale, train_hubs, train_heads, train_methods, train_pretrain, train_tokenize, train_tokenizer,
    train_embedding,
    train_seq2seq,
    train_anomaly,
    train_trouble,
    train_zero,
    train_submit,
)  # fmt: skip

CHINESE: dict[str, str] = {template: said for room in _ROOMS for template, said in room.CHINESE.items()}

STORED: dict[str, str] = {text: said for room in _ROOMS for text, said in getattr(room, "STORED", {}).items()}
"""What manifests, rejects and edits hold, by room."""
