"""Work in a thread of its own, watched from a generator, so that Stop and a leaving visitor are noticed at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Runs `work(emit)` in a daemon thread and hands on what it emits.

    A model that takes a minute before its first word must not take a minute to stop: the watcher leaves
    at once, and the work ends at its next `emit`, which raises `Abandoned`.
    """

    def __init__(self, work: Callable[[Callable[[T], None]], None], stop: threading.Event) -> None:
        self._work = work
        self._stop = stop
        self._items: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="mlprep-page-work")

    def _emit(self, item: T) -> None:
        if self._stop.is_set():
            raise Abandoned
        self._items.put(item)

    def _run(self) -> None:
        try:
            self._work(self._emit)
        except Abandoned:
            pass
        except BaseException as error:  # boundary: raised again in the watcher's thread
            self._error = error

    def watch(self, every: float = 0.08) -> Iterator[list[T]]:
        """Yield what was emitted, in batches, every `every` seconds; an empty batch means nothing is new.

        Ends when the work is done or `stop` is set; raises what the work raised.
        """
        self._thread.start()
        try:
            while not self._stop.is_set():
                self._thread.join(timeout=every)
                alive = self._thread.is_alive()
                yield self._drain()
                if not alive:
                    break
            if self._error is not None and not self._stop.is_set():
                raise self._error
        finally:
            self._stop.set()

    def _drain(self) -> list[T]:
        items: list[T] = []
        while not self._items.empty():
            items.append(self._items.get())
        return items


class Abandoned(Exception):
    """Nobody watches any more. Raised inside the work, never out of it."""
