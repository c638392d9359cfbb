"""Data sets of Hugging Face, or of a mirror that speaks the same: huggingface.co/docs/hub/api."""

from urllib.parse import quote

from danlu.core.licence_card import licence_of_card
from danlu.data.fetch.download import RemoteFile
from danlu.data.fetch.hub import DataSet, Hub, Listing
from danlu.data.fetch.hub_choice import chosen
from danlu.data.fetch.web import Web
from danlu.model.hub_access import headers


async def list_hugging_face(web: Web, endpoint: str, asked: DataSet, revision: str | None, token: str) -> Listing:
    """The files of a data set; `revision` pins it."""
    hub = Hub(web, endpoint.rstrip("/"), asked.id, headers("hf", token), "HF")
    about = await hub.json(f"/api/datasets/{asked.id}/revision/{quote(revision or asked.revision or 'main', safe='')}")
    commit = str(about["sha"])
    card = about.get("cardData") or {}
    entries = await hub.pages(f"/api/datasets/{asked.id}/tree/{commit}?recursive=true")
    files = [
        RemoteFile(
            entry["path"], f"{hub.endpoint}/datasets/{asked.id}/resolve/{commit}/{quote(entry['path'])}", entry["size"],
            sha256=(entry.get("lfs") or {}).get("oid"), git_sha1=None if entry.get("lfs") else entry.get("oid"),
        )
        for entry in entries if entry["type"] == "file"
    ]  # fmt: skip
    wanted, left_out = chosen(files, asked, card)
    return Listing(commit, licence_of_card(card.get("license"), card.get("license_name")), wanted, left_out)
