"""The client that is recorded. `client.py PORT OUT`: talks to the proxy over several connections at once and writes down,
one JSON line an exchange, what it sent and what it got, by its own HTTP library and its own count of bytes."""

import gzip
import hashlib
import http.client
import itertools
import json
import socket
import sys
import threading
import time

AGENT = 'recording/1.0 ("quoted" \\ back)'


class Counted:
    """A reader that counts what was read through it, and that several responses in a row can share."""

    def __init__(self, reader):
        self.reader, self.count = reader, 0

    def read(self, *args):
        data = self.reader.read(*args)
        self.count += len(data)
        return data

    def readline(self, *args):
        data = self.reader.readline(*args)
        self.count += len(data)
        return data

    def readinto(self, buffer):
        count = self.reader.readinto(buffer)
        self.count += count
        return count

    def flush(self):
        pass

    def close(self):
        pass


class Response(http.client.HTTPResponse):
    """A response that knows how many bytes its body took on the wire, chunk framing included."""

    def __init__(self, sock, *args, **kwargs):
        self.counted = sock.shared if isinstance(sock, Shared) else Counted(sock.makefile("rb"))
        super().__init__(Shared(self.counted), *args, **kwargs)

    def begin(self):
        super().begin()
        self.after_head = self.counted.count

    def body_on_the_wire(self):
        return self.counted.count - self.after_head


class Shared:
    """Stands in for a socket: gives every response the same reader."""

    def __init__(self, shared):
        self.shared = shared

    def makefile(self, _mode):
        return self.shared


class Client:
    """One user agent with one connection at a time."""

    def __init__(self, port, name, records):
        self.port, self.name, self.records = port, name, records
        self.numbers = itertools.count()
        self.connection = None

    def open(self):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            self.connection.response_class = Response
        if self.connection.sock is None:
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.connection

    def head(self, target, headers):
        """A target and a request id that no other exchange of the recording has."""
        number = next(self.numbers)
        target += ("&" if "?" in target else "?") + f"n={self.name}-{number}"
        return target, {"User-Agent": AGENT, "X-Request-Id": f"{self.name}-{number}", **headers}

    def send(self, method, target, body=b"", headers=(), sent=None, chunked=False):
        """One exchange. `body` is what the message means, `sent` what is sent where a content coding makes it differ."""
        connection = self.open()
        target, headers = self.head(target, dict(headers))
        payload = body if sent is None else sent
        if chunked:
            payload = [payload[at : at + 1000] for at in range(0, len(payload), 1000)]
        local = connection.sock.getsockname()[1]
        start = time.time_ns() // 1000
        connection.request(method, target, payload or None, headers, encode_chunked=chunked)
        response = connection.getresponse()
        self.record(response, local, start, method, target, headers, body)

    def pipeline(self, targets):
        """Several GETs in one write, before the first answer."""
        connection = self.open()
        heads = [self.head(target, {"Host": f"127.0.0.1:{self.port}"}) for target in targets]
        message = b"".join(
            f"GET {target} HTTP/1.1\r\n{''.join(f'{k}: {v}' + chr(13) + chr(10) for k, v in headers.items())}\r\n".encode()
            for target, headers in heads
        )
        local = connection.sock.getsockname()[1]
        start = time.time_ns() // 1000
        connection.sock.sendall(message)
        reader = Shared(Counted(connection.sock.makefile("rb")))
        for target, headers in heads:
            response = Response(reader, method="GET")
            response.begin()
            self.record(response, local, start, "GET", target, headers, b"")

    def record(self, response, local, start, method, target, headers, request_body):
        coded = response.read()
        end = time.time_ns() // 1000
        decoded = gzip.decompress(coded) if coded and response.getheader("Content-Encoding") == "gzip" else coded
        self.records.append(
            {
                "id": headers["X-Request-Id"],
                "port": local,
                "method": method,
                "target": target,
                "agent": AGENT,
                "status": response.status,
                "request_bytes": len(request_body),
                "request_sha256": digest(request_body),
                "response_bytes": len(decoded),
                "response_sha256": digest(decoded),
                "coded_bytes": len(coded),
                "framed_bytes": response.body_on_the_wire(),
                "expects_continue": "Expect" in headers,
                "start": start,
                "end": end,
            }
        )

    def close(self):
        if self.connection is not None:
            self.connection.close()


def digest(body):
    return hashlib.sha256(body).hexdigest()


def day(client, rounds):
    """Everything that a client of an API does."""
    order = json.dumps({"items": list(range(300)), "note": "für Jürgen"}, ensure_ascii=False).encode()
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    gzipped = {"Accept-Encoding": "gzip"}
    for round in range(rounds):
        client.send("GET", "/items?q=%22a%20b%22&page=1")
        client.send("HEAD", "/items")
        client.send("POST", "/orders", order, {"Content-Type": "application/json"})
        client.send("GET", "/items/stream")
        client.send("GET", "/items/gzip", headers=gzipped)
        client.send("GET", "/items/gzip-stream", headers=gzipped)
        client.send("GET", "/items/compressed-by-proxy", headers=gzipped)
        client.send("POST", "/orders", order * 3, chunked=True, headers={"Content-Type": "application/json"})
        client.send("POST", "/orders", order, packed, sent=gzip.compress(order))
        client.send("GET", "/orders/17", headers={"If-None-Match": '"17-1"'})
        client.send("PATCH", "/orders/17", b'{"note": null}', {"Content-Type": "application/json"})
        client.send("DELETE", "/orders/17")
        client.send("GET", "/nothing-here")
        client.send("GET", "/broken")
        if round == 0:
            client.send("GET", "/download")
            client.send("PUT", "/orders", order * 200)
            client.send("POST", "/orders", order, {"Expect": "100-continue"})
            client.send("GET", "/slow")


def keep_alive(client):
    day(client, 4)


def one_exchange_a_connection(client):
    for number in range(6):
        client.send("GET", f"/items?page={number}", headers={"Connection": "close"})


def pipelined(client):
    client.pipeline(["/items?page=1", "/items/stream", "/nothing-here", "/orders/17", "/items?page=2", "/download"])


def main():
    port, out = int(sys.argv[1]), sys.argv[2]
    records, failures = [], []
    work = [keep_alive] * 4 + [one_exchange_a_connection, pipelined]
    together = threading.Barrier(len(work))

    def run(name, play):
        client = Client(port, name, records)
        try:
            together.wait()
            play(client)
        except BaseException as error:
            failures.append(f"client {name}: {error!r}")
        finally:
            client.close()

    threads = [threading.Thread(target=run, args=(f"c{number}", play)) for number, play in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = Client(port, "last", records)
    last.send("GET", "/end", headers={"Connection": "close"})
    last.close()
    with open(out, "w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")
    if failures:
        sys.exit("\n".join(failures))


main()
