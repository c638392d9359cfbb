"""A checkpoint's own Jinja chat template, rendered as Transformers renders it: the same environment, sandboxed.

See `_cached_compile_jinja_template` in transformers/utils/chat_template_utils.py. One difference: `strftime_now` gives
a fixed day, since a prompt that changes with the calendar is no longer the prompt that the model was trained on.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError

_TODAY = datetime(2024, 7, 26, tzinfo=UTC)
"""The day that LLaMA 3's template falls back to where it cannot ask for the date."""
_TOKEN_NAMES = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")


class Template:
    """A compiled template and the token strings that it may name."""

    def __init__(self, source: str, token_names: dict[str, str]) -> None:
        from jinja2.exceptions import TemplateSyntaxError

        try:
            self._compiled = _environment().from_string(source)
        except TemplateSyntaxError as error:
            raise UserError(
                "the chat template is no valid Jinja: line {line}: {problem}", line=error.lineno, problem=error.message
            ) from error
        self._token_names = token_names

    @classmethod
    def load(cls, checkpoint_dir: Path) -> "Template":
        """Read `chat_template.jinja`, or the `chat_template` of tokenizer_config.json in older folders."""
        config = read_json(checkpoint_dir / "tokenizer_config.json")
        path = checkpoint_dir / "chat_template.jinja"
        source = path.read_text(encoding="utf-8") if path.is_file() else config.get("chat_template")
        if not isinstance(source, str):
            raise UserError("{place} has no chat template", "use an instruction-tuned model", place=checkpoint_dir)
        named = {name: config[name] for name in _TOKEN_NAMES if config.get(name)}
        # Older folders keep a token as {"content": ..., "lstrip": ...}.
        tokens = {name: token["content"] if isinstance(token, dict) else token for name, token in named.items()}
        return cls(source, tokens)

    def render(
        self, messages: list[dict[str, Any]], add_generation_prompt: bool, tools: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """The conversation as text. Raises UserError with the template's own words when it refuses the messages."""
        from jinja2.exceptions import TemplateError

        given = list(tools) or None
        names = {"tools": given, "documents": None, "add_generation_prompt": add_generation_prompt, **self._token_names}
        try:
            return str(self._compiled.render(messages=messages, **names))
        except TemplateError as error:
            raise UserError("the chat template refuses this conversation: {problem}", problem=error) from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty when there is no such file."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise UserError("{path} holds {kind}, expected a JSON object", path=path, kind=type(content).__name__)
    return content


def _environment() -> Any:
    from jinja2 import nodes
    from jinja2.exceptions import TemplateError
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks replies for other tools' loss masks; here its body is plain template text."""

        tags = {"generation"}  # noqa: RUF012  # jinja2 declares it so

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = _TODAY.strftime
    return environment


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, sort_keys: bool = False) -> str:
    """Plain JSON: Jinja's own filter escapes HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, sort_keys=sort_keys)
