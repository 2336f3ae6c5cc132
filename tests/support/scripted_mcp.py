"""An MCP server that answers as a test tells it to, and remembers what it was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "get-sum", "rm")]


def answer_of(message):
    """What a plain server would say."""
    if message.get("method") == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "scripted", "version": "1"}}
    elif message.get("method") == "tools/list":
        result = {"tools": TOOLS}
    else:
        result = {"content": [{"type": "text", "text": "done"}]}
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


class Asked:
    def __init__(self, handler, body):
        self.method, self.target, self.headers, self.body = handler.command, handler.path, handler.headers, body
        self._handler = handler

    @property
    def message(self):
        return json.loads(self.body)

    def reply(self, status=200, body=b"", content_type="application/json", headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", content_type)
        self._handler.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def begin_stream(self, headers=()):
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Transfer-Encoding", "chunked")
        for name, value in headers:
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def send(self, text):
        data = text.encode()
        self._handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self._handler.wfile.flush()

    def end_stream(self):
        self._handler.wfile.write(b"0\r\n\r\n")

    def write_raw(self, data):
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def is_gone(self):
        """Waits until the other side has closed the connection."""
        return self._handler.connection.recv(1) == b""

    def cut(self):
        self._handler.close_connection = True


class ScriptedMcp:
    """behave(asked) answers one request; the default is a plain JSON server."""

    def __init__(self, behave=None):
        self.asked = []
        self.behave = behave or (lambda asked: asked.reply(body=answer_of(asked.message)) if asked.message.get("id") is not None else asked.reply(202))
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self, body)
                scripted.asked.append(asked)
                scripted.behave(asked)

            do_GET = do_DELETE = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/mcp"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
