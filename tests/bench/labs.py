#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""labs.py NSLAB [ROUNDS]: what a lab with a program of one's own costs, beside a bare process; a Markdown table.

All in one run, the measurements taking turns: a machine that is busy is so for all of them.
"""
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

nslab = sys.argv[1]
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
runtime = tempfile.mkdtemp()
os.environ['XDG_RUNTIME_DIR'] = runtime


def call(*words):
    """Milliseconds that a command takes, from its start to its exit."""
    begun = time.perf_counter()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000


def switch(on):
    """Milliseconds from the request to the answer, which comes when the rule is changed."""
    lab = socket.socket(socket.AF_UNIX)
    lab.connect(runtime + '/nslab/bench')
    begun = time.perf_counter()
    lab.sendall(json.dumps(dict(v=1, request='fault', fault='syn-dropped', on=on)).encode() + b'\n')
    answer = lab.recv(4096)
    took = (time.perf_counter() - begun) * 1000
    assert json.loads(answer)['ok'], answer
    return took


measured = {}


def note(name, took):
    measured.setdefault(name, []).append(took)


try:
    for i in range(rounds + 1):
        row = {
            '`true`, without nslab': call('true'),
            '`nslab version`': call(nslab, 'version'),
            '`nslab exec dial-ok -q -- true`': call(nslab, 'exec', 'dial-ok', '-q', '--', 'true'),
            '`nslab up dial-syn-dropped`': call(nslab, 'up', 'dial-syn-dropped', '--as', 'bench'),
            '`nslab exec bench:client -q -- true`': call(nslab, 'exec', 'bench:client', '-q', '--', 'true'),
            '`nslab fault off syn-dropped`': call(nslab, 'fault', 'off', 'syn-dropped'),
            'a fault switched by the socket': switch(True),
            '`nslab down`': call(nslab, 'down'),
        }
        # the first round loads what is not in memory yet
        for name, took in row.items():
            if i:
                note(name, took)
finally:
    subprocess.run([nslab, 'down', '--all'], stdin=subprocess.DEVNULL)
    for name in os.listdir(runtime):
        os.rmdir(os.path.join(runtime, name))
    os.rmdir(runtime)

print('| what | median ms | 10 % … 90 % |')
print('|---|---|---|')
for name, list in measured.items():
    list.sort()
    print('| %s | %.1f | %.1f … %.1f |' % (name, statistics.median(list), list[len(list) // 10],
                                          list[len(list) * 9 // 10]))
