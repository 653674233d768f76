# SPDX-License-Identifier: GPL-2.0-or-later
"""What ./dev clients measures: the scenarios, the clients, and the settings that shorten a wait.

A client is called by its command, with nothing but defaults, in each scenario; then by each of its settings. In
commands and labs $tmp is the measurement's own folder; {url} and {port} are what the scenario listens on.
"""
from typing import NamedTuple

SYN, ICMP, HEALS = 'dial-syn-dropped', 'dial-reject-icmp', 'dial-heals'
WRITE, READ, FIN = 'conn-peer-vanishes-on-write', 'conn-peer-vanishes-on-read', 'close-fin-lost'
LABS = 'tests/clients/labs'


class Scenario(NamedTuple):
    """One column of the page."""
    name: str
    head: str  # of the column
    told: str  # in a line


SCENARIOS = [
    Scenario(SYN, 'SYN dropped', 'the firewall drops every SYN'),
    Scenario(ICMP, 'rejected', 'the firewall rejects the SYN by ICMP: admin-prohibited, as firewalld does'),
    Scenario(HEALS, 'opens after 12 s', 'SYNs are dropped for 12 s, then the firewall opens and the server answers'),
    Scenario(WRITE, 'vanishes, client writes',
             'the connection stands, the peer vanishes, and what the client then sends is never acknowledged'),
    Scenario(READ, 'vanishes, client waits',
             'the server has acknowledged the request and vanishes before it answers'),
    Scenario(FIN, 'FIN lost', 'the client has its answer and closes, and its FIN is lost'),
]


class Setting(NamedTuple):
    """What shortens the wait in a scenario: how the client is called then, or a proxy's line of configuration."""
    scenario: str
    name: str
    command: str = ''
    config: str = ''
    lab: str = ''


class Client(NamedTuple):
    """name: as people know it; id: one word; program: what has to be there; version: what prints it.

    talk: protocol of the server (stub.py), port: where it listens; session: the client has to be answered before it
    can write, and this is how it is called then; proxy: how it is started as a proxy; keep: a regular expression for
    the telling lines of what it prints, of which the last ones, tail, are kept; cap: seconds in a scenario, where the
    usual 300 are too few; only: the scenarios in which it is measured without a setting, if not in all.
    """
    id: str
    name: str
    program: str
    version: str
    command: str
    talk: str = 'http'
    port: int = 8080
    session: str = ''
    typed: str = ''
    proxy: str = ''
    template: str = ''
    keep: str = ''
    tail: int = 4
    cap: dict = {}
    settings: list = []
    only: tuple = ()


def put(setting, **more):
    """The same setting in several scenarios."""
    return [Setting(scenario, setting, **more) for scenario in (SYN, WRITE, READ)]


CURL = 'curl -sS {url}'
PSQL = 'psql "host=server port={port} user=postgres dbname=postgres{more}"'
SSH = 'ssh -F none -p {port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null{more} me@server'
URLLIB = "python3 -c 'from urllib.request import urlopen; print(urlopen(\"{url}\"{more}).read())'"
REQUESTS = "python3 -c 'import requests; print(requests.get(\"{url}\"{more}).text)'"
FETCH = "node -e 'fetch(\"{url}\"{more}).then(r => r.text()).then(console.log)'"
NODE_HTTP = "node -e 'require(\"http\").get(\"{url}\", {more}r => r.pipe(process.stdout))'"
# the user of a proxy has no timeout of its own
ASK = 'curl -sS -o /dev/null -w "HTTP %{{http_code}}\\n" http://client:8081/'


def filled(command, more=''):
    return command.replace('{more}', more)


