"""A Tentacle server that stores nothing and reads as fast as it can, and a port that only reads.

It serves one connection at a time, which is what a benchmark has.
"""

import socket
import ssl
import threading

BUFFER = 1 << 20


class Sink:
    """Listens on a port of the loopback interface until it is closed.

    raw: reads to the end of the stream, and says nothing.
    certificate: a PEM file with certificate and key; then it speaks TLS.
    """

    def __init__(self, raw: bool = False, certificate: str | None = None):
        self.raw = raw
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.bytes = 0
        self.files = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        buffer = memoryview(bytearray(BUFFER))
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                if self.raw:
                    while count := connection.recv_into(buffer):
                        self.bytes += count
                else:
                    self.talk(connection, buffer)
            except OSError:
                pass
            finally:
                connection.close()

    def talk(self, connection, buffer) -> None:
        while True:
            line = b""
            while not line.endswith(b"\n"):
                piece = connection.recv(1024)
                if not piece:
                    return
                line += piece
            if line.startswith(b"QUIT"):
                return
            size = int(line.rsplit(b" ", 1)[1])
            connection.sendall(b"SEND OK\n")
            left = size
            while left:
                count = connection.recv_into(buffer, min(left, BUFFER))
                if not count:
                    return
                left -= count
            self.bytes += size
            self.files += 1
            connection.sendall(b"SEND OK\n")

    def close(self) -> None:
        self.listener.close()
