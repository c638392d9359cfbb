"""Rows of training and evaluation data, in whatever form trainers and benchmarks keep them."""
