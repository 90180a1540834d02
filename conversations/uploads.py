"""Uploaded files stay in memory: what a rep attaches goes to the gateway and nowhere else, never to a disk."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from conversations.attachments import LARGEST_FILE


class InMemory(FileUploadHandler):
    """Keeps one file after another in memory; of one that is too large only its size."""

    _kept: BytesIO

    def new_file(self, *args: Any, **more: Any) -> None:
        """A file begins."""
        super().new_file(*args, **more)
        self._kept = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Some of it; the offset of a file that is too large is counted by Django."""
        if start + len(raw_data) <= LARGEST_FILE:
            self._kept.write(raw_data)
        else:
            self._kept = BytesIO()

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """All of it came."""
        self._kept.seek(0)
        return InMemoryUploadedFile(
            file=self._kept, field_name=self.field_name, name=self.file_name, content_type=self.content_type,
            size=file_size, charset=self.charset, content_type_extra=self.content_type_extra,
        )  # fmt: skip
