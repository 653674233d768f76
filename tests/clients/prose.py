# SPDX-License-Identifier: GPL-2.0-or-later
"""What the page says beside its numbers."""

LEAD = '''A firewall drops a SYN; a server loses its power in the middle of a connection; a FIN is lost. How long does a
program hang that nobody has given a timeout, and what does it print? Measured with real programs, with nothing but
their defaults and the kernel's, each in a lab of its own.'''

KERNEL = '''A program without a timeout of its own waits for the kernel's, and there are three:

- **A SYN** without an answer is sent again, after pauses that double. `net.ipv4.tcp_syn_retries` (6) stands for the 127 s
  that six retries take; then connect() fails with ETIMEDOUT. Since Linux 6.5 the first five pauses are of one second
  (`net.ipv4.tcp_syn_linear_timeouts`): SYNs go at 0, 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 s, and the 127 s are over when
  the next would go, at 131 s, or some seconds later, as long timers of the kernel's are (`nslab run
  dial-kernel-gives-up`). When a firewall opens, nothing happens before the next SYN.
- **Data** that is not acknowledged is sent again for as long as `net.ipv4.tcp_retries2` (15) stands for: 924.6 s, and
  up to the next retransmission, so that ETIMEDOUT comes after a quarter of an hour or a bit more (not measured here:
  `nslab show conn-peer-vanishes-on-write`). `TCP_USER_TIMEOUT` is the same for one socket.
- **Who only waits** sends nothing, so nothing can be missing, and no timer runs: for ever. TCP keepalive is off until a
  program asks for it (`SO_KEEPALIVE`); its first probe then goes after `net.ipv4.tcp_keepalive_time` (7200 s), eight more
  follow every 75 s, which is two hours and eleven minutes (not measured). The programs above that end sooner set times
  of their own. These sysctls switch nothing on.'''

ORPHAN = '''A lost FIN holds up no program: close() and exit() return at once. The kernel goes on alone, in FIN-WAIT-1, for as
long as `net.ipv4.tcp_orphan_retries` (0, which stands for 8) says: here {fins} FINs, and then it forgot the connection,
{time} after the first. It is the server that hangs, until it has a timeout or keepalive of its own
(`nslab show close-fin-lost`).'''

METHOD = '''## How it was measured

    ./dev clients             # all of it, a quarter of an hour
    ./dev clients curl ssh    # only these; the rest of the page stays

runs each line once, in a lab of its own, by `nslab exec --unpinned`, so that the hosts have the sysctls with which this
kernel begins, and takes time, status and packets from the event log. By hand, where nslab is installed:

    nslab exec --unpinned dial-syn-dropped -- curl -sS http://server:8080/
    nslab exec --unpinned dial-reject-icmp -- curl -sS http://server:8007/

The other columns need a server that answers, which is `tests/clients/stub.py`, in the labs of `tests/clients/labs`:

    nslab exec --unpinned tests/clients/labs/vanish-on-read.yaml -- curl -sS http://server:8080/

- The stub speaks as much of HTTP, RESP, PostgreSQL's protocol and, by paramiko, SSH as the client has to hear until the
  server vanishes, and leaves it to the client to close. The packets, and who gives up when, are two real kernels'.
- *vanishes, client writes*: behind the handshake the request is lost, and from then on everything is. ssh and psql have
  to be answered first; they write when the session stands and the server has vanished.
- *vanishes, client waits*: the server has acknowledged the request before everything is lost; a measurement in
  which the client sends it again does not count.
- Programs have an empty home and no configuration. The server's name has one address, of IPv4. Where it has several,
  see `nslab show dial-happy-eyeballs`.
- Every result, with its lab: [how-long-does-it-hang.tsv](how-long-does-it-hang.tsv).'''.split('\n')

