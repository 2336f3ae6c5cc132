"""The processes that the end-to-end tests run against: the real binary, on ports that the kernel chooses."""

import pytest

from support import stores
from support.gateway import Gateway, MockUpstream, wait_until
from support.redis_server import RedisServer, redis_is_up


def pytest_collection_modifyitems(config, items):
    """On servers, what is about the embedded files themselves is left out: it has no subject there."""
    if not stores.on_servers():
        return
    left_out = [item for item in items if item.get_closest_marker("embedded")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("embedded")]


@pytest.fixture(scope="session", autouse=True)
def store_servers():
    if not stores.on_servers():
        yield None
        return
    with stores.servers.running() as running:
        print(f"\nstores: {running.versions()}")
        yield running


@pytest.fixture(scope="session")
def upstream():
    """One mock upstream for every test that does not break it."""
    with MockUpstream(["--ttft-ms", "1", "--token-ms", "1", "--output-tokens", "64"]) as server:
        yield server


@pytest.fixture(scope="session")
def shared_gateway(upstream, tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway"), upstream=upstream.url) as server:
        yield server


@pytest.fixture
def gateway(shared_gateway):
    """The shared gateway, at its default capacity."""
    yield shared_gateway
    shared_gateway.put_capacity(256)


@pytest.fixture
def tenant(gateway):
    """A tenant of this test's own, with one key."""
    return gateway.create_tenant()


@pytest.fixture
def own(tmp_path):
    """Starts gateways and upstreams of the test's own; ends what is still running."""
    started = []

    class Own:
        def upstream(self, *arguments):
            server = MockUpstream(list(arguments)).start()
            started.append(server)
            return server

        def gateway(self, upstream=None, folder=None, environment=None, arguments=(), certificate=None):
            server = Gateway(
                folder or tmp_path / f"gateway-{len(started)}",
                upstream=upstream,
                environment=environment,
                arguments=arguments,
                certificate=certificate,
            ).start()
            started.append(server)
            return server

    yield Own()
    for server in reversed(started):
        server.kill()
    for folder in {server.folder for server in started if isinstance(server, Gateway)}:
        stores.forget(folder)


@pytest.fixture
def redis(tmp_path):
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def start_pair(own, upstream, redis, tmp_path):
    """Starts two gateways on one record and one Redis, which both of them reach."""

    def start(**environment):
        shared = {
            "OBLETH_REDIS_URL": redis.url,
            "OBLETH_REDIS_TIMEOUT": "20s",  # a slow machine is no fault
            "OBLETH_DATABASE_URL": f"sqlite:{tmp_path / 'record.db'}",
            **environment,
        }
        pair = [own.gateway(upstream=upstream.url, environment=shared) for _ in range(2)]
        wait_until(lambda: all(redis_is_up(each) for each in pair), 30, "Redis in /ready")
        return pair

    return start
