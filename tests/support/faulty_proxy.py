"""A TCP proxy that a test makes slow or rude: it holds answers back, or resets every connection."""

import asyncio
import socket
import struct
import threading

PIECE = 1 << 16


class FaultyProxy:
    """Passes everything on to port `target` of 127.0.0.1 until it is told otherwise; its own port is `port`. With a
    certificate it speaks TLS on its side, for a server that does not."""

    def __init__(self, target, certificate=None):
        self._target = target
        self._tls = certificate.presented() if certificate else None
        self._answers_late = 0.0
        self._writers = set()
        self._resetting = None
        self._loop = asyncio.new_event_loop()
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()

    def _run(self, listener):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=listener, ssl=self._tls))
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._pass(reader, far_writer, False), self._pass(far_reader, writer, True))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pass(self, reader, writer, is_answer):
        while piece := await reader.read(PIECE):
            if is_answer and self._answers_late:
                await asyncio.sleep(self._answers_late)
            writer.write(piece)
            await writer.drain()
        writer.close()

    def delay_answers(self, seconds):
        """Every piece of an answer comes that much later; 0: at once again."""
        self._answers_late = seconds

    def reset_connections(self, every):
        """Resets whatever is open, again and again, until go_on()."""
        self._loop.call_soon_threadsafe(self._reset, every)

    def _reset(self, every):
        for writer in list(self._writers):
            # Zero seconds of lingering: the peer is sent a reset, and not an end.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._resetting = self._loop.call_later(every, self._reset, every)

    def go_on(self):
        self._answers_late = 0.0

        def stop():
            if self._resetting:
                self._resetting.cancel()

        self._loop.call_soon_threadsafe(stop)
