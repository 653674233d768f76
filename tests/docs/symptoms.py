#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes lab/cli/symptoms.tsv from event logs of 'nslab run --all': what each scenario really shows.

usage: symptoms.py LOG…             the table, on stdout
       symptoms.py --failed LOG…    names of scenarios with a case whose last run did not pass
       symptoms.py --ran LOG…       names of scenarios all of whose cases passed

A line is SCENARIO, KIND, WORD, WHERE, by tabs, for the kinds

  error   a step came to that error; WHERE is its verb
  state   an expectation found a socket in that TCP state; WHERE is the socket's host
  output  an expectation found that a program printed that; WHERE is the step's verb

Only what was expected and met counts: states that sampling happened to see differ from run to run. The
cases of a scenario are merged. Of a case that stands in the logs more than once, the last run counts.
"""
import json
import re
import sys

MAKES_SOCKET = re.compile(r'(?:dial|listen|accept|bind) .*\bas ([\w-]+)')
SOCKET = re.compile(r'check socket (?:([\w-]+)|\{of: ([\w-]+), at: ([\w-]+)\}) ')
STATE = re.compile(r'state ([A-Z0-9-]+)(?: (?:within|for) .*)?')
OUTPUT = re.compile(r"output '(.*)'", re.S)


class Run:
    """What a run of a case showed."""

    def __init__(self, begin):
        self.scenario = begin['scenario']
        self.hosts = begin['hosts']
        self.sockets = {}
        self.rows = set()
        self.result = 'killed'

    def put(self, kind, word, where):
        word = word.replace('\t', ' ').replace('\n', ' ')
        self.rows.add((self.scenario, kind, word, where))

    def step_begin(self, r):
        made = MAKES_SOCKET.match(r['text'])
        if made and 'host' in r:
            self.sockets[made[1]] = self.hosts[r['host']]

    def step_end(self, r):
        verb = r['text'].split()[0]
        # what is awaited has a record of its own
        if r['error'] != 'none' and verb != 'await':
            self.put('error', r['error'], verb)

    def expectation(self, r):
        output = OUTPUT.fullmatch(r['expected'])
        state = STATE.fullmatch(r['expected'])
        socket = SOCKET.match(r['text'])
        if not r['met']:
            return
        if output:
            self.put('output', output[1], r['text'].split()[0])
        # a socket that is closed is one that ss does not show
        if state and socket and state[1] != 'CLOSED':
            self.put('state', state[1], socket[3] or self.sockets[socket[1]])

    def end(self, r):
        self.result = r['result']


def runs_read(files):
    runs, run = {}, None
    for file in files:
        with open(file, encoding='utf-8') as log:
            for line in log:
                r = json.loads(line)
                if r['type'] == 'begin':
                    run = runs[r['name']] = Run(r)
                act = getattr(run, r['type'].replace('-', '_'), None)
                if act and r['type'] != 'begin':
                    act(r)
    return runs.values()


def main(words):
    option = words.pop(0) if words and words[0].startswith('--') else None
    if not words or option not in (None, '--failed', '--ran'):
        sys.exit(__doc__)
    runs = runs_read(words)
    failed = {run.scenario for run in runs if run.result not in ('passed', 'skipped')}
    passed = {run.scenario for run in runs if run.result == 'passed'}
    skipped = {run.scenario for run in runs if run.result == 'skipped'}
    if option == '--failed':
        lines = failed
    elif option == '--ran':
        lines = passed - failed - skipped
    else:
        if failed:
            sys.exit('symptoms: not passed, so not to be trusted: ' + ' '.join(sorted(failed)))
        lines = {'\t'.join(row) for run in runs for row in run.rows}
    for line in sorted(lines):
        print(line)


main(sys.argv[1:])
