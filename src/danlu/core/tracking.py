"""Where runs are tracked, and data sets as their inputs: which corpus a training read, with its hash, amounts and licences.

MLflow keeps runs in one SQLite file, `.danlu/mlflow.db`, or on any server that MLFLOW_TRACKING_URI names. mlflow-skinny writes
to a file only with sqlalchemy and alembic, which the extra `remote` brings.
"""

import json
import os
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Artifact
from danlu.core.errors import UserError

DIGEST_LENGTH = 36
"""MLflow cuts a digest that is longer; the whole content hash stands in the profile."""


def tracking_uri(state: Path) -> str:
    """The address of a project's own tracker; `state` is its `.danlu` folder."""
    return f"sqlite:///{(state / 'mlflow.db').resolve()}"


def tracker_address(asked: str | None, state: Path) -> str:
    """Where a training is recorded: `asked` is an address, "" for the usual one, None where nobody asked.

    MLFLOW_TRACKING_URI asks too. Empty: nowhere.
    """
    usual = os.environ.get("MLFLOW_TRACKING_URI", "")
    return usual if asked is None else asked or usual or tracking_uri(state)


def track_dataset(client: Any, run_id: str, artifact: Artifact, context: str) -> None:
    """Log an artifact as an input of a run; `client` is an `mlflow.MlflowClient`, `context` says what for: training, say.

    Its name is that of its stage and id, its digest the start of its content hash.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    manifest = artifact.manifest
    profile = {
        "content_hash": manifest.content_hash, "licences": list(manifest.licences), "counts": dict(manifest.counts),
    }  # fmt: skip
    dataset = Dataset(
        name=f"{manifest.stage}-{manifest.id}",
        digest=manifest.content_hash[:DIGEST_LENGTH],
        source_type="danlu",
        source=json.dumps({"id": manifest.id, "stage": manifest.stage, "parents": dict(manifest.parents)}),
        profile=json.dumps(profile, ensure_ascii=False),
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", context)])])


def tracker(uri: str) -> Any:
    """A client of a tracker; raises UserError when mlflow, or what its files need, is not installed."""
    try:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=uri)
    except ImportError:
        raise UserError("Tracking needs the package mlflow-skinny", "pip install 'danlu[remote]'") from None
