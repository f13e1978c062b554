"""Files are told by their bytes, and their names show what they are."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.filetypes import FileType, file_name, file_type, picture_type

DOCX, XLSX, PPTX = "wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation"
OFFICE = "application/vnd.openxmlformats-officedocument"


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"<svg onload=alert(1)>", None),
    ],
)
def test_pictures(content: bytes, mime: str | None) -> None:
    assert picture_type(content) == mime


@pytest.mark.parametrize(
    ("content", "name", "kind", "mime", "ending"),
    [
        (b"\xff\xd8\xff\xe0rest", "a.exe", "photo", "image/jpeg", "jpg"),
        (b"\0\0\0\x18ftypmp42....", "", "video", "video/mp4", "mp4"),
        (b"\0\0\0\x18ftypisom....", "", "video", "video/mp4", "mp4"),
        (b"\0\0\0\x14ftypqt  ....", "", "video", "video/quicktime", "mov"),
        (b"\0\0\0\x14ftyp3gp4....", "", "video", "video/3gpp", "3gp"),
        (b"\0\0\0\x18ftypM4A ....", "", "voice", "audio/mp4", "m4a"),
        (b"\x1aE\xdf\xa3....B\x82\x84webm", "", "video", "video/webm", "webm"),
        (b"OggS" + b"\0" * 24 + b"OpusHead", "", "voice", "audio/ogg", "ogg"),
        (b"ID3\x04rest", "", "voice", "audio/mpeg", "mp3"),
        (b"\xff\xfb\x90rest", "", "voice", "audio/mpeg", "mp3"),
        (b"\xff\xf1\x50rest", "", "voice", "audio/aac", "aac"),
        (b"RIFF\0\0\0\0WAVEfmt ", "", "voice", "audio/wav", "wav"),
        (b"#!AMR\nrest", "", "voice", "audio/amr", "amr"),
        (b"%PDF-1.7 rest", "a.txt", "document", "application/pdf", "pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "Liste.XLS", "document", "application/vnd.ms-excel", "xls"),
        (zipped("[Content_Types].xml", "word/document.xml"), "", "document", f"{OFFICE}.{DOCX}", "docx"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "", "document", f"{OFFICE}.{XLSX}", "xlsx"),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), "", "document", f"{OFFICE}.{PPTX}", "pptx"),
        (zipped("a.txt"), "a.docx", "document", "application/zip", "zip"),
        (b"a;b\n1;2", "a.csv", "document", "text/csv", "csv"),
        ("您好".encode(), "run.bat", "document", "text/plain", "txt"),
        (b"<script>alert(1)</script>", "a.html", "document", "text/plain", "txt"),
    ],
)
def test_files(content: bytes, name: str, kind: str, mime: str, ending: str) -> None:
    assert file_type(content, name) == FileType(kind, mime, ending)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\x00\x03", "photo.jpg"),
        (b"\x7fELF\x02\x01\x01\x00", "a.pdf"),
        (b"\0\0\0\x18ftypheic....", "a.jpg"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "setup.msi"),
        (b"\x1aE\xdf\xa3....B\x82\x88matroska", "a.mkv"),
        (b"OggS" + b"\0" * 24 + b"\x80theora", "a.ogv"),
        ("您好".encode("gb18030"), "a.txt"),
        (b"   \n", "a.txt"),
        (b"", "a.txt"),
    ],
)
def test_what_no_buyer_is_sent(content: bytes, name: str) -> None:
    assert file_type(content, name) is None


@given(st.binary(max_size=200), st.text(max_size=300))
def test_any_bytes_and_any_name_are_told_without_an_error(content: bytes, name: str) -> None:
    found = file_type(content, name)
    if found is not None:
        named = file_name(name, found)
        assert named.endswith(f".{found.ending}")
        assert not set(named) & set("/\\\0\n\u202e")
        assert 0 < len(named) <= 110


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("包裹.PNG", "包裹.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\li\\photo.jpeg", "photo.png"),
        ("gnp.\u202eexe.png", "gnp.exe.png"),
        (".png", "photo.png"),
        ("", "photo.png"),
        ("a" * 300, "a" * 100 + ".png"),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert file_name(name, FileType("photo", "image/png", "png")) == shown
