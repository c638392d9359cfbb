"""What extraction may use and how it reads what has no single right reading."""

from typing import Literal

from pydantic import Field

from danlu.core.stages import Config


class ExtractConfig(Config):
    """Limits and choices of extraction. Every limit names itself in the reject of what it stopped."""

    text_column: str = ""
    """Column or key of data sets (JSON, JSON Lines, CSV, Parquet) that holds the text; empty: told by its name."""
    pdf_reader: Literal["pypdfium2", "docling"] = "pypdfium2"
    """What reads PDF; docling is an extra, a hundred times slower, and knows hard tables and layouts."""
    speech_model: str = ""
    """Folder of a faster-whisper model for recordings and videos; empty: the installed package of weights."""
    max_file_bytes: int = Field(256 << 20, ge=1 << 10)
    """Bytes of one file that its reader must hold whole (PDF, Office, HTML, e-mail, images): readers need up to ten times that."""
    max_text_bytes: int = Field(8 << 20, ge=1 << 10)
    """Bytes of UTF-8 of one document, room for the longest novels: a longer text is cut at blank lines, so that later stages hold one at a time."""
    max_unpacked_bytes: int = Field(1 << 40, ge=1 << 10)
    """Bytes that one archive or compressed file may unpack to, nested ones counted too."""
    max_unpack_ratio: int = Field(250, ge=2)
    """Times its own size that a file may unpack to, beyond 64 MiB: text packs 3 to 100 times, DEFLATE can reach 1,032."""
    max_members: int = Field(5_000_000, ge=1)
    """Members of one archive: a ZIP's list of them is held in memory, about 500 bytes each."""
    max_depth: int = Field(3, ge=0, le=8)
    """Containers inside containers: deeper nests are attacks, not documents."""