CLIENTS = [
    Client(
        'curl', 'curl', 'curl', 'curl --version', CURL,
        settings=[
            Setting(SYN, '--connect-timeout 3', 'curl -sS --connect-timeout 3 {url}'),
            *put('--max-time 5', command='curl -sS --max-time 5 {url}'),
            Setting(WRITE, '--speed-limit 1 --speed-time 5', 'curl -sS --speed-limit 1 --speed-time 5 {url}'),
            Setting(READ, '--speed-limit 1 --speed-time 5', 'curl -sS --speed-limit 1 --speed-time 5 {url}'),
            Setting(READ, '--keepalive-time 5', 'curl -sS --keepalive-time 5 {url}'),
        ]),
    Client(
        'wget', 'wget', 'wget', 'wget --version', 'wget -nv -O - {url}', keep='^(?!....-..-.. )',
        settings=[
            Setting(SYN, '--timeout=3', 'wget -nv -O - --timeout=3 {url}'),
            *put('--timeout=3 --tries=1', command='wget -nv -O - --timeout=3 --tries=1 {url}'),
        ]),
    Client(
        'ssh', 'ssh', 'ssh', 'ssh -V', filled(SSH).replace('ssh', 'ssh -n', 1) + ' tail -f log', talk='ssh', port=2222,
        session='cat "$tmp/gate" | ' + filled(SSH) + ' cat', typed='hello',
        keep='^(?!Warning: Permanently)',
        settings=[
            Setting(SYN, '-o ConnectTimeout=3',
                    filled(SSH, ' -o ConnectTimeout=3').replace('ssh', 'ssh -n', 1) + ' tail -f log'),
            Setting(WRITE, '-o ServerAliveInterval=2',
                    'cat "$tmp/gate" | ' + filled(SSH, ' -o ServerAliveInterval=2') + ' cat'),
            Setting(READ, '-o ServerAliveInterval=2',
                    filled(SSH, ' -o ServerAliveInterval=2').replace('ssh', 'ssh -n', 1) + ' tail -f log'),
        ]),
    Client(
        'psql', 'psql', 'psql', 'psql --version', filled(PSQL) + ' -c "select 1"', talk='postgres', port=5432,
        session='{{ echo "select 1;"; cat "$tmp/gate"; }} | ' + filled(PSQL), typed='select 2;',
        keep='^(psql|could|connection|server| hello)',
        settings=[
            Setting(SYN, 'connect_timeout=3', filled(PSQL, ' connect_timeout=3') + ' -c "select 1"'),
            Setting(SYN, 'tcp_user_timeout=3000', filled(PSQL, ' tcp_user_timeout=3000') + ' -c "select 1"'),
            Setting(WRITE, 'tcp_user_timeout=3000',
                    '{{ echo "select 1;"; cat "$tmp/gate"; }} | ' + filled(PSQL, ' tcp_user_timeout=3000')),
            Setting(READ, 'keepalives_idle=3 keepalives_interval=1 keepalives_count=3',
                    filled(PSQL, ' keepalives_idle=3 keepalives_interval=1 keepalives_count=3') + ' -c "select 1"'),
        ]),
    Client(
        'redis-cli', 'redis-cli', 'redis-cli', 'redis-cli --version', 'redis-cli -h server -p {port} get key',
        talk='redis', port=6379,
        settings=put('timeout 5 (coreutils)', command='timeout 5 redis-cli -h server -p {port} get key')),
    Client(
        'git', 'git over http', 'git', 'git --version', 'git ls-remote {url}project.git',
        settings=[
            *put('http.lowSpeedLimit=1 http.lowSpeedTime=5',
                 command='git -c http.lowSpeedLimit=1 -c http.lowSpeedTime=5 ls-remote {url}project.git'),
            Setting(SYN, 'timeout 5 (coreutils)', 'timeout 5 git ls-remote {url}project.git'),
        ]),
    Client(
        'python-urllib', 'Python urllib', 'python3', 'python3 --version', filled(URLLIB), keep=r'^[\w.]*Error|^b', tail=1,
        settings=put('timeout=3', command=filled(URLLIB, ', timeout=3'))),
    Client(
        'python-requests', 'Python requests', 'python3',
        "python3 -c 'import requests; print(\"requests\", requests.__version__)'", filled(REQUESTS),
        keep='^requests|^hello', tail=1,
        settings=put('timeout=3', command=filled(REQUESTS, ', timeout=3'))),
    Client(
        'node-fetch', 'Node fetch', 'node', 'node --version', filled(FETCH),
        keep=r'^\w*(Error|Exception)\b|^ *\[cause\]|^hello',
        cap={READ: 330, WRITE: 330},
        settings=put('signal: AbortSignal.timeout(3000)',
                     command=filled(FETCH, ', {{signal: AbortSignal.timeout(3000)}}'))),
    Client(
        'node-http', 'Node http', 'node', 'node --version', filled(NODE_HTTP), keep=r'^\w*Error\b|^hello',
        settings=[
            *put('signal: AbortSignal.timeout(3000)',
                 command=filled(NODE_HTTP, '{{signal: AbortSignal.timeout(3000)}}, ')),
            Setting(READ, 'timeout: 3000, and nobody listens', filled(NODE_HTTP, '{{timeout: 3000}}, ')),
            *put('timeout: 3000, and destroy() on "timeout"',
                 command=filled(NODE_HTTP, '{{timeout: 3000}}, ')[:-1] +
                 '.on("timeout", function () {{ this.destroy(new Error("timeout")) }})\''),
        ]),
    Client(
        'go-http', 'Go net/http', 'http-get', 'go version', 'http-get {url}', cap={READ: 330},
        settings=[
            Setting(SYN, 'net.Dialer{Timeout: 3 * time.Second}', 'http-get -dial 3s {url}'),
            Setting(WRITE, 'Transport.ResponseHeaderTimeout = 3 s', 'http-get -header 3s {url}'),
            Setting(READ, 'Transport.ResponseHeaderTimeout = 3 s', 'http-get -header 3s {url}'),
            *put('Client.Timeout = 3 s', command='http-get -timeout 3s {url}'),
        ]),
    Client(
        'java-httpclient', 'Java HttpClient', 'java', 'java --version', 'java HttpGet {url}',
        keep='^(Exception|hello)',
        settings=[
            Setting(SYN, '-Djdk.httpclient.disableRetryConnect=true',
                    'java -Djdk.httpclient.disableRetryConnect=true HttpGet {url}'),
            Setting(SYN, 'connectTimeout(3 s)', 'java HttpGet {url} connect=3'),
            *put('HttpRequest timeout(3 s)', command='java HttpGet {url} request=3'),
        ]),
    Client(
        'nginx', 'nginx as a proxy', 'nginx', 'nginx -v', ASK, template='nginx.conf',
        proxy='exec nginx -e stderr -p "$tmp" -c "$tmp/nginx.conf"',
        settings=[
            Setting(SYN, 'proxy_connect_timeout 3s', ASK, 'proxy_connect_timeout 3s;'),
            Setting(WRITE, 'proxy_read_timeout 3s', ASK, 'proxy_read_timeout 3s;'),
            Setting(READ, 'proxy_read_timeout 3s', ASK, 'proxy_read_timeout 3s;'),
        ]),
    Client(
        'haproxy', 'HAProxy as a proxy', 'haproxy', 'haproxy -v', ASK, template='haproxy.cfg',
        proxy='exec haproxy -db -f "$tmp/haproxy.cfg"',
        settings=[
            Setting(SYN, 'timeout connect 1s', ASK, 'timeout connect 1s'),
            Setting(SYN, 'timeout connect 1s, retries 0', ASK, 'timeout connect 1s\n\tretries 0'),
            Setting(WRITE, 'timeout server 3s', ASK, 'timeout server 3s'),
            Setting(READ, 'timeout server 3s', ASK, 'timeout server 3s'),
        ]),
    Client(
        'kernel', 'every program of a host', 'curl', 'uname -r',
        CURL + '; while grep -q " 04 " /proc/net/tcp; do sleep 0.1; done', only=(FIN,),
        settings=[
            Setting(SYN, 'net.ipv4.tcp_syn_retries=2', CURL, lab='--set syn_retries=2'),
            Setting(WRITE, 'net.ipv4.tcp_retries2=5', CURL, lab='--set retries2=5'),
            Setting(WRITE, 'net.ipv4.tcp_retries2=8', CURL, lab='--set retries2=8'),
        ]),
]


def calls(client):
    """How it is to be measured: with nothing but defaults (a setting without a name), and with each setting."""
    for scenario in SCENARIOS:
        if not client.only or scenario.name in client.only:
            yield Setting(scenario.name, '')
        yield from (setting for setting in client.settings if setting.scenario == scenario.name)
