"""Redact: find personal data, secrets and sensitive words, and do with each what a policy says.

A value that is taken out is nowhere in what comes out but as a keyed hash. `findings` lists every finding with its place in the text that is
kept; `edits` counts the changes; a document that is dropped is a reject that says by what. Titles are treated as texts are;
`source` and `meta` stay as they are.
"""

from functools import partial
from hashlib import sha256

from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.nearest import nearest_first
from danlu.data.parts import check_any_kept, map_parts
from danlu.data.redact.inputs import KeyFile, WordLists
from danlu.data.redact.judge import FINDINGS, Tools, redact_batch
from danlu.data.redact.policy import Action, PolicyName, actions_of
from danlu.data.redact.pseudonyms import VERSION as PSEUDONYMS
from danlu.text.pii.names import check_recognisers, recognisers
from danlu.text.pii.scan import VERSION
from danlu.text.tables import read_groups


class RedactConfig(Config):
    """What is done with what is found."""

    policy: PolicyName = "mask-all"
    """The named table of actions: mask-all, pseudonymise, report-only, drop-secrets."""
    types: dict[str, Action] = Field(default_factory=dict)
    """Actions that differ from the table, by type: keep, mask, partial, pseudonymise, drop."""
    words: dict[str, Action] = Field(default_factory=dict)
    """Actions for words of the lists, by category; mask where none is given."""
    max_word_hits: int = Field(0, ge=0)
    """Words of categories to drop: a document with more of them is rejected; up to so many are masked."""
    names: bool = False
    """Look for names of people, places and organisations too: models, thousands of times slower, and often wrong."""

    def check(self, lists: WordLists | None) -> None:
        """Raises UserError for a type or a category that does not exist, and when names are wanted and their packages are missing."""
        actions_of(self.policy, self.types)
        categories = {phrase.category for phrase in lists.phrases()} if lists else set()
        for name in self.words:
            if name not in categories:
                raise UserError(
                    "redact.words: no word of the lists is in the category `{name}`",
                    "The categories are, the nearest first: {categories}."
                    if categories
                    else "Name word lists after --words.",
                    name=name,
                    categories=", ".join(nearest_first(name, sorted(categories))),
                )
        if self.names:
            check_recognisers()


def _redact(
    work: Work, config: RedactConfig, *, documents: Corpus, words: WordLists | None = None, key: KeyFile | None = None
) -> Facts:
    config.check(words)
    tools = Tools(
        actions_of(config.policy, config.types),
        _word_actions(config, words),
        words.phrases() if words else (),
        config.max_word_hits,
        config.names,
        key.read() if key else sha256(f"danlu redact {work.seed}".encode()).digest(),
        key is not None,
    )
    shaped_by = [redact.shaping(config), work.seed, *(given.content_hash() if given else "" for given in (words, key))]
    judge = partial(redact_batch, tools=tools)
    facts = check_any_kept(map_parts(work, documents, judge, {"findings": FINDINGS}, shaped_by), "redact")
    found: dict[str, int] = {}
    for table in read_groups(work.folder / "findings", ["type"]):
        for kind in table["type"].to_pylist():
            found[kind] = found.get(kind, 0) + 1
    counts = {**facts.counts, **{f"found: {kind}": found[kind] for kind in sorted(found)}}
    repeatable = key is None and any(tools.actions.get(kind) == "pseudonymise" for kind in found)
    return Facts(counts, facts.licences, note=NO_KEY if repeatable else "")


NO_KEY = "pseudonyms without --key: the key follows from --seed, so anybody can repeat them and test a guess"


def _word_actions(config: RedactConfig, words: WordLists | None) -> dict[str, Action]:
    """An action for each category: what the user says, else that of the policy."""
    usual: Action = "keep" if config.policy == "report-only" else "mask"
    categories = {phrase.category for phrase in words.phrases()} if words else set()
    return {category: config.words.get(category, usual) for category in sorted(categories)}


redact = Stage(
    "redact",
    version=1,
    makes=Corpus,
    body=_redact,
    config=RedactConfig,
    libraries=recognisers(),
    rules=(("personal data", VERSION), ("pseudonyms", PSEUDONYMS), ("disguises", 1)),
    resumable=True,
)
