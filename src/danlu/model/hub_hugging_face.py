"""Models of Hugging Face, or of a mirror that speaks the same (https://huggingface.co/docs/hub/api)."""

from urllib.parse import quote

from danlu.core.licence_card import licence_of_card
from danlu.model.hub_files import HubFile, Listing, chosen
from danlu.model.hub_web import Hub


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
    card = about.get("cardData") or {}
    licence = licence_of_card(card.get("license"), card.get("license_name"))
    return Listing(commit, licence, chosen(hub.spec, files))


def url_of(hub: Hub, model_id: str, revision: str, name: str) -> str:
    """Where a file is."""
    return f"{hub.endpoint}/{model_id}/resolve/{revision}/{quote(name)}"
