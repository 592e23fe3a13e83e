"""Keys and prompts that are in a document more than once, each described only when its block is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import count

from padwan_server.prompts.block import Block
from padwan_server.prompts.blocks import Blocks
from padwan_server.prompts.occurrences import Occurrences
from padwan_server.prompts.problem import Edit, Fix, Problem
from padwan_server.prompts.record import Record, default_key, number_in
from padwan_server.prompts.rules import Code, problem
from padwan_server.prompts.span import Span
from padwan_server.prompts.value import short


class Repeats:
    """What blocks share: kept up to date as blocks come and go."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self.keys = Occurrences[str, Block]()
        self.contents = Occurrences[int, Block]()
        self._numbered = Counter[int]()
        """The written keys that look like default keys, by their number."""

    def add(self, block: Block) -> None:
        """Take in a block."""
        self.keys.add(block, block.written_keys)
        self.contents.add(block, block.record_contents)
        self._numbered += block.numbered

    def remove(self, block: Block) -> None:
        """Forget a block."""
        self.keys.remove(block, block.written_keys)
        self.contents.remove(block, block.record_contents)
        self._numbered -= block.numbered

    def collisions(self) -> set[str]:
        """The written keys that are the default key of a record without one."""
        return {default_key(index) for index in self._numbered if self._blocks.is_generated(index)}

    def counts(self) -> Counter[str]:
        """How many problems there are of each rule."""
        counts = Counter[str]()
        counts[Code.DUPLICATE_KEY] = self.keys.surplus + len(self.collisions())
        counts[Code.DUPLICATE_PROMPT] = self.contents.surplus
        return counts

    def described(self) -> DescribedRepeats:
        """The problems as they are now."""
        return DescribedRepeats(self, self._blocks)


class DescribedRepeats:
    """The problems of repeated keys and prompts, for as long as the document stays as it is."""

    def __init__(self, repeats: Repeats, blocks: Blocks) -> None:
        self._keys = repeats.keys
        self._contents = repeats.contents
        self._collisions = repeats.collisions()
        self._blocks = blocks
        self._owners: dict[str, Record] = {}
        self._originals: dict[int, Record] = {}
        self._given: set[str] = set()
        self._numbers: dict[str, Iterator[int]] = {}

    @cached_property
    def with_keys(self) -> set[Block]:
        """The blocks that hold a key which is there more than once."""
        found = set(self._keys.hits)
        for key in self._collisions:
            found.update(self._keys.holders(key))
        return found

    @property
    def with_prompts(self) -> dict[Block, int]:
        """The blocks that hold a prompt which is there more than once."""
        return self._contents.hits

    def keys_of(self, at: int) -> Iterator[Problem]:
        """A problem for each record whose key an earlier one has, or that is the default key of any."""
        for position, key in enumerate(self._blocks[at].keys):
            if key is None or not (key in self._keys.repeated or key in self._collisions):
                continue
            record = self._blocks.record(at, position)
            owner = self._owner(key)
            if record and record.key_span and owner.index != record.index:
                yield _duplicate_key(record.key_span, owner, self._suffix(key))

    def prompts_of(self, at: int) -> Iterator[Problem]:
        """A problem for each record whose prompt an earlier one has."""
        block, repeated = self._blocks[at], self._contents.repeated
        for position, number in enumerate(block.contents):
            if number not in repeated:
                continue
            record, original = self._blocks.record(at, position), self._original(number)
            if record and original.index != record.index:
                message = f'The same prompt as "{short(original.key)}". It would be sent, and paid, once more.'
                related = ((original.prompt_span, "the same prompt"),)
                yield problem(Code.DUPLICATE_PROMPT, message, record.prompt_span, related=related)

    def _original(self, number: int) -> Record:
        if number not in self._originals:
            at = min(map(self._place, self._contents.holders(number)))
            self._originals[number] = self._sound(at, self._blocks[at].contents.index(number))
        return self._originals[number]

    def _owner(self, key: str) -> Record:
        if key not in self._owners:
            self._owners[key] = self._find_owner(key)
        return self._owners[key]

    def _find_owner(self, key: str) -> Record:
        if key in self._collisions:
            return self._sound(*self._blocks.entry(number_in(key) or 0))
        at = min(map(self._place, self._keys.holders(key)))
        return self._sound(at, self._blocks[at].keys.index(key))

    def _sound(self, at: int, position: int) -> Record:
        record = self._blocks.record(at, position)
        if record is None:
            raise AssertionError("a broken entry has neither key nor prompt")
        return record

    def _place(self, block: Block) -> int:
        return self._places[block]

    @cached_property
    def _places(self) -> dict[Block, int]:
        return {block: at for at, block in enumerate(self._blocks)}

    def _suffix(self, key: str) -> str:
        """What makes a key unique, never the same twice, so that all fixes can be applied together."""
        numbers = self._numbers.setdefault(key, count(2))
        suffix = next(suffix for number in numbers if not self._is_taken(key + (suffix := f"-{number}")))
        self._given.add(key + suffix)
        return suffix

    def _is_taken(self, key: str) -> bool:
        index = number_in(key)
        default = index is not None and self._blocks.is_generated(index)
        return default or key in self._keys or key in self._given


def _duplicate_key(key_span: Span, owner: Record, suffix: str) -> Problem:
    if owner.generated:
        message = f"This is the default key of prompt {owner.index}, which has no key of its own. Choose another."
        related = (owner.span, "the prompt without a key")
    else:
        message = "Another prompt has this key already. Choose another, so that their answers can be told apart."
        related = (owner.key_span or owner.span, "the first prompt with this key")
    before_quote = Span(key_span.end - 1, key_span.end - 1)
    fix = Fix(f"Make the key unique: add {suffix}", (Edit(before_quote, suffix),))
    return problem(Code.DUPLICATE_KEY, message, key_span, fix, (related,))
