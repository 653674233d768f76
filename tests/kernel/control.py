# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks docs/control.md to a lab at the socket that is named, well and badly."""
import json
import socket
import sys
import threading

PATH = sys.argv[1]


class Lab:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(PATH)
        self.file = self.socket.makefile('rb')

    def line(self, data):
        self.socket.sendall(data + b'\n')
        return json.loads(self.file.readline())

    def ask(self, request, **members):
        return self.line(json.dumps(dict(v=1, request=request, **members)).encode())


def refused(answer, name, words):
    assert answer['v'] == 1 and answer['ok'] is False, answer
    assert answer['errno'] == name and words in answer['error'], answer


lab = Lab()
what = lab.ask('lab')
assert what['ok'] and what['v'] == 1 and what['scenario'] == 'dial-syn-dropped', what
assert [host['name'] for host in what['hosts']] == ['client', 'fw', 'server'], what
assert what['links'] == [['client', 'fw'], ['fw', 'server']], what
assert what['hosts'][0]['addresses'][0] == '10.0.1.1', what
fault, = what['faults']
assert fault == dict(name='syn-dropped', host='fw', does=fault['does'], on=True, hits=0), fault

state = lab.ask('state', host='server')
assert [host['name'] for host in state['hosts']] == ['server'], state
assert state['hosts'][0]['sockets'][0]['state'] == 'LISTEN', state

# one after the other, and several in one packet
assert lab.ask('fault', fault='syn-dropped', on=False)['ok']
lab.socket.sendall(b'{"v":1,"request":"lab"}\n{"v":1,"request":"wait","condition":"fault syn-dropped hits 0"}\n'
                   b'{"v":1,"request":"fault","fault":"syn-dropped","on":true}\n')
first, second, third = (json.loads(lab.file.readline()) for _ in range(3))
assert not first['faults'][0]['on'] and second['observed'] == 'hits 0' and third['ok'], (first, second, third)

# what is wrong is told, and the next request is heard
refused(lab.line(b'nonsense'), 'EINVAL', 'a JSON object on a line')
refused(lab.line(b'[1, 2]'), 'EPROTONOSUPPORT', "'v' must be 1")
refused(lab.line(b'{"v":1,"v":1,"request":"lab"}'), 'EINVAL', 'duplicate')
refused(lab.line(b'{"v":2,"request":"lab"}'), 'EPROTONOSUPPORT', "'v' must be 1")
refused(lab.line(b'{"v":1}'), 'EINVAL', "'request' must be one of")
refused(lab.ask('dance'), 'EINVAL', "there is no request 'dance'; there are: lab state")
refused(lab.ask('fault', fault='syn-dropped'), 'EINVAL', "'on' must be true or false, and is missing")
refused(lab.ask('fault', fault='syn-dropped', on='yes'), 'EINVAL', "'on' must be true or false")
refused(lab.ask('fault', fault='syn-dropped', on=True, now=True), 'EINVAL', "no member 'now'")
refused(lab.ask('fault', fault='nothing', on=True), 'ENOENT', "there is no fault 'nothing'")
refused(lab.ask('state', host='nobody'), 'ENOENT', 'there are: client fw server')
refused(lab.ask('wait', condition='fault syn-dropped hits 0', within_ms=-1), 'EINVAL', 'within_ms')
refused(lab.ask('wait', condition='fault syn-dropped hits 9', within_ms=20), 'ETIME', 'observed hits 0')
refused(lab.ask('link', link='client', up=False), 'EINVAL', 'is no link')
refused(lab.line(b'\xff\xfe{"v":1}'), 'EINVAL', 'a JSON object on a line')
refused(lab.line(json.dumps(dict(v=1, request='state', host='\x1b[31m' * 10)).encode()), 'ENOENT', 'no host')
refused(lab.line(b'{"v":1,"request":"state","host":' + b'[' * 5000 + b'}'), 'EINVAL', 'a JSON object on a line')
assert lab.ask('lab')['ok']

# a request without an end: it is refused after 64 KiB, whatever comes behind
flood = Lab()
sent = 0
try:
    while sent < 1 << 30:
        sent += flood.socket.send(b'a' * 65536)
except (BrokenPipeError, ConnectionResetError):
    pass
assert sent < 16 << 20, sent
refused(json.loads(flood.file.readline()), 'EMSGSIZE', 'at most 65536 bytes')

# a crowd: those beyond the room are turned away, and it is free again afterwards
crowd = []
for _ in range(200):
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(5)
    try:
        one.connect(PATH)
    except OSError:
        break
    crowd.append(one)
turned_away = json.loads(crowd[-1].makefile('rb').readline())
refused(turned_away, 'EUSERS', 'too many callers')
for one in crowd:
    one.close()
for _ in range(100):
    try:
        if Lab().ask('lab')['ok']:
            break
    except (OSError, ValueError):
        pass
else:
    sys.exit('after a crowd nobody is heard')

# somebody who waits does not keep others waiting, and may leave
waiter, other = Lab(), Lab()
waiter.socket.sendall(b'{"v":1,"request":"wait","condition":"fault syn-dropped hits 99"}\n')
assert other.ask('lab')['ok']
waiter.socket.close()
waiter.file.close()
assert other.ask('lab')['ok']

# one who watches gets the log from its begin, and what others do
watcher = Lab()
assert watcher.ask('watch') == dict(v=1, ok=True)
assert json.loads(watcher.file.readline())['type'] == 'begin'
assert json.loads(watcher.file.readline())['type'] == 'built'
assert other.ask('fault', fault='syn-dropped', on=False)['ok']
while json.loads(watcher.file.readline())['type'] != 'fault':
    pass

# one who watches and does not read is hung up on at some time, and nobody else notices
lazy = Lab()
lazy.socket.sendall(b'{"v":1,"request":"watch"}\n')
for i in range(3000):
    assert other.ask('fault', fault='syn-dropped', on=bool(i % 2))['ok']

# descriptors of namespaces come with the answer
enter = socket.socket(socket.AF_UNIX)
enter.connect(PATH)
enter.sendall(b'{"v":1,"request":"enter","host":"client"}\n')
data, fds, _, _ = socket.recv_fds(enter, 65536, 8)
answer = json.loads(data)
assert answer['ok'] and len(fds) == len(answer['namespaces']) >= 3, (answer, fds)
