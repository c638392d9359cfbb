"""Readers of one document each: bytes in, text and blocks out."""
