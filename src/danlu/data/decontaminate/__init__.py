"""Decontaminate: evaluation items are found in a corpus, shown side by side, and taken out."""
