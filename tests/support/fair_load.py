"""Load for the fairness tests: clients that keep a tenant's queue full, and clients that come at a steady rate."""

import asyncio
import dataclasses
import json
import random
import re
import time

from support.raw_http import request_bytes


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    seconds: float
    usage: dict | None = None

    @property
    def queue_ms(self):
        found = re.search(r"queue;dur=([0-9.]+)", self.headers.get("server-timing", ""))
        return float(found.group(1)) if found else 0.0

    @property
    def cap(self):
        """The output cap that the gateway wrote into the request; None: it left the request alone."""
        found = re.match(r"max_tokens=(\d+); reason=(\w+)", self.headers.get("x-obleth-brownout", ""))
        return int(found.group(1)) if found else None


@dataclasses.dataclass
class Shape:
    """What one client's requests are like."""

    models: tuple = ("mock-model",)
    outputs: tuple = (20, 100)  # tokens, from – to
    asked: int = 400  # max_tokens
    aborts: float = 0.0  # part of the requests that the client leaves in mid-stream


def chat(tenant, shape, dice, stream=False):
    body = {
        "model": dice.choice(shape.models),
        "messages": [{"role": "user", "content": "word " * dice.randint(1, 20)}],
        "max_tokens": shape.asked,
        **({"stream": True} if stream else {}),
    }
    headers = [("x-mock-output-tokens", str(dice.randint(*shape.outputs)))]
    return request_bytes("/v1/chat/completions", tenant.secret, json.dumps(body).encode(), headers=headers)


async def read_answer(reader, began):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    usage = json.loads(body).get("usage") if headers.get("content-type") == "application/json" else None
    return Answer(int(head[0].split(" ")[1]), headers, time.monotonic() - began, usage)


async def leave_in_mid_stream(address, request, dice):
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        for _ in range(dice.randint(1, 10)):
            await reader.readuntil(b"data:")
    finally:
        writer.close()


async def keep_asking(gateway, tenant, shape, answers, seed):
    """One client that always has a request under way. Runs until it is cancelled."""
    dice = random.Random(seed)
    host, port = gateway.address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        while True:
            if dice.random() < shape.aborts:
                await leave_in_mid_stream(gateway.address, chat(tenant, shape, dice, stream=True), dice)
                continue
            began = time.monotonic()
            writer.write(chat(tenant, shape, dice))
            answers.append(await read_answer(reader, began))
    finally:
        writer.close()


async def ask_once(gateway, tenant, shape, answers, seed):
    host, port = gateway.address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        began = time.monotonic()
        writer.write(chat(tenant, shape, random.Random(seed)))
        answers.append(await read_answer(reader, began))
    finally:
        writer.close()


async def come_at_a_rate(gateway, tenant, shape, answers, per_second, seconds):
    """Clients that come whether or not those before them have been served; returns when all have."""
    asked = []
    began = time.monotonic()
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        asked.append(asyncio.create_task(ask_once(gateway, tenant, shape, answers, number)))
    await asyncio.gather(*asked)


class Crowd:
    """Clients of several tenants that keep every queue full: `async with Crowd(...)`."""

    def __init__(self, gateway, shapes, clients=48):
        self.gateway, self.shapes, self.clients = gateway, shapes, clients
        self.answers = {tenant.id: [] for tenant in shapes}

    async def __aenter__(self):
        self._tasks = [
            asyncio.create_task(keep_asking(self.gateway, tenant, shape, self.answers[tenant.id], f"{tenant.id}{one}"))
            for tenant, shape in self.shapes.items()
            for one in range(self.clients)
        ]
        return self

    async def run(self, seconds):
        await asyncio.sleep(seconds)

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        broken = [one for one in ended if not isinstance(one, asyncio.CancelledError)]
        assert not broken, broken[:3]


def charged(live):
    """Fairshare cost of every tenant so far, of running requests too, in tokens."""
    return {row["tenant_id"]: (row["settled_millitokens"] + row["running_millitokens"]) / 1000 for row in live["tenants"]}


async def work_within(gateway, seconds):
    """What every tenant was charged in the seconds to come, in tokens."""
    before = charged(await asyncio.to_thread(gateway.live))
    await asyncio.sleep(seconds)
    after = charged(await asyncio.to_thread(gateway.live))
    return {tenant: cost - before.get(tenant, 0) for tenant, cost in after.items()}
