"""Where an entity that is expanded would be seen: a file, and a port on this machine."""

import os
import tempfile
from pathlib import Path

FILE = Path(tempfile.gettempdir()) / f"customs-risk-canary-{os.getpid()}.txt"
PORT = 20_000 + os.getpid() % 20_000
FILE_URL = FILE.as_uri()
HTTP_URL = f"http://127.0.0.1:{PORT}/canary"
