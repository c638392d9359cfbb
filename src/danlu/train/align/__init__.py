"""Align: a model that follows preferences: reward model, DPO, KTO and GRPO, trained by TRL on token ids of our own."""
