"""The server that is recorded: a small JSON API that answers in all the ways in which HTTP/1.1 frames a body.

Writes its port to standard output, serves until standard input ends, so that it never outlives the test.
"""

import gzip
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DOWNLOAD = bytes(range(256)) * 4096


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def request_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        # Proves a pair: an answer that carries another request's id was put to the wrong request.
        self.send_header("X-Request-Id", self.headers.get("X-Request-Id", ""))
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def json(self, status, value, headers=()):
        self.answer(status, json.dumps(value).encode(), [("Content-Type", "application/json"), *headers])

    def stream(self, parts, headers=()):
        self.send_response(200)
        self.send_header("X-Request-Id", self.headers.get("X-Request-Id", ""))
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        for part in parts:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def any(self):
        url = urlsplit(self.path)
        body = self.request_body()
        items = [{"id": number, "name": f"item {number}", "price": "12.50"} for number in range(40)]
        match url.path:
            case "/items" | "/items/compressed-by-proxy":
                self.json(200, {"items": items, "query": url.query})
            case "/items/stream":
                self.stream(json.dumps(item).encode() + b"\n" for item in items)
            case "/items/gzip":
                packed = gzip.compress(json.dumps({"items": items, "query": url.query}).encode())
                self.answer(200, packed, [("Content-Type", "application/json"), ("Content-Encoding", "gzip")])
            case "/items/gzip-stream":
                packed = gzip.compress(json.dumps({"items": items * 20}).encode(), 1)
                parts = [packed[at : at + 700] for at in range(0, len(packed), 700)]
                self.stream(parts, [("Content-Encoding", "gzip")])
            case "/orders":
                self.json(201, {"received": len(body)}, [("Location", "/orders/17")])
            case "/orders/17" if self.command == "GET":
                self.answer(304, headers=[("ETag", '"17-1"')])
            case "/orders/17":
                self.answer(204)
            case "/download":
                self.answer(200, DOWNLOAD, [("Content-Type", "application/octet-stream")])
            case "/slow":
                time.sleep(1.5)
                self.json(200, {"slow": True})
            case "/broken":
                self.json(500, {"error": "out of order"})
            case "/end":
                self.answer(200, b"end-of-the-recording")
            case _:
                self.json(404, {"error": "no such thing"})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = any


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


main()
