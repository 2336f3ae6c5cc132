"""A steady load of requests with known keys, each of which is kept with when it began, how long it took and its answer."""

import dataclasses
import json
import threading
import time

from support.raw_http import chat_bytes, connect, read_response

PAUSE = 0.04  # seconds between a client's requests


@dataclasses.dataclass
class Asked:
    began: float
    took: float
    status: int  # 0: no whole answer came
    tokens: int


def ask(connection, request):
    began = time.monotonic()
    try:
        connection.sendall(request)
        status, _, body = read_response(connection)
    except (OSError, AssertionError):
        return Asked(began, time.monotonic() - began, 0, 0)
    took = time.monotonic() - began
    return Asked(began, took, status, json.loads(body)["usage"]["total_tokens"] if status == 200 else 0)


class KnownLoad:
    """Some clients of every tenant at every gateway, from entering to leaving."""

    def __init__(self, gateways, tenants, clients=2):
        self.asked = {tenant.id: [] for tenant in tenants}
        self._over = threading.Event()
        who = [(gateway, tenant) for gateway in gateways for tenant in tenants for _ in range(clients)]
        self._threads = [threading.Thread(target=self._keep_asking, args=each) for each in who]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _keep_asking(self, gateway, tenant):
        request = chat_bytes(tenant.secret, headers=[("x-mock-output-tokens", "20")], max_tokens=20)
        connection = connect(gateway.address, seconds=60)
        while not self._over.wait(PAUSE):
            answer = ask(connection, request)
            self.asked[tenant.id].append(answer)
            if answer.status == 0:
                connection = connect(gateway.address, seconds=60)

    def everything(self):
        return sorted((one for asked in self.asked.values() for one in asked), key=lambda one: one.began)

    def has_asked_after(self, moment):
        """Whether an answer came to a request that began later."""
        return any(asked and asked[-1].began > moment for asked in self.asked.values())

    def tokens_of(self, tenant):
        return sum(one.tokens for one in self.asked[tenant.id])


def quantile(asked, part):
    """Seconds within which that part of the requests was answered."""
    took = sorted(one.took for one in asked)
    return took[min(len(took) - 1, int(part * len(took)))] if took else 0.0
