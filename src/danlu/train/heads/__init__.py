"""Heads on encoders: classes of texts, tags of tokens, spans that answer."""
