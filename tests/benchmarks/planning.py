"""How long deciding what goes takes, and how that grows: `python -m tests.benchmarks.planning`.

Snapshots are made up: images of families, each family on a common base, with the sizes and
histories that a graph driver tells. The last line is what docs/contributing/benchmarks.md quotes.
"""

import itertools
import random
import statistics
import time
from datetime import UTC, datetime, timedelta

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.last_use import Sighting, last_uses
from manager.model.images import HistoryRow, Image, ImageDetail, ImageStore
from manager.model.snapshot import Snapshot
from manager.prune.core.decision import decide_prune
from manager.prune.core.policy import Policy, Rule, RuleConditions
from manager.prune.core.protection import PruneInputs
from manager.registry.core.availability import ImageAvailability

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FAMILY = 10
"""Images on one base."""
BASE, OWN = 6, 3.4
"""Layers of a base, and of each image beside it, on average."""
ROUNDS = 5
COUNTS = (625, 1250, 2500, 5000)
RULES = Policy(
    keep=(
        Rule(RuleConditions(images=("family1*",))),
        Rule(RuleConditions(images=("*",)), newest=1),
    ),
    delete=(
        Rule(RuleConditions(images=("*",), larger_than=40_000_000, unused_for=60 * DAY)),
        Rule(RuleConditions(untagged=True)),
    ),
    grace=DAY,
)
POLICIES = {
    "rules": RULES,
    "a budget": Policy(keep=RULES.keep, budget=20_000_000_000),
    "--free": Policy(free=50_000_000_000, spares_unneeded=True),
}


def made_up(count: int) -> PruneInputs:
    """An engine with so many images and four times as many layers."""
    rng = random.Random(count)  # noqa: S311 - not for secrets
    images, details, sightings, copies = [], {}, {}, {}
    total = 0
    for number in range(count):
        family = number // FAMILY
        base = [(f"base{family}-{n}", 1_000_000 * (n + 1)) for n in range(BASE)]
        own = [
            (f"own{number}-{n}", rng.randrange(10_000_000)) for n in range(int(OWN + rng.random()))
        ]
        rows = [*base, *own]
        identity = f"sha256:{number:064x}"
        tag = f"family{family}:v{number}"
        age = rng.randrange(1, 200) * DAY
        size = sum(row[1] for row in rows)
        total += sum(row[1] for row in own) + (sum(row[1] for row in base) * (number % FAMILY == 0))
        images.append(Image(identity, (tag,), NOW - age, size, (f"family{family}@{identity}",)))
        details[identity] = ImageDetail(
            tuple(name for name, _ in rows), tuple(HistoryRow(size) for _, size in rows)
        )
        sightings[identity] = Sighting(NOW - age, NOW - rng.random() * age)
        copies[identity] = ImageAvailability(images[-1].digests[0])
    snapshot = Snapshot((), tuple(images), ImageStore.GRAPH_DRIVER, details, total)
    return PruneInputs(
        snapshot,
        DiskAccounting(snapshot),
        last_uses(snapshot, sightings, NOW),
        NOW,
        {key: it.first_seen for key, it in sightings.items()},
        copies=copies,
    )


def timed(known: PruneInputs, policy: Policy) -> tuple[float, float, int]:
    """Seconds for the bytes of the layers, seconds for the plan, and how many images go."""
    begun = time.perf_counter()
    disk = DiskAccounting(known.snapshot)
    middle = time.perf_counter()
    decision = decide_prune(
        PruneInputs(
            known.snapshot, disk, known.last_uses, NOW, known.first_seen, copies=known.copies
        ),
        policy,
    )
    return middle - begun, time.perf_counter() - middle, len(decision.going)


def main() -> None:
    """Print a table, and how much longer twice as many images take."""
    print(f"{'images':>6} {'layers':>6}  {'policy':8} {'going':>5} {'bytes s':>8} {'plan s':>8}")
    medians: dict[str, list[float]] = {name: [] for name in POLICIES}
    for count in COUNTS:
        known = made_up(count)
        layers = len(known.disk.holdings.tree)
        for name, policy in POLICIES.items():
            rounds = [timed(known, policy) for _ in range(ROUNDS)]
            of_bytes, of_plan = (statistics.median(it[n] for it in rounds) for n in (0, 1))
            medians[name].append(of_bytes + of_plan)
            going = rounds[0][2]
            print(f"{count:6} {layers:6}  {name:8} {going:5} {of_bytes:8.3f} {of_plan:8.3f}")
    for name, seconds in medians.items():
        ratios = ", ".join(f"{b / a:.2f}" for a, b in itertools.pairwise(seconds))
        print(f"{name}: each doubling takes {ratios} times as long; the last {seconds[-1]:.2f} s")


if __name__ == "__main__":
    main()