# by client: why it takes so long, and what is good to know
WHY = {
    'curl': [
        'curl has a timeout for dialling, 300 s (`--connect-timeout`): the kernel is faster.',
        'Nothing bounds an answer. curl switches TCP keepalive on, with 60 s to the first probe and between any two '
        '(`--keepalive-time`): with nine probes that makes 600 s (not measured). It rests while a request is '
        'unacknowledged.',
        'In a script `--connect-timeout` alone is not enough: the last two columns need `--max-time`, or `--speed-limit` '
        'and `--speed-time`, which let a long download live.',
    ],
    'wget': [
        'A dial that timed out is tried again, 20 times (`--tries`), with pauses of 1, 2, 3 … 10 s: with the kernel\'s '
        'timeout that is more than 45 minutes (not measured), and `--timeout=3` alone leaves minutes.',
        'An answer is waited for 900 s (`--read-timeout`), then asked for again (not measured).',
    ],
    'ssh': [
        '`TCPKeepAlive yes` is the default, but with the kernel\'s 7200 s. Only `ServerAliveInterval` makes ssh ask the '
        'server itself; it gives up when `ServerAliveCountMax` (3) questions are unanswered.',
        '`ConnectTimeout` also bounds what ssh and its server say to each other first.',
    ],
    'psql': [
        'All of these are words of libpq\'s connection string, so whatever uses libpq takes them; `PGCONNECT_TIMEOUT` in '
        'the environment is `connect_timeout`.',
        'libpq switches TCP keepalive on, but with the kernel\'s 7200 s, unless `keepalives_idle` says something else. It '
        'helps while psql waits, and `tcp_user_timeout` when it has written: a client needs both.',
    ],
    'redis-cli': [
        'redis-cli asks for TCP keepalive, the first probe after 15 s and then every 5 s, and gives up after three.',
        'It has no timeout for dialling in this version, and it dials twice: count the SYNs.',
    ],
    'git': [
        'git has no timeout for dialling. `http.lowSpeedLimit` and `http.lowSpeedTime` count only when the '
        'connection stands; in the environment as `GIT_HTTP_LOW_SPEED_LIMIT` and `GIT_HTTP_LOW_SPEED_TIME`.',
        'libcurl\'s keepalive is on: a first probe after 60 s, as with curl.',
    ],
    'python-urllib': [
        'The timeout is None: `socket.setdefaulttimeout()` is the same for a whole program. It bounds each call of the '
        'socket, not the request: a server that sends a byte now and then is waited for.',
    ],
    'python-requests': [
        'No timeout by default, and `timeout=(3, 30)` has one for dialling and one for each read. '
        'They bound each read, not the request.',
    ],
    'node-fetch': [
        'fetch has a timeout for dialling, 10 s, so a firewall that opens after 12 s comes too late; and one of 300 s for '
        'the headers of an answer (undici\'s `connect.timeout` and `headersTimeout`).',
        'It asks for TCP keepalive, too, after 60 s: ten probes, one each second.',
        'A signal counts from the moment it is made, before the first packet.',
    ],
    'node-http': [
        'Since Node 19 the default agent keeps connections, and asks for TCP keepalive after one second: ten probes, one '
        'each second, find a server that has vanished. They rest while the request is unacknowledged.',
        '`timeout` alone ends nothing: it emits an event, and somebody has to call `destroy()`.',
        'A signal without a listener for "error" ends the program without a word, and with status 0.',
    ],
    'go-http': [
        '`http.DefaultTransport` dials with a timeout of 30 s, and with keepalive every 30 s, nine times: 300 s until a '
        'server that has vanished is noticed.',
        'A plain `net.Dial` has no timeout (`dial-syn-dropped`).',
    ],
    'java-httpclient': [
        'The client has no timeouts, and it dials twice: count the SYNs.',
        '`connectTimeout` says nothing about the answer. The timeout of HttpRequest covers both, and counts from send(), '
        'before the first packet.',
        'Where the kernel gives up, the exception has no text.',
    ],
    'nginx': [
        'Whoever asks the proxy gets 504 Gateway Timeout after 60 s: `proxy_connect_timeout`, `proxy_read_timeout`. '
        '`proxy_send_timeout` is not what ends an unacknowledged request: that one is written, as far as nginx knows.',
        'The exit status is that of the curl that asks, which has no timeout; what it prints is the answer\'s.',
    ],
    'haproxy': [
        'HAProxy has no timeouts of its own, and warns where there are none. These are those of Debian\'s haproxy.cfg: '
        '`timeout connect 5000`, `timeout client 50000`, `timeout server 50000`. A dial is tried three times more '
        '(`retries`), so whoever asks gets 503 after four times `timeout connect`; 504 after `timeout server`.',
        'A dial that was refused is repeated, too, after a second.',
        'It keeps its connection to the server, so no FIN is sent.',
    ],
}
