"""Vocabularies: training a tokenizer on a corpus, extending one, and what it costs in tokens."""
