"""augment: a corpus with variants of its documents."""

from argparse import Namespace

from danlu.cli.given import inputs_of, parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.errors import UserError
from danlu.data.augment.methods import METHODS
from danlu.data.augment.translate import TwoModels
from danlu.recipes.settings import Settings
from danlu.recipes.single_augment import augment_plan


def augment(options: Namespace, say: Speech) -> None:
    """Add variants to a corpus."""
    settings = parsed_settings(options.set)
    if options.methods:
        settings["augment.methods"] = [_known(name.strip()) for name in options.methods.split(",")]
    translator = TwoModels(*options.translator) if options.translator else None
    if "back_translation" in settings.get("augment.methods", []) and translator is None:
        raise UserError(
            "back_translation needs a translator",
            "Name two folders with models: --translator ZH_EN EN_ZH.",
        )
    plan = augment_plan(
        inputs_of(options),
        options.licence,
        Settings(settings),
        options.wordnet,
        translator,
        options.seed,
    )
    make(plan, options, say)


def _known(name: str) -> str:
    if name not in METHODS:
        raise UserError("Unknown method `{name}`", "The methods are: {methods}.", name=name, methods=", ".join(METHODS))
    return name
