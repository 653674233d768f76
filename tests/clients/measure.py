#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures how long clients hang, each in a lab of its own, many side by side.

usage: measure.py [-j N] [-c SECONDS] [-o FILE] [CLIENT[/SCENARIO[/SETTING]]…]
       measure.py -l

Measures what table.py has, or only what is named; '/' behind a scenario means the client without a setting. Prints
the rows, or with -o puts them in that file, in place of the old ones. Of a client that is not installed the old rows
stay, and it is told why. What fails is tried once more. -c is how long a program may hang, 300 if it is left out; -l lists what there is.
NSLAB names the program.
"""
import getopt
import os
import pathlib
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

sys.dont_write_bytecode = True  # nothing beside the sources

import results
import table
from log import Log
from table import FIN, HEALS, ICMP, READ, SYN, WRITE

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / 'tests/clients/programs'
# what is beside the client's own time: building the lab and taking it down, on a machine that has other things to do
SPARE_S = 60


class Wrong(Exception):
    """A measurement that says nothing: the text tells why."""


class Job(NamedTuple):
    client: table.Client
    scenario: str
    setting: table.Setting
    cap: int

    @property
    def name(self):
        return '/'.join((self.client.id, self.scenario, self.setting.name))


def jobs_all(cap):
    for client in table.CLIENTS:
        for setting in table.calls(client):
            yield Job(client, setting.scenario, setting, cap or client.cap.get(setting.scenario, 300))


def jobs_chosen(words, cap):
    jobs = list(jobs_all(cap))
    for word in words:
        if not any(matches(job, word) for job in jobs):
            sys.exit(f"measure: there is nothing called '{word}'; measure.py -l lists what there is")
    return [job for job in jobs if not words or any(matches(job, word) for word in words)]


def matches(job, word):
    parts = word.split('/', 2)
    return parts == job.name.split('/', 2)[:len(parts)]


# ---- labs and commands ----

def lab_words(job):
    """The words of 'nslab exec' for a measurement; a shell would expand $tmp."""
    client, setting = job.client, job.setting
    talk = ['--set', f'talk={client.talk}', '--set', f'port={client.port}']
    own = shlex.split(setting.lab)
    if client.proxy:
        own += ['--on', 'user', '--set', f'proxy={client.proxy}']
    if job.scenario == ICMP:
        if client.proxy:
            return ['--unpinned', *own, *talk, '--set', 'action=reject admin-prohibited', f'{table.LABS}/dial.yaml']
        return ['--unpinned', 'dial-reject-icmp']
    if job.scenario == SYN and not own:
        return ['--unpinned', 'dial-syn-dropped']
    if job.scenario == WRITE and client.session:
        own += ['--set', f'typed={client.typed}', '--set', 'gate=$tmp/gate']
    lab = {SYN: 'dial', HEALS: 'dial', READ: 'vanish-on-read', FIN: 'fin-lost',
           WRITE: 'vanish-in-session' if client.session else 'vanish-on-write'}[job.scenario]
    if job.scenario == HEALS:
        own += ['--set', 'opens_after=12s']
    return ['--unpinned', *own, *talk, f'{table.LABS}/{lab}.yaml']


def port_of(job):
    # 8007 is where dial-reject-icmp rejects with admin-prohibited
    return 8007 if job.scenario == ICMP and not job.client.proxy else job.client.port


def command_of(job):
    client = job.client
    command = job.setting.command or (client.session if job.scenario == WRITE else '') or client.command
    port = port_of(job)
    return command.format(url=f'http://server:{port}/', port=port)


def template_fill(job, tmp):
    text = (PROGRAMS / job.client.template).read_text(encoding='utf-8')
    for name, value in {'tmp': str(tmp), 'port': str(job.client.port), 'settings': job.setting.config}.items():
        text = text.replace('${' + name + '}', value)
    (tmp / job.client.template).write_text(text, encoding='utf-8')


# ---- one measurement ----

class Runner:
    """Runs labs, at most some side by side, and ends them when it is told to end."""

    def __init__(self, nslab, work):
        self.nslab, self.work = nslab, work
        self.lock = threading.Lock()
        self.running = set()
        self.over = False

    def stop(self):
        with self.lock:
            self.over = True
            for process in self.running:
                process.terminate()

    def environment(self, tmp):
        """Nothing of the caller's: no proxy, no configuration in a home; the system's own programs come first."""
        bin_dir = self.work / 'bin'
        return {'PATH': f'{bin_dir}:/usr/bin:/bin:{os.environ["PATH"]}:/usr/sbin:/sbin', 'CLASSPATH': str(bin_dir), 'HOME': str(tmp),
                'TMPDIR': str(tmp), 'tmp': str(tmp), 'LC_ALL': 'C.UTF-8', 'GIT_CONFIG_NOSYSTEM': '1',
                'NSLAB_SCENARIOS': ''} | ({'LD_LIBRARY_PATH': os.environ['LD_LIBRARY_PATH']}
                                          if 'LD_LIBRARY_PATH' in os.environ else {})

    def run(self, words, environment, limit):
        """Output and status; whatever has not ended after limit seconds is ended."""
        with self.lock:
            if self.over:
                raise Wrong('interrupted')
            process = subprocess.Popen(words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
            self.running.add(process)
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()  # nothing is left of a lab whose nslab is killed
            process.communicate()
            raise Wrong(f'nslab did not end after {limit} s') from None
        finally:
            with self.lock:
                self.running.discard(process)
        if self.over:
            raise Wrong('interrupted')
        return output.decode('utf-8', 'replace'), process.returncode

    def measure(self, job):
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            tmp = pathlib.Path(folder)
            os.mkfifo(tmp / 'gate')
            if job.client.template:
                template_fill(job, tmp)
            words = [word.replace('$tmp/gate', f'{tmp}/gate') for word in lab_words(job)]
            command = command_of(job)
            # a shell only where one is needed
            called = ['sh', '-c', command] if re.search(r'[|;]', shell_bare(command)) else shlex.split(command)
            output, status = self.run(
                [self.nslab, 'exec', '-q', '--within', f'{job.cap}s', '--events', f'{tmp}/log', *words, '--', *called],
                self.environment(tmp), job.cap + SPARE_S)
            if not (tmp / 'log').exists():
                raise Wrong(f'nslab ended with {status}: {output.strip()}')
            log = Log(tmp / 'log', port_of(job))
        return row_of(job, log, status, output)


def shell_bare(command):
    """The command without what stands in quotes."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", '', command)


