"""A web server that SNS posts to, as an Express, Django or Spring application has one.

Each path of it is an endpoint of its own, which records what it gets, confirms its subscription as applications
do (from within the handler, before it answers), and answers notifications as its test tells it to: with a
status, late, never, with a redirect, with a challenge, or by closing the connection.

Waiting is always for a level ("three notifications have come") within a bound.
"""

import collections
import contextlib
import http.client
import http.server
import itertools
import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.request

# The header that tells the kinds of messages apart.
KIND = "x-amz-sns-message-type"
CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


class Request:
    """One request: what came over the wire, and how it was answered."""

    def __init__(self, handler, body):
        self.at = time.monotonic()
        self.method = handler.command
        self.target = handler.path
        self.version = handler.request_version
        self.peer = handler.client_address
        # As they were written, in their order; `headers` has the names in lower case.
        self.raw_headers = list(handler.headers.items())
        self.headers = {name.lower(): value for name, value in self.raw_headers}
        self.body = body
        self.kind = self.headers.get(KIND)
        self.confirmation = None

    @property
    def text(self):
        return self.body.decode()

    @property
    def message(self):
        """The body as the envelope that it should be."""
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.method} {self.target} {self.kind} {self.body[:80]!r}>"


def answer(status, headers=(), body=b""):
    """Answers with this status."""

    def behave(handler, request):
        handler.answer(status, headers, body)

    return behave


def hang(handler, request):
    """Takes the request and never answers; the connection stays open until the server stops."""
    handler.server.endpoint.stopping.wait()


def late(seconds, status=200):
    """Answers after a while."""

    def behave(handler, request):
        handler.server.endpoint.stopping.wait(seconds)
        handler.answer(status)

    return behave


def slowly(seconds, body=b"thank you very much"):
    """Answers 200 at once, and then takes its time over the body, a byte now and then."""

    def behave(handler, request):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for byte in body:
            if handler.server.endpoint.stopping.wait(seconds / len(body)):
                return
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()

    return behave


def close(handler, request):
    """Closes the connection without an answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def reset(handler, request):
    """Breaks the connection off."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def redirect(status=302, to=None):
    """Redirects, to itself unless told otherwise."""

    def behave(handler, request):
        handler.answer(status, [("Location", to or handler.url())])

    return behave


def demand(challenge):
    """Asks for credentials, and answers 200 once they are there and right. See `challenges`."""

    def behave(handler, request):
        if challenge.accepts(request.method, request.headers.get("authorization")):
            return handler.answer(200)
        return handler.answer(401, [("WWW-Authenticate", challenge.header)])

    return behave


class Path:
    """One endpoint. `answers` are used up one a notification; then `otherwise` is the answer."""

    def __init__(self, endpoint, target):
        self.target = target
        self.url = endpoint.base + target
        self.requests = []
        self.answers = collections.deque()
        self.otherwise = answer(200)
        self.confirmations = answer(200)
        self.confirms = True
        self._endpoint = endpoint
        self._changed = endpoint.changed

    def auto_confirm(self, yes):
        """Whether SubscribeURLs are visited by themselves; they are unless this was called."""
        self.confirms = yes
        return self

    def fails(self, times, behaviour=None):
        """The next notifications go wrong, with status 500 unless told otherwise; then it is well again."""
        self.answers.extend([behaviour or answer(500)] * times)
        return self

    def always(self, behaviour):
        """From now on every notification is answered so."""
        self.answers.clear()
        self.otherwise = behaviour
        return self

    def of(self, kind="Notification"):
        """What has come of a kind; `None` is everything."""
        with self._changed:
            return [request for request in self.requests if kind in (None, request.kind)]

    def wait(self, count, kind="Notification", within_s=10):
        """Waits until `count` requests of a kind have come, and gives them; more are a failure."""
        reached = lambda: sum(kind in (None, request.kind) for request in self.requests) >= count  # noqa: E731
        with self._changed:
            self._changed.wait_for(reached, within_s)
        found = self.of(kind)
        assert len(found) == count, f"{len(found)} of {count} {kind} at {self.target}: {self.requests}"
        return found

    def wait_texts(self, texts, since=0, within_s=15):
        """Waits until the notifications behind the first `since` have exactly these bodies, each as often as it
        likes."""
        with self._changed:
            self._changed.wait_for(lambda: self._texts(since) >= texts, within_s)
            assert self._texts(since) == texts

    def _texts(self, since):
        return {request.text for request in self.of()[since:]}

    def confirmed(self):
        """How many SubscribeURLs were visited."""
        return sum(bool(request.confirmation) for request in self.requests)

    def wait_confirmed(self, count=1, within_s=10):
        """Waits until so many SubscribeURLs were visited, and gives the newest request that held one."""
        newest = lambda: next((r for r in reversed(self.requests) if r.confirmation), None)  # noqa: E731
        held = lambda: newest() if self.confirmed() >= count else None  # noqa: E731
        with self._changed:
            request = self._changed.wait_for(held, within_s)
        assert request, f"nothing was confirmed at {self.target}: {self.requests}"
        status, text = request.confirmation
        assert status == 200, text
        return request

    def _take(self, handler, request):
        with self._changed:
            if request.kind in CONFIRMATIONS:
                behave = self.confirmations
            else:
                behave = self.answers.popleft() if self.answers else self.otherwise
            confirms = self.confirms and request.kind == "SubscriptionConfirmation"
        if confirms:
            request.confirmation = self._endpoint.visit(request.message["SubscribeURL"])
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        behave(handler, request)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A handler that waits for the next request on a connection must not outlive the test for long.
    timeout = 60

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.server.endpoint.at(self.path)
        if path is None:
            return self.answer(404)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            path._take(self, Request(self, body))

    # A redirect that somebody follows with GET is recorded like everything else.
    do_GET = do_HEAD = do_PUT = do_POST

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def url(self):
        return self.server.endpoint.base + self.path

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, endpoint, address, context):
        self.endpoint = endpoint
        self.open = set()
        self._context = context
        super().__init__(address, _Handler)

    def get_request(self):
        connection, peer = super().get_request()
        if self._context:
            # The handshake is made by the thread of the connection, at its first read.
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.open.add(connection)
        return connection, peer

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        # Whoever went away, or did not believe our certificate, tells its own test.
        pass


class WebEndpoint:
    """The web server, on a port that it keeps while it is down."""

    def __init__(self, host="127.0.0.1", bind=None, context=None, opener=None):
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self._address = (bind or host, 0)
        self._context = context
        self._opener = opener or urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._paths = {}
        self._names = itertools.count(1)
        self._server = None
        self.up()
        self.port = self._address[1]
        self.base = f"{'https' if context else 'http'}://{host}:{self.port}"

    def path(self, target=None):
        """A new endpoint."""
        target = target or f"/sns/{next(self._names)}"
        self._paths[target] = Path(self, target)
        return self._paths[target]

    def at(self, target):
        return self._paths.get(target)

    def up(self):
        """Listens, on the port that it had before."""
        self.stopping.clear()
        self._server = _Server(self, self._address, self._context)
        self._address = self._server.server_address
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        """Refuses connections from now on, and breaks off those that are there."""
        server, self._server = self._server, None
        if server is None:
            return
        self.stopping.set()
        server.shutdown()
        server.server_close()
        for connection in list(server.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    stop = down

    def use(self, context):
        """From the next `up` on, this TLS context."""
        self._context = context

    def visit(self, url):
        """GETs a URL, as an application does to confirm: status and text."""
        try:
            with self._opener.open(url, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return None, repr(error)
