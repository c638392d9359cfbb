"""fetch: call it, print what came of it."""

import json
import os
from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from danlu.cli.project import parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.errors import UserError
from danlu.core.progress import Silent, progress
from danlu.recipes.settings import Settings

_TOKENS = {"hf": ("HF_TOKEN",), "ms": ("MODELSCOPE_API_TOKEN", "MODELSCOPE_TOKEN")}


def fetch(options: Namespace, say: Speech) -> None:
    """Fetch the sources and print the account."""
    try:
        from danlu.recipes import single_fetch
    except ImportError as missing:
        raise UserError(
            "danlu fetch needs the package {package}", "Install it: pip install 'danlu[fetch]'", package=missing.name
        ) from None
    with ExitStack() as stack:
        shown = Silent() if options.json else stack.enter_context(progress(say("fetch")))
        account = single_fetch.fetch(
            options.sources,
            Path(options.out),
            Settings(parsed_settings(options.set)),
            shown,
            options.licence,
            single_fetch.Columns(
                options.table,
                options.query,
                tuple(options.text_column),
                tuple(options.key_column),
                options.title_column,
            ),
            single_fetch.Access(
                options.allow_private,
                os.environ.get("HF_ENDPOINT") or single_fetch.HUGGING_FACE,
                _model_scope(os.environ) or single_fetch.MODEL_SCOPE,
                _tokens(os.environ),
            ),
            options.refresh,
        )
    if options.json:
        print(json.dumps({"out": options.out, "sources": account}, indent=2, ensure_ascii=False))
    else:
        _print(account, options, say)


def _model_scope(environment: Mapping[str, str]) -> str:
    """MODELSCOPE_ENDPOINT, or MODELSCOPE_DOMAIN as ModelScope's own client calls it, which has no scheme."""
    domain = environment.get("MODELSCOPE_DOMAIN", "")
    return environment.get("MODELSCOPE_ENDPOINT") or (f"https://{domain}" if domain else "")


def _tokens(environment: Mapping[str, str]) -> dict[str, str]:
    found = {
        scheme: [environment[name] for name in names if environment.get(name)] for scheme, names in _TOKENS.items()
    }
    return {scheme: tokens[0] for scheme, tokens in found.items() if tokens}


def _print(account: list[dict[str, Any]], options: Namespace, say: Speech) -> None:
    states = ("fetched", "skipped", "failed")
    print_table(
        [say("source"), *(say(state) for state in states), "MB", say("licences")],
        [
            [
                source["label"],
                *(source["counts"][state] for state in states),
                f"{source['bytes'] / 1e6:.2f}",
                _licences(source, say),
            ]
            for source in account
        ],
    )
    reasons = [
        [source["label"], *map(say, reason.split(": ", 1)), count]
        for source in account
        for reason, count in source["reasons"].items()
    ]
    if reasons:
        print()
        print_table([say("source"), say("state"), say("reason"), say("count")], reasons)
    print(say("Every address with what became of it: {path}", path=Path(options.out) / "fetch.jsonl"))
    print(say("Next: danlu clean {out} --out corpus", out=options.out))


def _licences(source: dict[str, Any], say: Speech) -> str:
    return ", ".join(f"{say(name)} {count}" for name, count in source["licences"].items())
