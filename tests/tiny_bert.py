"""A randomly initialised BERT with a vocabulary of characters and a few words: an encoder that trains in milliseconds."""

import json
from pathlib import Path

WORDS = (
    "the a an is was not and or of in to it this that very film food service good bad nice awful great poor tasty cold "
    "anna otto paris rome visited met likes works at for who where what does live red green blue"
).split()
HAN = "这部电影很好看不难服务差劲味道棒冷菜我喜欢讨厌张三李四在北京上海工作住谁哪里他她是的"


def make_tiny_bert(folder: Path, *, seed: int = 0, positions: int = 64) -> Path:
    """Write the checkpoint into `folder` and return it: hidden size 32, 2 layers, about 200 tokens."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForMaskedLM

    folder.mkdir(parents=True, exist_ok=True)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *dict.fromkeys(HAN), *".,!?。，！？"]
    vocabulary += [*dict.fromkeys(letter for letter in letters if letter not in vocabulary)]
    vocabulary += [f"##{letter}" for letter in letters]
    tokenizer = Tokenizer(models.WordPiece({token: id for id, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]"}
    facts = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": positions, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(facts | {"mask_token": "[MASK]"}))
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=positions,
    )
    # Leave the generator of the test as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertForMaskedLM(config).save_pretrained(folder)
    return folder
