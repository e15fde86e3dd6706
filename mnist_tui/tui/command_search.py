"""The palette's search: by the names of commands, and by the words of their sentences."""

from __future__ import annotations

from textual.command import DiscoveryHit, Hit, Hits, Provider

# Of a command whose sentence has all words: names that are similar come first.
_IN_THE_SENTENCE = 0.3


class CommandSearch(Provider):
    """All commands of the app: those of the screen on top first."""

    async def discover(self) -> Hits:
        """Every command, before anything is typed."""
        for name, sentence, callback, discover in self.app.get_system_commands(self.screen):
            if discover:
                yield DiscoveryHit(name, callback, help=sentence)

    async def search(self, query: str) -> Hits:
        """The commands that match what was typed."""
        matcher, words = self.matcher(query), query.lower().split()
        for name, sentence, callback, *_ in self.app.get_system_commands(self.screen):
            text = f"{name} {sentence}".lower()
            score = max(matcher.match(name), _IN_THE_SENTENCE if all(word in text for word in words) else 0.0)
            if score > 0:
                yield Hit(score, matcher.highlight(name), callback, help=sentence)
