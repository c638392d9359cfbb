from pathlib import Path

import pytest

from danlu.core.tracking import track_dataset, tracker, tracking_uri
from data.corpora import corpus, document


def test_a_corpus_is_an_input_of_a_run_with_its_hash_and_licences(tmp_path: Path) -> None:
    pytest.importorskip("alembic")
    given = corpus([document("d", "text")])
    client = tracker(tracking_uri(tmp_path))
    run = client.create_run(client.create_experiment("danlu"))
    track_dataset(client, run.info.run_id, given, "training")
    [found] = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert given.manifest.content_hash.startswith(found.dataset.digest) and len(found.dataset.digest) == 36
    assert given.manifest.content_hash in found.dataset.profile and "MIT" in found.dataset.profile
    assert [tag.value for tag in found.tags] == ["training"]
