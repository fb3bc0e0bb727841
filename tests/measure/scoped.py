"""A virtual bench with scopes on it, served by a thread while a test measures."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.scopes.virtual_scope import VirtualScope
from realnet_hw.emulate.server import BenchServer

Served = tuple[BenchServer, dict[str, VirtualScope]]


@contextlib.contextmanager
def serving(fixture: VirtualFixture, scopes: dict[str, VirtualScope]) -> Iterator[Served]:
    server = BenchServer(fixture)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server, scopes
    finally:
        server.stop()
        thread.join()
        for scope in scopes.values():
            scope.close()
        server.close()
