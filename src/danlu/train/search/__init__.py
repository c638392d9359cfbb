"""Searching settings of a training on a budget of tokens."""
