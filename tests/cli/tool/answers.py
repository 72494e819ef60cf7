"""A proxy that changes what a server answers, for servers that nobody has thought of."""

import json
import socket
import threading


class Answers:
    """Passes everything on between the tool and `server`; `change` gets each JSON document and gives what arrives
    instead: bytes, or a document. `about` is what the server says of itself instead."""

    def __init__(self, ctx, server, change, about=None):
        self.target = ("127.0.0.1", server.port)
        self.change = change
        self.about = about or {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "nats://127.0.0.1:%d" % self.listener.getsockname()[1]
        ctx.later(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
            except OSError:
                return
            for work in (self._up, self._down):
                threading.Thread(target=self._ending, args=(work, client, server), daemon=True).start()

    @staticmethod
    def _ending(work, client, server):
        try:
            work(client, server)
        except OSError:
            pass
        for end in (client, server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @staticmethod
    def _up(client, server):
        while data := client.recv(65536):
            # Compressed answers could not be changed.
            server.sendall(data.replace(b"Accept-Encoding: snappy", b"No-Such-Header-: snappy"))

    def _down(self, client, server):
        source = server.makefile("rb")
        while line := source.readline():
            words = line.split()
            if words and words[0] == b"INFO":
                line = b"INFO %s\r\n" % json.dumps(json.loads(line[5:]) | self.about).encode()
            if not words or words[0] not in (b"MSG", b"HMSG"):
                client.sendall(line)
                continue
            head = int(words[-2]) if words[0] == b"HMSG" else 0
            body = source.read(int(words[-1]))
            source.read(2)
            payload = self._changed(body[head:])
            words[-1] = b"%d" % (head + len(payload))
            client.sendall(b" ".join(words) + b"\r\n" + body[:head] + payload + b"\r\n")

    def _changed(self, payload):
        try:
            document = json.loads(payload)
        except ValueError:
            return payload
        if not isinstance(document, (dict, list)):
            return payload
        changed = self.change(document)
        if isinstance(changed, bytes):
            return changed
        if isinstance(changed, dict) and "type" in document:
            # What it is an answer to stays.
            changed["type"] = document["type"]
        return json.dumps(changed).encode()


def each(value, number=None, text=None, many=None, table=None):
    """A document in which functions have changed all numbers, texts, lists and objects."""
    def deeper(one):
        return each(one, number, text, many, table)
    if isinstance(value, dict):
        changed = {key: deeper(one) for key, one in value.items()}
        return table(changed) if table else changed
    if isinstance(value, list):
        changed = [deeper(one) for one in value]
        return many(changed) if many else changed
    if isinstance(value, str):
        return text(value) if text else value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value) if number else value
    return value
