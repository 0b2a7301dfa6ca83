"""A TLS front: what stands before a server that speaks plain HTTP, so that clients see an AWS host.

Clients that verify SNS signatures fetch the certificate from `https://sns.<region>.amazonaws.com/`, on port 443
and nowhere else. The front listens there on an address of its own in 127.0.0.0/8; the clients are told that
the name has this address. It takes TLS off and passes the bytes on as they are.
"""

import contextlib
import socket
import threading

# Not 127.0.0.1, where another program may have port 443.
ADDRESS = "127.53.78.83"
PORT = 443
BUFFER = 1 << 16


class TlsFront:
    """Passes connections to `context`'s names on to `upstream()`, an address as `host:port`.

    Listening on port 443 takes root, or a machine where `net.ipv4.ip_unprivileged_port_start` is lower."""

    def __init__(self, context, upstream, address=ADDRESS, port=PORT):
        self._context = context
        self._upstream = upstream
        self._listener = socket.create_server((address, port))
        self.address, self.port = self._listener.getsockname()
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        plain.settimeout(30)
        host, _, port = self._upstream().rpartition(":")
        try:
            with (
                self._context.wrap_socket(plain, server_side=True) as client,
                socket.create_connection((host, int(port)), timeout=30) as server,
            ):
                back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
                back.start()
                _pass_on(client, server)
                back.join()
        except OSError:
            # A client that does not believe the certificate, or has gone: it tells its own test.
            return


def _pass_on(source, sink):
    with contextlib.suppress(OSError):
        while some := source.recv(BUFFER):
            sink.sendall(some)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def resolved_to(address, *hosts):
    """Within it, this process finds these host names at this address; other names as ever."""
    known = socket.getaddrinfo

    def look_up(host, *more, **named):
        name = host.decode() if isinstance(host, bytes) else host
        return known(address if name in hosts else host, *more, **named)

    socket.getaddrinfo = look_up
    try:
        yield
    finally:
        socket.getaddrinfo = known
