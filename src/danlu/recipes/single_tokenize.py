"""Plans of `danlu tokenize`: documents, or conversations, as token shards."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.artifacts import MANIFEST, Chats
from danlu.core.outside import DataFile
from danlu.core.stages import Plan, Step
from danlu.core.store import open_artifact
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings
from danlu.train.conversations import ConversationsConfig, conversations
from danlu.train.tokenize.stage import TokenizeChatsConfig, TokenizeConfig, tokenize, tokenize_chats
from danlu.train.tokenize.tokenizer import DocumentTokens, TokenizerFiles


def tokenize_plan(paths: Sequence[Path], licence: str, tokenizer: Path, settings: Settings) -> Plan:
    """Read documents, or a corpus, and encode them."""
    config, files = settings.of("tokenize", TokenizeConfig), TokenizerFiles(tokenizer)
    files.content_hash()
    DocumentTokens.read(tokenizer, config.end_token)  # a wrong one is told before the documents are read
    target = tokenize(config, documents=corpus_of(paths, licence, settings), tokenizer=files)
    settings.check_all_used()
    return Plan(target, seed=0)


def tokenize_chats_plan(path: Path, tokenizer: Path, settings: Settings) -> Plan:
    """Encode the conversations of a file, or of an artifact, as a chat model is trained on them."""
    config, files = settings.of("tokenize", TokenizeChatsConfig), TokenizerFiles(tokenizer)
    files.content_hash()
    target = tokenize_chats(config, chats=_chats(path, config), tokenizer=files)
    settings.check_all_used()
    return Plan(target, seed=0)


def _chats(path: Path, config: TokenizeChatsConfig) -> Step[Chats] | Chats:
    if (path / MANIFEST).is_file():
        return open_artifact(path, Chats)
    return conversations(ConversationsConfig(side=config.side), file=DataFile(path))
