"""A randomly initialised LLaMA with a small byte-level tokenizer: an ordinary checkpoint that trains in milliseconds."""

import json
from pathlib import Path

CHATML = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou answer.<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
SENTENCES = (
    "The user asks and the assistant answers in a few words.",
    "A manual tells how to start the machine and how to stop it.",
    "手册说明如何启动机器，以及如何停止机器。",
    "What is the pressure of the pump? It is 7 bar at 20 degrees.",
    "system user assistant 0123456789",
)


def make_tiny_checkpoint(
    folder: Path,
    *,
    seed: int = 0,
    template: str = CHATML,
    special: tuple[str, ...] = SPECIAL,
    stop: str = "<|im_end|>",
) -> Path:
    """Write the checkpoint into `folder` and return it: hidden size 32, 2 layers, about 400 tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    stop_id, vocab_size = make_tiny_tokenizer(folder, template=template, special=special, stop=stop)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=stop_id,
        pad_token_id=stop_id,
    )
    # Leave the generator of the test as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def make_tiny_tokenizer(
    folder: Path, *, template: str = CHATML, special: tuple[str, ...] = SPECIAL, stop: str = "<|im_end|>"
) -> tuple[int, int]:
    """Write the tokenizer's files alone; returns the stop token's id and the number of tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": special[0], "eos_token": stop}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return tokenizer.token_to_id(stop), tokenizer.get_vocab_size()


def write_chats(path: Path, count: int = 12) -> Path:
    """Conversations of different lengths as JSON lines."""
    rows = []
    for number in range(count):
        reply = " ".join(SENTENCES[at % len(SENTENCES)] for at in range(number, number + 1 + number % 3))
        messages = [{"role": "user", "content": f"What is {number}?"}, {"role": "assistant", "content": reply}]
        rows.append(json.dumps({"id": f"chat-{number}", "messages": messages}, ensure_ascii=False))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
