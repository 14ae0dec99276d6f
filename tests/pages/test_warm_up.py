"""What the start leaves behind when it has warmed up."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from streamlit.watcher.polling_path_watcher import PollingPathWatcher


def test_no_file_is_looked_at_again_and_again(tmp_path: Path) -> None:
    watcher = weakref.ref(PollingPathWatcher(str(tmp_path / "config.toml"), print, allow_nonexistent=True))
    gc.collect()
    assert watcher() is None, "whatever looks again is kept by the thread that does"
