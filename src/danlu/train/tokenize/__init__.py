"""Tokenize: documents and conversations as token shards."""
