"""The plan of `danlu align`."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Plan
from danlu.model.base_model import BaseFiles, resolve_base
from danlu.recipes.settings import Settings
from danlu.train.align.config import AlignConfig
from danlu.train.align.preferences import PreferencesConfig, preferences
from danlu.train.align.rewards import Rewards, check_reward_model
from danlu.train.align.stage import align
from danlu.train.base_stage import base


def align_plan(
    base_spec: str, data: Path, rewards: Sequence[str], reward_model: Path | None, settings: Settings, seed: int = 0
) -> Plan:
    """Align a base model with the preferences of a file. What can be told wrong before the work is told here."""
    config = settings.of("align", AlignConfig)
    config.check()
    parted = settings.of("preferences", PreferencesConfig)
    settings.check_all_used()
    scored = _rewards(config, rewards)
    model = _reward_model(config, reward_model)
    if config.method == "grpo" and scored is None and model is None:
        raise UserError(
            "GRPO needs something that scores replies",
            "Name --reward exact, contains, length:N, pattern:REGEX or FILE.py:FUNCTION, or --reward-model DIR.",
        )
    step = align(
        config,
        preferences=preferences(parted, file=DataFile(data)),
        base=base(files=resolve_base(_spec(base_spec), Path.cwd())),
        rewards=scored,
        reward_model=model,
    )
    return Plan(step, seed)


def _spec(base_spec: str) -> str:
    """A folder may be named as it is: --base tuned is --base path:tuned."""
    return f"path:{base_spec}" if Path(base_spec).exists() else base_spec


def _rewards(config: AlignConfig, specs: Sequence[str]) -> Rewards | None:
    if not specs:
        return None
    _check_grpo(config, "--reward")
    rewards = Rewards(tuple(specs))
    rewards.load()
    return rewards


def _reward_model(config: AlignConfig, folder: Path | None) -> BaseFiles | None:
    if folder is None:
        return None
    _check_grpo(config, "--reward-model")
    files = resolve_base(f"path:{folder}", Path.cwd())
    check_reward_model(folder)
    return files


def _check_grpo(config: AlignConfig, option: str) -> None:
    if config.method != "grpo":
        raise UserError(
            "{option} is for GRPO, and the method is {method}",
            "Leave it out: this method learns from the data alone.",
            option=option,
            method=config.method,
        )
