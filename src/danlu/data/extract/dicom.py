"""DICOM to blocks: the text of structured reports, and of other objects what the image is, not whose (pydicom).

De-identification by a list of what may stay, not of what must go: technical attributes that DICOM PS3.15 (Annex E,
Basic Profile) keeps; everything else is left out and counted. Names and numbers of the patient that the header
holds are taken out of a report's text too. Pixels are not read: names are often burnt into them.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable

HINT = "DICOM: pip install 'danlu[dicom]'"
_KEPT = (
    "Modality", "BodyPartExamined", "Manufacturer", "ManufacturerModelName", "ImageType", "PhotometricInterpretation",
    "Rows", "Columns", "NumberOfFrames", "BitsStored", "SliceThickness", "PixelSpacing", "SpacingBetweenSlices", "KVP",
    "MagneticFieldStrength", "RepetitionTime", "EchoTime", "ScanningSequence",
)  # fmt: skip
_IDENTIFYING = re.compile(
    r"^(?:Patient|OtherPatient|Referring|Performing|Physician|Operators|Requesting)|AccessionNumber$|StudyID$"
)
_REMOVED = "[removed]"
_WORD = re.compile(r"[^\s^=,;]{2,}")


def extract_dicom(content: bytes) -> Extracted:
    """Read a DICOM object without what identifies its patient; raises Unreadable when it is damaged."""
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
    except ImportError:
        raise Unreadable("needs an extra", "a DICOM object", HINT) from None
    try:
        dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
        return _read(dataset)
    except (
        InvalidDicomError,
        OSError,
        EOFError,
        ValueError,
        KeyError,
        AttributeError,
        NotImplementedError,
        TypeError,
    ) as error:
        raise Unreadable("damaged", f"{type(error).__name__}: {error}"[:300], "a DICOM object") from None


def _read(dataset: Any) -> Extracted:
    if "EncapsulatedDocument" in dataset:
        kind = str(dataset.get("MIMETypeOfEncapsulatedDocument", "a document"))
        raise Unreadable("may identify a person", f"{kind} inside a DICOM object", "text that can be de-identified")
    kept = {name: str(dataset[name].value) for name in _KEPT if name in dataset and str(dataset[name].value).strip()}
    writer = BlockWriter()
    redaction = _Redaction(dataset)
    for text in _report(dataset):
        writer.add("text", redaction.apply(text), gap="\n")
    if not writer.length:
        writer.add("text", "\n".join(f"{dataset[name].name}: {value}" for name, value in kept.items()))
    edits = [("DICOM attribute left out", max(len(dataset) - len(kept) - ("ContentSequence" in dataset), 0))]
    if redaction.count:
        edits.append(("name or number of a patient removed", redaction.count))
    meta = {"modality": kept.get("Modality", ""), "object": dataset.get("SOPClassUID", "") and dataset.SOPClassUID.name}
    return writer.finish(
        "", tuple(edit for edit in edits if edit[1]), {key: value for key, value in meta.items() if value}
    )


def _report(dataset: Any) -> Iterator[str]:
    """The content items of a structured report (PS3.3, C.17.3) in order, without those that are names, dates or ids."""
    stack = list(reversed(dataset.get("ContentSequence", ())))
    while stack:
        item = stack.pop()
        name = _meaning(item.get("ConceptNameCodeSequence"))
        value = _value(item)
        if value:
            yield f"{name}: {value}" if name else value
        elif item.get("ValueType") == "CONTAINER" and name:
            yield name
        stack.extend(reversed(item.get("ContentSequence", ())))


def _value(item: Any) -> str:
    kind = item.get("ValueType")
    if kind == "TEXT":
        return str(item.get("TextValue", "")).strip()
    if kind == "CODE":
        return _meaning(item.get("ConceptCodeSequence"))
    if kind == "NUM" and item.get("MeasuredValueSequence"):
        measured = item.MeasuredValueSequence[0]
        unit = _meaning(measured.get("MeasurementUnitsCodeSequence"))
        return f"{measured.get('NumericValue', '')} {unit}".strip()
    return ""


def _meaning(codes: Any) -> str:
    return str(codes[0].get("CodeMeaning", "")).strip() if codes else ""


class _Redaction:
    """Takes the names and numbers that the header holds out of free text."""

    def __init__(self, dataset: Any) -> None:
        words: set[str] = set()
        for element in dataset:
            if _IDENTIFYING.search(element.keyword) and element.VR in ("PN", "LO", "SH"):
                words.update(_WORD.findall(str(element.value)))
        ordered = sorted(words, key=lambda word: (-len(word), word))
        self._pattern = re.compile("|".join(map(_whole, ordered)), re.IGNORECASE) if ordered else None
        self.count = 0

    def apply(self, text: str) -> str:
        if self._pattern is None:
            return text
        text, found = self._pattern.subn(_REMOVED, text)
        self.count += found
        return text


def _whole(word: str) -> str:
    """A Latin name as a word of its own; a Chinese one wherever it stands."""
    return rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)
