"""Replicas that share one pool of slots through Redis: never more in flight than the capacity, work by weight whichever
replica a tenant uses, and what is left when one of them, or Redis, is gone.

`OBLETH_TEST_SATURATION_SECS=60` measures shares for a minute.
"""

import asyncio
import contextlib
import os
import signal

import pytest

from support.fair_load import Crowd, Shape, charged
from support.gateway import Gateway, wait_until
from support.haproxy import Haproxy
from support.replicas import PATIENCE, Pool, slots_of

SECONDS = float(os.environ.get("OBLETH_TEST_SATURATION_SECS", "12"))
SLOTS = 16
SHAPE = Shape(outputs=(5, 60))


@pytest.fixture
def counting(own):
    """An upstream of this test's own, on one thread: what it counts as open has really not ended."""
    return own.upstream("--ttft-ms", "10", "--token-ms", "2", "--output-tokens", "32")


@pytest.fixture
def pool(request, counting, tmp_path):
    with Pool(tmp_path, counting, expected=request.param) as pool:
        pool.start(request.param, SLOTS)
        yield pool


def most_open(pool):
    return pool.upstream.stats()["most_open"]


async def until(condition, what):
    return await asyncio.to_thread(wait_until, condition, PATIENCE, what)


@contextlib.asynccontextmanager
async def crowds(places, clients=24):
    """Clients of each tenant at its place, which is anything with an address."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Crowd(place, {tenant: SHAPE}, clients)) for place, tenant in places
        ]


def work_of(pool):
    """What every tenant was charged, at all replicas together."""
    total = {}
    for replica in pool.replicas:
        for tenant, cost in charged(replica.live()).items():
            total[tenant] = total.get(tenant, 0) + cost
    return total


def statuses(crowd):
    return {answer.status for answers in crowd.answers.values() for answer in answers}


@pytest.mark.parametrize("pool", [2, 3], indirect=True)
def test_replicas_behind_a_balancer_stay_within_the_capacity_and_share_by_weight(pool, tmp_path):
    weights = [100, 300, 200][: len(pool.replicas)]
    tenants = [pool.replicas[0].create_tenant(weight=weight) for weight in weights]

    async def run():
        with Haproxy(tmp_path, [replica.address for replica in pool.replicas]) as haproxy:
            # The first stay at a replica each; the last of three goes wherever the balancer leads.
            places = [*pool.replicas[:2], haproxy][: len(tenants)]
            async with crowds(list(zip(places, tenants))) as running:
                await until(lambda: sum(pool.in_flight()) >= SLOTS - 1, "the pool to fill")
                await running[0].run(5)  # what was owed from the start is made good
                pool.upstream.reset()
                before = await asyncio.to_thread(work_of, pool)
                await running[0].run(SECONDS)
                after = await asyncio.to_thread(work_of, pool)
                return {tenant.id: after[tenant.id] - before[tenant.id] for tenant in tenants}, running

    work, running = asyncio.run(run())
    assert most_open(pool) <= SLOTS
    assert [statuses(crowd) for crowd in running] == [{200}] * len(tenants)
    for tenant, weight in zip(tenants, weights):
        share = work[tenant.id] / sum(work.values())
        assert share == pytest.approx(weight / sum(weights), rel=0.05), work


@pytest.mark.parametrize("pool", [2], indirect=True)
def test_a_replica_that_cannot_read_the_record_takes_no_slot_of_the_others(pool, tmp_path):
    """Its capacity would be the default of 256, and it serves nobody."""
    tenants = [pool.replicas[0].create_tenant() for _ in pool.replicas]
    environment = {**pool.environment(), "OBLETH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/obleth"}
    blind = Gateway(tmp_path / "blind", upstream=pool.upstream.url, environment=environment)
    blind.is_ready = lambda: True  # as far as start() is concerned

    async def run():
        async with crowds(list(zip(pool.replicas, tenants))) as running:
            await until(lambda: sum(pool.in_flight()) == SLOTS, "the pool to fill")
            with blind:
                await until(lambda: blind.http.get("/ready").json()["stores"]["redis"]["up"], "its Redis")
                await running[0].run(4)
                ready = blind.http.get("/ready")
                assert (ready.status_code, ready.json()["slots"]["lease"]) == (503, 0)
                assert pool.leased() == SLOTS and {part["replicas"] for part in pool.slots()} == {2}
                await until(lambda: sum(pool.in_flight()) == SLOTS, "all slots in use")
        return running

    assert [statuses(crowd) for crowd in asyncio.run(run())] == [{200}] * len(tenants)


@pytest.mark.parametrize("pool", [3], indirect=True)
def test_a_killed_replicas_slots_come_back_but_for_its_part_until_it_is_followed(pool):
    tenants = [pool.replicas[0].create_tenant() for _ in pool.replicas]
    part = SLOTS // 3

    async def run():
        victim = pool.replicas[2]
        async with crowds(list(zip(pool.replicas[:2], tenants))) as running:
            doomed = Crowd(victim, {tenants[2]: SHAPE}, clients=24)
            await doomed.__aenter__()
            await until(lambda: slots_of(victim)["lease"] >= part - 1, "its part")
            await asyncio.to_thread(victim.kill)
            with contextlib.suppress(AssertionError):  # its own clients see their connections end
                await doomed.__aexit__()
            pool.replicas.remove(victim)
            await until(lambda: pool.leased() == SLOTS - part, "what is not kept back for it")
            await until(lambda: sum(pool.in_flight()) == SLOTS - part, "their use")
            # The same files at the same place: the one before has surely ended.
            await asyncio.to_thread(pool.add, victim.folder)
            await asyncio.to_thread(pool.settled, SLOTS, 3)
        return running

    running = asyncio.run(run())
    assert most_open(pool) <= SLOTS
    assert [statuses(crowd) for crowd in running] == [{200}] * 2


@pytest.mark.parametrize("pool", [2], indirect=True)
def test_replicas_come_and_go_under_load(pool):
    tenant = pool.replicas[0].create_tenant()

    async def run():
        staying, leaving = pool.replicas
        async with crowds([(staying, tenant)]) as running:
            await until(lambda: slots_of(staying)["lease"] == SLOTS, "all slots where the requests are")
            coming = await asyncio.to_thread(pool.add)
            async with crowds([(coming, tenant)]) as beside:
                await until(lambda: abs(slots_of(coming)["lease"] - SLOTS // 2) <= 1, "the newcomer's half")
                leaving.signal(signal.SIGTERM)
                assert await asyncio.to_thread(leaving.wait) == 0
                pool.replicas.remove(leaving)
                await asyncio.to_thread(pool.settled, SLOTS, 2)
            coming.signal(signal.SIGTERM)
            assert await asyncio.to_thread(coming.wait) == 0
            pool.replicas.remove(coming)
            # At once, not after a minute.
            await until(lambda: slots_of(staying)["lease"] == SLOTS, "all slots again")
        return [*running, *beside]

    running = asyncio.run(run())
    assert most_open(pool) <= SLOTS
    assert [statuses(crowd) for crowd in running] == [{200}] * 2


@pytest.mark.parametrize("pool", [2], indirect=True)
def test_another_capacity_set_at_one_replica_is_obeyed_by_all(pool):
    tenants = [pool.replicas[0].create_tenant() for _ in pool.replicas]

    async def run():
        async with crowds(list(zip(pool.replicas, tenants))) as running:
            await until(lambda: sum(pool.in_flight()) == SLOTS, "the pool to fill")
            for slots in (5, 24):
                await asyncio.to_thread(pool.replicas[1].put_capacity, slots)
                await asyncio.to_thread(pool.settled, slots)
                await until(lambda: sum(pool.in_flight()) <= slots, "those that ran before")
                pool.upstream.reset()
                await until(lambda: most_open(pool) == slots, "the pool to fill again")
                await running[0].run(1)
                assert most_open(pool) <= slots

    asyncio.run(run())


@pytest.mark.parametrize("pool", [3], indirect=True)
def test_one_slot_goes_round_among_three_replicas(pool):
    tenants = [pool.replicas[0].create_tenant() for _ in pool.replicas]
    pool.replicas[0].put_capacity(1)
    pool.settled(1)
    pool.upstream.reset()

    async def run():
        async with crowds(list(zip(pool.replicas, tenants)), clients=4) as running:

            def all_served():
                return all(len(answers) >= 20 for crowd in running for answers in crowd.answers.values())

            await until(all_served, "twenty answers of every replica")
        return running

    running = asyncio.run(run())
    assert most_open(pool) == 1
    assert [statuses(crowd) for crowd in running] == [{200}] * 3


@pytest.mark.parametrize("pool", [2], indirect=True)
def test_without_redis_each_replica_goes_on_with_its_part_and_redis_comes_back_by_itself(pool):
    tenants = [pool.replicas[0].create_tenant() for _ in pool.replicas]

    async def run():
        async with crowds(list(zip(pool.replicas, tenants))) as running:
            await until(lambda: sum(pool.in_flight()) == SLOTS, "the pool to fill")
            pool.redis.kill()
            alone = {"shared": False, "lease": SLOTS // 2, "replicas": 2}
            await until(lambda: pool.slots() == [alone] * 2, "the loss in /ready")
            await until(lambda: pool.in_flight() == [SLOTS // 2] * 2, "each one's part")
            page = await asyncio.to_thread(pool.replicas[0].metrics)
            assert f"\nobleth_leased_slots {SLOTS // 2}\n" in page
            await until(lambda: value_of(pool.replicas[0].metrics(), "obleth_unleased_requests_total") > 0, "the count")
            await asyncio.to_thread(pool.redis.start)
            await asyncio.to_thread(pool.settled, SLOTS)
            await running[0].run(1)
        return running

    running = asyncio.run(run())
    assert most_open(pool) <= SLOTS
    assert [statuses(crowd) for crowd in running] == [{200}] * 2
    for replica in pool.replicas:
        log = (replica.folder / "log").read_text()
        assert log.count("slots are not shared") == 1
        assert log.count("slots are shared again") == 1


def value_of(page, name):
    return next(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name + " "))
