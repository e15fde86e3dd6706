"""When the panels that show a network learning are refreshed: only while they are seen, and at little cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual.widget import Widget

from mnist_tui.training.snapshot import Snapshot
from mnist_tui.tui.workers.latest_worker import LatestWorker
from mnist_tui.tui.workers.learning_viewer import LearningRequest, LearningSeen, LearningView, LearningViewer
from mnist_tui.tui.workers.networks import NetworkSource

# Of the processor time of this process, which is that of the training, at most these shares, together less than 1 %.
_SHARE, _CONFUSIONS_SHARE = 0.003, 0.006
# To draw what was seen costs about twice as much as to look.
_WITH_DRAWING = 3
# In its first seconds a network learns most; and the first look has loaded torch, which no other does.
_FREE_LOOKS = 5
# Before its first hundreds of steps a network takes everything for one class: those confusions are soon renewed.
_FREE_CONFUSIONS = 3
# Seconds between two looks, however little they cost; and after which one is worth it, as there may be no training.
_LEAST_PAUSE, _MOST_PAUSE = 0.8, 10.0

Network = Callable[[], NetworkSource | None]
"""The network to look at now; None while there is none."""


class LearningFeed:
    """For one widget, to which the answers are posted as `LearningSeen`. Nothing is computed unless it asks."""

    def __init__(self, view: Widget, data_dir: Path, network: Network) -> None:
        self._view, self._network = view, network
        self.is_whole = False
        """Whether the run has finished, and all test images are worth their time."""
        self._viewer = LearningViewer(data_dir)
        self._worker: LatestWorker[LearningRequest] | None = None
        self._asked: LearningRequest | None = None
        self._is_busy = self._is_waiting = False
        self._cost, self._looks = 0.0, 0
        self._looked_at, self._cpu = -_MOST_PAUSE, 0.0
        self._confusions_due = 0.0

    def refresh(self) -> None:
        """Look at the network as it is now, unless that has been done, or a little later if it was a moment ago."""
        if self._is_busy or self._is_waiting:
            return
        if not self.is_whole and not self._is_due():
            self._is_waiting = True
            self._view.set_timer(_LEAST_PAUSE / 2, self._refresh_later)
            return
        network = self._network()
        asked = self._asked
        if network is None or (asked and asked.network == network and asked.is_whole == self.is_whole):
            return
        self._asked = LearningRequest(network, self._renews_confusions(network), self.is_whole)
        self._is_busy = True
        self._ask(self._asked)

    def receive(self, message: LearningSeen) -> bool:
        """Plan the next look; returns whether this is the answer to what was asked last."""
        if message.request is not self._asked:
            return False
        self._is_busy = False
        self._looks += 1
        self._looked_at, self._cpu = time.monotonic(), time.process_time()
        if isinstance(message.result, LearningView) and message.result.seconds and self._looks >= _FREE_CONFUSIONS:
            self._confusions_due = self._cpu + message.result.seconds / _CONFUSIONS_SHARE
        return True

    def forget(self) -> None:
        """Look again, at another run or with code that is trusted now."""
        self._asked, self._is_busy, self._looks = None, False, 0
        self._looked_at, self._confusions_due = -_MOST_PAUSE, 0.0

    def close(self) -> None:
        """End the thread."""
        if self._worker is not None:
            self._worker.close()

    def _refresh_later(self) -> None:
        self._is_waiting = False
        self.refresh()

    def _is_due(self) -> bool:
        """Whether the training has had its share since the last look."""
        pause = time.monotonic() - self._looked_at
        cost = _WITH_DRAWING * self._cost / _SHARE if self._looks > _FREE_LOOKS else 0.0
        return pause >= _MOST_PAUSE or (pause >= _LEAST_PAUSE and time.process_time() - self._cpu >= cost)

    def _renews_confusions(self, network: NetworkSource) -> bool:
        return not isinstance(network, Snapshot) or time.process_time() >= self._confusions_due

    def _ask(self, request: LearningRequest) -> None:
        if self._worker is None:
            self._worker = LatestWorker(partial(LearningSeen.compute, self._look), self._view, name="learning")
        self._worker.ask(request)

    def _look(self, request: LearningRequest) -> LearningView:
        """In the thread: look, and note what that costs besides the confusions."""
        begin = time.thread_time()
        view = self._viewer.look(request)
        self._cost = time.thread_time() - begin - view.seconds
        return view
