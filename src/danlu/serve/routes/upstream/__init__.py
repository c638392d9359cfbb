"""Servers that speak the OpenAI protocol: outside providers, vLLM, SGLang and others."""
