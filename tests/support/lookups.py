"""Run a command and print every host name that it looks up, in any language, one a line.

For a network and mount namespace of its own: ``unshare --net --mount python lookups.py
RESOLV_CONF SECONDS COMMAND...``. The name server is this process, and says that no name exists.
At last it looks up ``control.invalid`` itself: what does not print that has seen nothing.
"""

import contextlib
import fcntl
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

SET_FLAGS, UP = 0x8914, 0x1
NO_SUCH_NAME = 0x8183


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))


def name_in(query: bytes) -> str:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    return ".".join(labels)


def serve(server: socket.socket, names: set[str]) -> None:
    while True:
        query, sender = server.recvfrom(4096)
        names.add(name_in(query))
        counts = struct.pack(">HHHHH", NO_SUCH_NAME, 1, 0, 0, 0)
        end = query.index(b"\0", 12) + 5
        server.sendto(query[:2] + counts + query[12:end], sender)


def main(resolver: Path, seconds: float, command: list[str]) -> int:
    raise_loopback()
    resolver.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    names: set[str] = set()
    threading.Thread(target=serve, args=(server, names), daemon=True).start()
    with subprocess.Popen(command) as running:
        time.sleep(seconds)
        running.kill()
    with contextlib.suppress(socket.gaierror):
        socket.getaddrinfo("control.invalid", 443)
    print("\n".join(sorted(names)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
