"""Files on a local disk that survive a power cut once they are named in the database."""

import os
from typing import IO, Any

from django.core.files.storage import FileSystemStorage


class SyncedFileSystemStorage(FileSystemStorage):
    """A folder of files, each synced to the disk (with its folder) before its name is returned.

    The row that names a file is committed after the file was saved, so a committed attachment
    is always whole.
    """

    def _save(self, name: str, content: IO[Any]) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]
        path = self.path(saved)
        for target in (path, os.path.dirname(path)):
            descriptor = os.open(target, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return saved
