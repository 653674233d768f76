# SPDX-License-Identifier: GPL-2.0-or-later
"""What an event log of 'nslab exec' says about the program's connections to the server (docs/events.md)."""
import json

WRAP = 1 << 32


class Log:
    """Counts are of what client, where the program or the proxy is, sent to the server's port.

    begun_ns: when the first packet was lost, or when everything was from then on; syns, fins: with retries;
    retransmits: of data; probes: of TCP keepalive; exit: status of the program, None where its time was over.
    """

    def __init__(self, path, port):
        self.port = port
        self.client = None
        self.begun_ns = self.ended_ns = None
        self.exit = None
        self.overdue = False
        self.error = self.result = ''
        self.syns = self.fins = self.retransmits = self.probes = 0
        self.next = {}
        with open(path, encoding='utf-8') as lines:
            for line in lines:
                record = json.loads(line)
                take = getattr(self, 'take_' + record['type'], None)
                if take:
                    take(record)

    def take_begin(self, record):
        self.client = record['hosts'].index('client')

    def lost(self, t_ns):
        self.begun_ns = t_ns if self.begun_ns is None else min(self.begun_ns, t_ns)

    def take_hit(self, record):
        self.lost(record['t_ns'])

    def take_fault(self, record):
        if record['on']:
            self.lost(record['t_ns'])

    def take_error(self, record):
        self.error = record['text']

    def take_end(self, record):
        self.result = record['result']
        self.error = self.error or record['text']

    def take_packet(self, record):
        packet = record['packet']
        if (record['host'] != self.client or not record['made_here'] or packet['protocol'] != 'tcp' or
                packet['dport'] != self.port):
            return
        flags, payload = packet['flags'], packet['payload']
        self.syns += 'S' in flags
        self.fins += 'F' in flags
        self.retransmits += payload > 0 and record['retry'] > 0
        # a probe says again what was acknowledged, the byte before the next: tcp_xmit_probe_skb()
        known = self.next.get(packet['sport'])
        self.probes += flags == 'A' and payload == 0 and known is not None and packet['seq'] == (known - 1) % WRAP
        end = (packet['seq'] + payload + ('S' in flags) + ('F' in flags)) % WRAP
        if known is None or 'S' in flags or (end - known) % WRAP < WRAP // 2:
            self.next[packet['sport']] = end

    def take_step(self, record):
        if record['text'].startswith('program '):
            self.ended_ns = record['t_ns']
            self.exit = record.get('exit')
            self.overdue = record['error'] == 'deadline'


setattr(Log, 'take_step-end', Log.take_step)
