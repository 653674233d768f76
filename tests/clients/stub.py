#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that speaks as much of a protocol as its client needs, for labs in which the server vanishes.

usage: stub.py http|redis|postgres|ssh PORT [--tell asked|answered]

Answers every request and leaves it to the client to close. With --tell it also says by a datagram, to port 9 of
whoever asked, that the time has come to break the path: 'asked' when it has the first request, which it
acknowledges and never answers, 'answered' when it has answered it.

ssh needs Debian's python3-paramiko. Everybody may log in, and the session has no program behind it.
"""
import socket
import struct
import sys
import threading

TALKS = {}


def talk(function):
    TALKS[function.__name__] = function
    return function


class Asked(Exception):
    """The request is here, and is not to be answered."""


class Peer:
    """One connection, and what is to be told about it."""

    def __init__(self, conn, tell):
        self.conn, self.tell = conn, tell
        self.file = conn.makefile('rb')

    def read(self, n):
        data = self.file.read(n)
        if len(data) < n:
            raise EOFError
        return data

    def line(self):
        line = self.file.readline()
        if not line:
            raise EOFError
        return line.rstrip(b'\r\n')

    def signal(self):
        with socket.socket(self.conn.family, socket.SOCK_DGRAM) as sock:
            sock.sendto(b'now', (self.conn.getpeername()[0], 9))

    def asked(self):
        """A request is here."""
        if self.tell != 'asked':
            return
        # what came is acknowledged before the datagram leaves: no delayed ACK
        self.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self.signal()
        raise Asked

    def answer(self, data):
        self.conn.sendall(data)
        if self.tell == 'answered':
            self.signal()


def pkt_line(text):
    return f'{len(text) + 4:04x}{text}'


def git_refs():
    """What a repository with one branch says first, gitprotocol-http(5)."""
    commit = '1' * 40
    return (pkt_line('# service=git-upload-pack\n') + '0000' + pkt_line(f'{commit} HEAD\0agent=stub\n') +
            pkt_line(f'{commit} refs/heads/main\n') + '0000')


@talk
def http(peer):
    while True:
        words = peer.line().split()
        length = 0
        while header := peer.line():
            name, _, value = header.partition(b':')
            if name.lower() == b'content-length':
                length = int(value)
        peer.read(length)
        peer.asked()
        kind, body = 'text/plain', 'hello\n'
        if b'/info/refs' in words[1]:
            kind, body = 'application/x-git-upload-pack-advertisement', git_refs()
        peer.answer(f'HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}'.encode())


@talk
def redis(peer):
    while True:
        words = []
        for _ in range(int(peer.line()[1:])):
            words.append(peer.read(int(peer.line()[1:])))
            peer.line()
        peer.asked()
        peer.answer(b'$5\r\nhello\r\n' if words[0].upper() == b'GET' else b'-ERR unknown command\r\n')


def message(kind, body):
    return kind + struct.pack('>I', len(body) + 4) + body


@talk
def postgres(peer):
    """Startup without a password, then one row for every query: "Message Formats" of PostgreSQL's manual."""
    ready = message(b'Z', b'I')
    while True:
        body = peer.read(struct.unpack('>I', peer.read(4))[0] - 4)
        code = struct.unpack('>I', body[:4])[0]
        if code == 3 << 16:
            break
        peer.conn.sendall(b'N')  # neither TLS nor GSSAPI
    settings = {'server_version': '15.0', 'client_encoding': 'UTF8', 'standard_conforming_strings': 'on'}
    peer.conn.sendall(message(b'R', struct.pack('>I', 0)) +
                      b''.join(message(b'S', f'{k}\0{v}\0'.encode()) for k, v in settings.items()) +
                      message(b'K', struct.pack('>II', 1, 1)) + ready)
    while True:
        kind, body = peer.read(1), peer.read(struct.unpack('>I', peer.read(4))[0] - 4)
        if kind == b'X':
            peer.read(1)  # the client closes
        if kind != b'Q':
            continue
        peer.asked()
        column = b'word\0' + struct.pack('>IHIhih', 0, 0, 25, -1, -1, 0)
        peer.answer(message(b'T', struct.pack('>H', 1) + column) +
                    message(b'D', struct.pack('>HI', 1, 5) + b'hello') +
                    message(b'C', b'SELECT 1\0') + ready)


@talk
def ssh(peer):
    import paramiko

    asked = threading.Event()

    class Everybody(paramiko.ServerInterface):
        def get_allowed_auths(self, username):
            return 'none'

        def check_auth_none(self, username):
            return paramiko.AUTH_SUCCESSFUL

        def check_channel_request(self, kind, chanid):
            return paramiko.OPEN_SUCCEEDED

        def check_channel_exec_request(self, channel, command):
            asked.set()
            return True

    transport = paramiko.Transport(peer.conn)
    transport.add_server_key(paramiko.ECDSAKey.generate())
    transport.start_server(server=Everybody())
    channel = transport.accept()
    asked.wait()
    channel.sendall(b'hello\n')
    if peer.tell:
        if peer.tell == 'asked':
            channel.recv(1)  # the end of its stdin is the last that it says
        peer.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        peer.signal()
        asked.clear()
        asked.wait()  # and nothing more is said
    channel.send_exit_status(0)
    channel.close()
    transport.join()


def serve(conn, function, tell):
    peer = Peer(conn, tell)
    try:
        function(peer)
    except Asked:
        peer.file.read()
    except (EOFError, OSError):
        pass


def main(words):
    tell = None
    if words[2:3] == ['--tell']:
        tell = words[3] if words[3:] in (['asked'], ['answered']) else ''
        words = words[:2]
    if len(words) != 2 or words[0] not in TALKS or not words[1].isdecimal() or tell == '':
        sys.exit(__doc__)
    door = socket.create_server(('', int(words[1])), backlog=16)
    while True:
        conn, _ = door.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(conn, TALKS[words[0]], tell), daemon=True).start()


if __name__ == '__main__':
    main(sys.argv[1:])
