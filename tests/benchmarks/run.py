"""Measures the editor experience against peers, in one interleaved run, and writes docs/reference/performance.md.

make bench
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.files import make
from tests.benchmarks.measure import Sample, measure, start
from tests.benchmarks.servers import PACKAGES, Server, configure, install

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "performance.md"
OURS = "padwan-server"
FLOOR = "a loop that answers nothing"

SMALL, LARGE = 1_000, 100_000
WORKLOADS = [
    ("lines", SMALL, True),
    ("lines", LARGE, True),
    ("one-line", SMALL, False),
    ("one-line", LARGE, False),
    ("jsonl", SMALL, False),
    ("jsonl", LARGE, False),
    ("text", SMALL, False),
    ("text", LARGE, False),
    ("broken", LARGE, False),
]
"""How the file is laid out, how many prompts it has, and whether the peers are measured too."""

Samples = dict[tuple[str, str, int], list[Sample]]


@dataclass(frozen=True)
class Target:
    """A ratio that is to be reached in every run."""

    name: str
    says: str
    ratio: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.ratio <= self.limit


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    servers = install(ROOT / "build" / "peers")
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder))
        samples, starts = asyncio.run(_run(servers, Path(folder), rounds))
    PAGE.write_text("".join(_page(samples, starts, servers, rounds)), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


async def _run(servers: list[Server], folder: Path, rounds: int) -> tuple[Samples, dict[str, list[float]]]:
    """All servers in turn with each file, again and again: what slows the machine down meets all of them."""
    samples: Samples = defaultdict(list)
    starts: dict[str, list[float]] = defaultdict(list)
    small = make(folder, "lines", 10)
    for number in range(rounds):
        for server in servers:
            for _ in range(3):
                starts[server.name].append(await start(server, small))
        for layout, size, compared in WORKLOADS:
            for server in servers if compared else servers[:1]:
                file = make(folder, layout, size)
                samples[server.name, layout, size].append(await measure(server, file))
        print(f"round {number + 1} of {rounds} is done", flush=True)
    return samples, starts


def _median(samples: list[Sample], of: Callable[[Sample], float]) -> float:
    return statistics.median(map(of, samples))


def _typed(samples: Samples, name: str, layout: str, size: int) -> float:
    return _median(samples[name, layout, size], lambda sample: sample.typed)


def _targets(samples: Samples, starts: dict[str, list[float]]) -> Iterator[Target]:
    ours = samples[OURS, "lines", LARGE]
    typed = _typed(samples, OURS, "lines", LARGE)
    for peer in ("vscode-json", "biome"):
        yield Target(
            "type-100k",
            f"a key at {LARGE:,} prompts, against {peer}",
            typed / _typed(samples, peer, "lines", LARGE),
            0.01,
        )
    for layout in ("lines", "one-line", "jsonl", "text"):
        ratio = _typed(samples, OURS, layout, LARGE) / _typed(samples, OURS, layout, SMALL)
        yield Target("type-flat", f"a key at {LARGE:,} prompts against {SMALL:,}: {layout}", ratio, 1.5)
    yield Target(
        "type-broken", "a key behind a syntax error, against none", _typed(samples, OURS, "broken", LARGE) / typed, 2.0
    )
    yield Target(
        "burst-100k", "the last of 20 keys, against a single one", _median(ours, lambda s: s.burst) / typed, 2.0
    )
    opened = _median(ours, lambda s: s.opened)
    theirs = _median(samples["vscode-json", "lines", LARGE], lambda s: s.opened)
    floor = _median(samples[FLOOR, "lines", LARGE], lambda s: s.opened)
    yield Target("open-100k", f"opening, against vscode-json ({FLOOR}: {floor / theirs:.2f})", opened / theirs, 0.25)
    memory = _median(samples["biome", "lines", LARGE], lambda s: s.memory)
    yield Target("rss-100k", "peak memory, against biome", _median(ours, lambda s: s.memory) / memory, 1 / 6)
    first = {name: statistics.median(taken) for name, taken in starts.items()}
    yield Target(
        "start-first", "start to first problems, against plain pygls", first[OURS] / first["plain pygls"], 1.15
    )


def _page(samples: Samples, starts: dict[str, list[float]], servers: list[Server], rounds: int) -> Iterator[str]:
    yield "<!-- Written by `make bench` from what it measured. -->\n\n# Performance\n\n"
    yield "What a person feels while they type, measured from the client's side over stdio, against language servers "
    yield f"that they may know: {', '.join(PACKAGES)} and a plain pygls server that calls `json.loads` on every key. "
    yield f"`make bench` installs the peers, measures all in {rounds} interleaved rounds and writes this page. "
    yield "Read the ratios: the milliseconds are those of one machine "
    yield f"({platform.system()}, Python {platform.python_version()}).\n\n## Targets\n\n"
    yield "| | ratio | target | |\n|---|---|---|---|\n"
    for target in _targets(samples, starts):
        met = "met" if target.met else "**missed**"
        yield f"| {target.name}: {target.says} | {target.ratio:.3g} | ≤ {target.limit:.3g} | {met} |\n"
    yield "\n## Medians\n\nmilliseconds; memory in megabytes; `problems` is what was told after opening.\n\n"
    yield "| file | server | open | key | last of 20 keys | peak memory | problems |\n|---|---|---|---|---|---|---|\n"
    for (name, layout, size), taken in samples.items():
        opened, memory = _median(taken, lambda s: s.opened), _median(taken, lambda s: s.memory)
        typed, burst = _median(taken, lambda s: s.typed), _median(taken, lambda s: s.burst)
        figures = f"{opened:.0f} | {typed:.1f} | {burst:.1f} | {memory:.0f}"
        yield f"| {size:,} {layout} | {name} | {figures} | {taken[0].problems} |\n"
    yield "\n## Start\n\nFrom the start of the process to the first problems of a file of ten prompts.\n\n"
    yield "| server | ms |\n|---|---|\n"
    for server in servers:
        yield f"| {server.name} | {statistics.median(starts[server.name]):.0f} |\n"


if __name__ == "__main__":
    main()
