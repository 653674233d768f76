#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes docs/how-long-does-it-hang.md from the results beside it, and from what table.py tells of the clients.

usage: page.py RESULTS            the page, on stdout
       page.py --check RESULTS PAGE   exit status 1, and the difference, if that is not the page
"""
import difflib
import re
import sys

sys.dont_write_bytecode = True  # nothing beside the sources

import prose
import results
import table
from table import FIN, HEALS, ICMP, READ, SYN, WRITE

KERNEL = 'kernel'


def code(text):
    """One line as code in a table."""
    mark = '``' if '`' in text else '`'
    return f'{mark}{text}{mark}'.replace('|', '\\|')


def printed(row):
    lines = [line.strip() for line in row.printed.split('\n')]
    lines = [line for i, line in enumerate(lines) if lines[i - 1:i] != [line]]  # what is said again, once
    return '<br>'.join(map(code, lines)) if row.printed else 'nothing'


def plural(n, one, many=''):
    return f'{n} {one if n == 1 else many or one + "s"}'


def packets(row):
    """What the client sent for it, beside what always is sent."""
    parts = [plural(row.syns, 'SYN')] if row.scenario in (SYN, ICMP, HEALS) else []
    parts += [plural(row.retransmits, 'retransmission')] if row.retransmits else []
    parts += [plural(row.probes, 'keepalive probe')] if row.probes else []
    parts += [plural(row.fins, 'FIN')] if row.scenario == FIN else []
    return ', '.join(parts)


def exit_text(row):
    return '' if row.hangs else f'{row.exit}'


def row_line(*cells):
    return '| ' + ' | '.join(cells) + ' |'


def head_lines(*cells):
    return [row_line(*cells), '|' + '---|' * len(cells)]


class Page:
    """The results, and the page's parts."""

    def __init__(self, abouts, rows):
        self.about = {a.client: a for a in abouts}
        self.rows = {(r.client, r.scenario, r.setting): r for r in rows}
        measured = [c for c in table.CLIENTS if c.id in self.about]
        for client in measured:
            for call in table.calls(client):
                if (client.id, call.scenario, call.name) not in self.rows:
                    sys.exit(f'page: {client.id} was not measured with {call.scenario} {call.name}: '
                             f'./dev clients {client.id}')
        self.clients = [c for c in measured if c.id != KERNEL]

    def plain(self, client, scenario):
        return self.rows.get((client.id, scenario, ''))

    # ---- the answer ----

    def systems(self):
        """On what, when: as few words as the results allow."""
        some = {(a.kernel, a.system) for a in self.about.values()}
        dates = sorted({a.date for a in self.about.values()})
        when = dates[0] if len(dates) == 1 else f'{dates[0]} to {dates[-1]}'
        return '; '.join(f'Linux {kernel}, {system}' for kernel, system in sorted(some)) + ', ' + when

    def lead(self):
        n = len(self.clients)
        hang = {s: sum(self.plain(c, s).took_ms >= 100000 for c in self.clients) for s in (SYN, WRITE, READ)}
        lines = ['# How long does it hang?', '',
                 '<!-- Made by tests/clients/page.py from how-long-does-it-hang.tsv: ./dev clients measures, and makes both. -->',
                 '']
        lines += [prose.LEAD, '',
                  f'Of {n} clients {hang[SYN]} hang for more than 100 seconds when a firewall drops their SYN, '
                  f'{hang[WRITE]} when the server vanishes before it has acknowledged a request, and {hang[READ]} when it '
                  'vanishes before it answers one. What shortens that stands in the section of each, measured, too.', '']
        return lines

    def cell(self, client, scenario):
        row = self.plain(client, scenario)
        time = f'**{results.time_text(row)}**' if row.took_ms >= 100000 else results.time_text(row)
        if row.hangs or client.proxy:
            answer = '' if row.hangs else row.printed.split('\n')[-1]
            return f'{time}, {answer}' if answer else time
        return f'{time}, exit {row.exit}'

    def answer(self):
        lines = head_lines('', *[s.head for s in table.SCENARIOS])
        for client in self.clients:
            anchor = re.sub('[^a-z0-9-]', '', client.name.lower().replace(' ', '-'))
            lines.append(row_line(f'[{client.name}](#{anchor}) {self.about[client.id].version}',
                                  *[self.cell(client, s.name) for s in table.SCENARIOS]))
        lines += ['', f'Measured on {self.systems()}. The time counts from the first packet that is lost to the '
                  "program's end, so that starting it does not count. **> 300 s**: it still hung when it was ended.",
                  '', 'The columns are scenarios of nslab:', '']
        lines += [f'- *{s.head}* (`{s.name}`): {s.told}.' for s in table.SCENARIOS]
        return lines + ['']

    # ---- a client ----

    def defaults(self, client):
        lines = head_lines('', 'takes', 'exit', 'prints', 'sends')
        for scenario in table.SCENARIOS:
            row = self.plain(client, scenario.name)
            lines.append(row_line(scenario.head, results.time_text(row), exit_text(row), printed(row), packets(row)))
        return lines + ['']

    def commands(self, client):
        """How it was called: once, and where else than in the first scenario it was called otherwise."""
        first = self.plain(client, SYN).command
        lines = ['    ' + first]
        other = self.plain(client, WRITE).command
        if client.session:
            lines += ['', f'and where it has to be connected before it writes, with a named pipe from which '
                      f'`{client.typed}` comes when the server has vanished:', '', '    ' + other]
        return lines + ['']

    def settings(self, client, what='What shortens it, and what does not:'):
        heads = {s.name: s.head for s in table.SCENARIOS}
        rows = [self.rows[client.id, call.scenario, call.name] for call in table.calls(client) if call.name]
        lines = [what, '', *head_lines('', 'with', 'takes', 'instead of', 'exit', 'prints', 'sends')]
        for row in rows:
            # a host's settings are tried with the first client
            usual = self.plain(client, row.scenario) or self.plain(self.clients[0], row.scenario)
            lines.append(row_line(heads[row.scenario], code(row.setting), results.time_text(row),
                                  results.time_text(usual), exit_text(row), printed(row), packets(row)))
        return lines + ['']

    def section(self, client):
        about = self.about[client.id]
        lines = [f'## {client.name}', '', f'{about.version}, {about.system}, Linux {about.kernel}, {about.date}.', '']
        lines += self.commands(client) + self.defaults(client) + self.settings(client)
        return lines + [f'- {why}' for why in prose.WHY[client.id]] + ['']

    # ---- the rest ----

    def kernel(self):
        """What the kernel does, and what shortens it for everybody."""
        client = next(c for c in table.CLIENTS if c.id == KERNEL)
        if KERNEL not in self.about:
            return []
        fin = self.plain(client, FIN)
        lines = ['## The kernel behind them', '', prose.KERNEL, '']
        lines += self.settings(client, 'Settings of a host hold for all of its programs. With curl, and no option:')
        return lines + [prose.ORPHAN.format(time=results.time_text(fin), fins=fin.fins), '']

    def text(self):
        lines = self.lead() + self.answer()
        for client in self.clients:
            lines += self.section(client)
        lines += self.kernel() + prose.METHOD
        return '\n'.join(lines) + '\n'


def main(words):
    check = words[:1] == ['--check']
    if len(words) != (3 if check else 1):
        sys.exit(__doc__)
    try:
        new = Page(*results.read(words[1 if check else 0])).text()
        if not check:
            sys.stdout.write(new)
            return 0
        with open(words[2], encoding='utf-8') as page:
            old = page.read()
    except OSError as error:
        sys.exit(f'page: {error}')
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), words[2], 'made anew'))
    return 0 if old == new else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
