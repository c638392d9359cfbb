import io
from datetime import date

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComprehensiveSRStorage, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.dicom import extract_dicom


def named(meaning: str) -> list[Dataset]:
    code = Dataset()
    code.CodeMeaning = meaning
    return [code]


def item(kind: str, name: str, **values: object) -> Dataset:
    made = Dataset()
    made.ValueType = kind
    made.ConceptNameCodeSequence = named(name)
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def saved(kind: str, **values: object) -> bytes:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = kind, generate_uid(entropy_srcs=["a"])
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientName, made.PatientID, made.PatientBirthDate = (
        "Müller^Anna=王^小明",
        "HOSP-4711",
        date(1970, 1, 2).strftime("%Y%m%d"),
    )
    for keyword, value in values.items():
        setattr(made, keyword, value)
    content = io.BytesIO()
    pydicom.dcmwrite(content, made, enforce_file_format=True)
    return content.getvalue()


def test_a_report_is_read_without_its_patient() -> None:
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "12", named("mm")
    content = [
        item("CONTAINER", "Findings", ContentSequence=[
            item("TEXT", "Finding", TextValue="Ms. Müller (HOSP-4711) shows a nodule. 患者小明无不适。"),
            item("NUM", "Diameter", MeasuredValueSequence=[measured]),
            item("CODE", "Location", ConceptCodeSequence=named("Left lung")),
            item("PNAME", "Observer", PersonName="Doctor^Who"),
        ]),
    ]  # fmt: skip
    found = extract_dicom(saved(ComprehensiveSRStorage, Modality="SR", ContentSequence=content))
    assert found.text == (
        "Findings\nFinding: Ms. [removed] ([removed]) shows a nodule. 患者[removed]无不适。\nDiameter: 12 mm\nLocation: Left lung"
    )
    assert dict(found.edits)["name or number of a patient removed"] == 3


def test_of_an_image_only_what_identifies_nobody_is_kept() -> None:
    found = extract_dicom(
        saved(CTImageStorage, Modality="CT", BodyPartExamined="CHEST", Rows=4, InstitutionName="St. Mary")
    )
    assert found.text == "Modality: CT\nBody Part Examined: CHEST\nRows: 4"
    assert dict(found.edits)["DICOM attribute left out"] == 7


@pytest.mark.parametrize("content", [b"", b"DICM", bytes(128) + b"DICM" + bytes(40), b"plain text" * 40])
def test_what_is_no_dicom_object_says_so(content: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        found = extract_dicom(content)
        raise Unreadable("damaged", found.text)
    assert caught.value.rule == "damaged"


def test_a_document_inside_is_refused_since_it_may_name_somebody() -> None:
    content = saved(
        "1.2.840.10008.5.1.4.1.1.104.1",
        EncapsulatedDocument=b"%PDF-1.4",
        MIMETypeOfEncapsulatedDocument="application/pdf",
    )
    with pytest.raises(Unreadable) as caught:
        extract_dicom(content)
    assert caught.value.rule == "may identify a person"