def log_check(job, log, status, output):
    """Did the lab do what the scenario is about?"""
    if log.ended_ns is None or log.result == 'error' or (log.exit is None and not log.overdue):
        raise Wrong(f'nslab ended with {status}: {log.error or output.strip()}')
    if log.begun_ns is None and job.scenario != FIN:
        raise Wrong(f'nothing was lost, and the program ended with {log.exit}: {output.strip()}')
    if job.scenario == READ and log.retransmits and not job.setting.name:  # a setting may make it write
        raise Wrong('the request had not been acknowledged')
    if job.scenario == WRITE and log.retransmits == 0 and log.ended_ns - log.begun_ns > 1e9:
        raise Wrong('nothing was written')


def printed_of(client, output):
    """The lines that tell, without what differs from run to run."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not line.startswith('nslab: ')]
    lines = [line for line in lines if re.search(client.keep, line)]
    return [re.sub(r'0x[0-9a-f]{6,}', '0x…', line)[:300] for line in lines[-client.tail:]]


def row_of(job, log, status, output):
    log_check(job, log, status, output)
    begun = log.ended_ns if log.begun_ns is None else log.begun_ns
    return results.Measured(
        client=job.client.id, scenario=job.scenario, setting=job.setting.name,
        lab=shlex.join(lab_words(job)), command=command_of(job), config=job.setting.config, cap_s=job.cap,
        hangs=log.overdue, took_ms=round((log.ended_ns - begun) / 1e6), exit=-1 if log.overdue else log.exit,
        printed='\n'.join(printed_of(job.client, output)), syns=log.syns, retransmits=log.retransmits,
        probes=log.probes, fins=log.fins)


# ---- what there is ----

def programs_build(work, clients):
    """http-get by Go and HttpGet by Java, where they are asked for and there is a compiler; nothing is fetched."""
    target = work / 'bin'
    target.mkdir()
    caches = {name: str(work / 'go') for name in ('GOCACHE', 'GOPATH', 'GOTMPDIR')}
    (work / 'go').mkdir()
    go = os.environ | caches | {'GO111MODULE': 'off', 'GOPROXY': 'off', 'GOTOOLCHAIN': 'local', 'GOENV': 'off',
                                'GOFLAGS': '', 'CGO_ENABLED': '0'}
    builds = [('go-http', ['go', 'build', '-o', str(target / 'http-get'), 'main.go'], PROGRAMS / 'http-get', go),
              ('java-httpclient', ['javac', '-d', str(target), 'HttpGet.java'], PROGRAMS, None)]
    for client, words, folder, environment in builds:
        if client in clients and shutil.which(words[0]):
            subprocess.run(words, cwd=folder, env=environment, check=True, timeout=600)


def clients_split(clients, runner):
    """Versions of those that are there, reasons for those that are not."""
    versions, missing = {}, {}
    environment = runner.environment(runner.work)
    for client in clients:
        path = environment['PATH']
        if not shutil.which(client.program, path=path):
            missing[client.id] = f'{client.program} is not installed'
            continue
        try:
            output, status = runner.run(shlex.split(client.version), environment, 60)
        except OSError as error:
            output, status = str(error), 1
        version = re.search(r'\d+\.\d+[\w.]*', output)
        if status or not version:
            missing[client.id] = f'"{client.version}" fails: {output.strip().splitlines()[-1:]}'
            continue
        versions[client.id] = version[0].rstrip('.')
        if client.talk == 'ssh' and runner.run(['python3', '-c', 'import paramiko'], environment, 60)[1]:
            missing[client.id] = 'its server needs python3-paramiko'
    return versions, missing


def system_name():
    try:
        return platform.freedesktop_os_release()['PRETTY_NAME']
    except OSError:
        return platform.system()


def about(client_id, version, nslab):
    return results.About(client=client_id, version=version, date=time.strftime('%Y-%m-%d', time.gmtime()),
                         kernel=platform.release(), system=system_name(), nslab=nslab)


# ---- all of them ----

def measure_all(jobs, runner, width):
    """Rows and failures; those that may take longest begin."""
    rows, failures = {}, {}

    def one(job):
        try:
            rows[job.name] = runner.measure(job)
            failures.pop(job.name, None)
            print(f'{results.time_text(rows[job.name]):>8}  {job.name}', file=sys.stderr)
        except Wrong as wrong:
            failures[job.name] = wrong
            if not runner.over:
                print(f'FAILED    {job.name}: {wrong}', file=sys.stderr)

    longest = sorted(jobs, key=lambda job: (bool(job.setting.name), -job.cap, job.scenario in (HEALS, ICMP, FIN)))
    with ThreadPoolExecutor(width) as pool:
        try:
            list(pool.map(one, longest))
            list(pool.map(one, [job for job in jobs if job.name in failures]))
        except BaseException:
            runner.stop()
            raise
    return [rows[job.name] for job in jobs if job.name in rows], failures


def options_read(words):
    try:
        options, rest = getopt.getopt(words, 'j:c:o:lh')
        options = dict(options)
        width, cap = int(options.get('-j', 12)), int(options.get('-c', 0))
        if not 1 <= width <= 64 or not 0 <= cap <= 3600:
            raise ValueError
    except (getopt.GetoptError, ValueError):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    if '-h' in options:
        print(__doc__)
        sys.exit(0)
    return options, width, cap, rest


def main(words):
    options, width, cap, rest = options_read(words)
    jobs = jobs_chosen(rest, cap)
    if '-l' in options:
        print('\n'.join(job.name for job in jobs))
        return 0
    nslab = os.environ.get('NSLAB') or sys.exit('measure: NSLAB has to name the program')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix='clients.') as folder:
        work = pathlib.Path(folder)
        runner = Runner(os.path.abspath(nslab), work)
        clients = [c for c in table.CLIENTS if any(job.client is c for job in jobs)]
        programs_build(work, [client.id for client in clients])
        versions, missing = clients_split(clients, runner)
        for client, why in missing.items():
            print(f'skipped {client}: {why}', file=sys.stderr)
        version = runner.run([runner.nslab, 'version'], runner.environment(work), 60)[0].split()[1]
        rows, failures = measure_all([job for job in jobs if job.client.id not in missing], runner, width)
    # what is told of a client is measured with one version, all of it
    missing |= {name.split('/')[0]: 'see above' for name in failures}
    abouts = [about(client, text, version) for client, text in versions.items() if client not in missing]
    rows = [row for row in rows if row.client not in missing]
    if not rows and not failures:
        print('measure: nothing could be measured', file=sys.stderr)
        return 77
    if '-o' in options:
        results.merge(options['-o'], abouts, rows, whole=not any('/' in word for word in rest))
    else:
        sys.stdout.write(results.text(abouts, rows))
    for name, wrong in failures.items():
        print(f'not measured: {name}: {wrong}', file=sys.stderr)
    return 1 if failures else 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
