"""Models of Hugging Face, or of a mirror that speaks the same (https://huggingface.co/docs/hub/api)."""

from collections.abc import Mapping
from urllib.parse import quote

from danlu.model.hub_files import HubFile, Listing, chosen, licence_of_card
from danlu.model.hub_web import Hub

HOME = "https://huggingface.co"


def headers(token: str) -> Mapping[str, str]:
    """What a request carries of a user's access token."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def list_hugging_face(hub: Hub, model_id: str, revision: str) -> Listing:
    """The model's files at the commit that `revision` (empty: the main branch) stands for now."""
    about = hub.json(f"/api/models/{model_id}/revision/{quote(revision or 'main', safe='')}")
    commit = str(about["sha"])
    entries = hub.pages(f"/api/models/{model_id}/tree/{commit}?recursive=false")
    files = [
        HubFile(
            entry["path"],
            entry["size"],
            sha256=(entry.get("lfs") or {}).get("oid", ""),
            git_sha1="" if entry.get("lfs") else str(entry.get("oid", "")),
        )
        for entry in entries
        if entry["type"] == "file"
    ]
    return Listing(commit, licence_of_card(about.get("cardData") or {}), chosen(hub.spec, files))


def url_of(hub: Hub, model_id: str, revision: str, name: str) -> str:
    """Where a file is."""
    return f"{hub.endpoint}/{model_id}/resolve/{revision}/{quote(name)}"
