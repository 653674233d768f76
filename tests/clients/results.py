# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as a table of tabs: what was measured, and by which version on which system."""
import os
from typing import NamedTuple

import table


class About(NamedTuple):
    client: str
    version: str
    date: str
    kernel: str
    system: str
    nslab: str


class Measured(NamedTuple):
    """took_ms: from the first lost packet to the program's end, or until it was ended (hangs)."""
    client: str
    scenario: str
    setting: str
    lab: str
    command: str
    config: str
    cap_s: int
    hangs: bool
    took_ms: int
    exit: int
    printed: str
    syns: int
    retransmits: int
    probes: int
    fins: int


KINDS = {'about': About, 'measured': Measured}
ESCAPES = {'\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r'}


def field(value):
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    return ''.join(ESCAPES.get(c, c) for c in str(value))


def unescape(text):
    back = {v[1]: k for k, v in ESCAPES.items()}
    out, chars = '', iter(text)
    for c in chars:
        out += back[next(chars)] if c == '\\' else c
    return out


def value(kind, word):
    if kind is bool:
        return {'yes': True, 'no': False}[word]
    return int(word) if kind is int else unescape(word)


def text(abouts, rows):
    lines = []
    for name, some in (('about', abouts), ('measured', rows)):
        lines.append('\t'.join(['#' + name, *KINDS[name]._fields]))
        lines += ['\t'.join([name, *map(field, row)]) for row in some]
    return '\n'.join(lines) + '\n'


def read(path):
    """The rows of a file: About and Measured. Whatever is wrong in it is told with its line."""
    found = {name: [] for name in KINDS}
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith('#'):
                continue
            name, *words = line.rstrip('\n').split('\t')
            try:
                kind = KINDS[name]
                types = list(kind.__annotations__.values())
                if len(words) != len(types):
                    raise ValueError
                found[name].append(kind(*map(value, types, words)))
            except (KeyError, ValueError, StopIteration):
                raise SystemExit(f'{path}:{number}: no row as measure.py writes it; remake it: ./dev clients') from None
    return found['about'], found['measured']


def order(row):
    """As in table.py: its clients, scenarios and settings."""
    clients = [c.id for c in table.CLIENTS]
    client = table.CLIENTS[clients.index(row.client)]
    if isinstance(row, About):
        return (clients.index(row.client),)
    names = [''] + [s.name for s in client.settings]
    return clients.index(row.client), [s.name for s in table.SCENARIOS].index(row.scenario), names.index(row.setting)


def known(row):
    """Does table.py still have it?"""
    try:
        order(row)
    except ValueError:
        return False
    return True


def merge(path, abouts, rows, whole):
    """Put these rows in the file, in place of the old ones: of these clients all, or without whole the same ones."""
    old_abouts, old_rows = read(path) if os.path.exists(path) else ([], [])
    clients = {a.client for a in abouts}
    again = {(r.client, r.scenario, r.setting) for r in rows}
    for old in [] if whole else [a for a in old_abouts if a.client in clients]:
        new = next(a for a in abouts if a.client == old.client)
        if (old.version, old.kernel) != (new.version, new.kernel):
            raise SystemExit(f'{path}: {old.client} was measured as {old.version} on Linux {old.kernel}, this is '
                             f'{new.version} on {new.kernel}: measure all of it, ./dev clients {old.client}')
    abouts = abouts + [a for a in old_abouts if a.client not in clients]
    rows = rows + [r for r in old_rows if (r.client, r.scenario, r.setting) not in again and
                   not (whole and r.client in clients)]
    with open(path + '.new', 'w', encoding='utf-8') as out:
        out.write(text(sorted(filter(known, abouts), key=order), sorted(filter(known, rows), key=order)))
    os.replace(path + '.new', path)


def time_text(row):
    """How long it took, for people."""
    if row.hangs:
        return f'> {row.cap_s} s'
    if row.took_ms < 900:
        return 'at once'
    if row.took_ms < 9950:
        return f'{row.took_ms / 1000:.1f} s'
    return f'{row.took_ms / 1000:.0f} s'
