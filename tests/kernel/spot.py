# SPDX-License-Identifier: GPL-2.0-or-later
"""A client or a server that a scenario's author has not written; prints what it has seen, as marks.sh asks for it."""
import errno
import os
import select
import socket
import sys
import time

begun = time.monotonic()


def says(text, timed=True):
    print(f"{text} after {time.monotonic() - begun:.3f}" if timed else text, flush=True)


def word(error):
    if isinstance(error, TimeoutError) and not error.errno:
        return "timeout"
    return errno.errorcode.get(error.errno, str(error))


def dial(host, port, timeout=9.0, local=0):
    family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    s = socket.socket(family)
    s.settimeout(float(timeout))
    if local:
        s.bind(("", int(local)))
    s.connect(address)
    return s


def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", int(port)))
    s.listen(16)
    return s


def talk(s):
    s.sendall(b"GET / HTTP/1.1\r\nHost: server\r\n\r\n")
    return s.recv(1)


def conversations(doors, seconds):
    """The connections of so many seconds, each answered once and closed at its end."""
    until = time.monotonic() + seconds
    conns = []
    while (left := until - time.monotonic()) > 0:
        for s in select.select(doors + conns, [], [], left)[0]:
            if s in doors:
                conns.append(s.accept()[0])
                continue
            try:
                if s.recv(65536):
                    s.sendall(b"hello\n")
                    continue
            except OSError:
                pass
            s.close()
            conns.remove(s)


def any_server():
    doors = []
    for port in (8080, 8081, 8082):
        try:
            doors.append(listen(port))
        except OSError:
            pass
    conversations(doors, 1)


def leak():
    """Sees the end of each connection, and keeps it."""
    listener = listen(8080)
    conns = [listener.accept()[0] for _ in range(2)]
    for s in conns:
        while s.recv(65536):
            pass
    time.sleep(0.3)
    os._exit(0)  # the interpreter's own end would close them one by one, and take its time


def serve():
    """Reads to the end of the first connection; where that is no error, writes until it is one."""
    conn = listen(8080).accept()[0]
    conn.settimeout(1)
    while conn.recv(65536):
        pass
    for _ in range(100):
        conn.sendall(b"more")
        time.sleep(0.01)


def main(what, *args):
    if what == "server":
        any_server()
    elif what == "leak":
        leak()
    elif what == "dial":
        dial(*args)
        says("connected")
    elif what == "talk":
        says("answer" if talk(dial(*args)) else "end")
    elif what == "bind":
        listen(*args)
        says("bound", False)
    elif what == "serve":
        serve()
        says("closed", False)


try:
    main(*sys.argv[1:])
except OSError as e:
    says(word(e), sys.argv[1] in ("dial", "talk"))
