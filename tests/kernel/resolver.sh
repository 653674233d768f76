#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs in a host that do not read /etc/hosts: they resolve the lab's names by DNS, and that is seen by
# nobody. NSLAB names nslab.
# shellcheck disable=SC2317 # it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# shellcheck source-path=SCRIPTDIR
. "$here/frame.sh"
skip_without_namespaces
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ask=$here/../support/ask

# run STATUS ARG…: nslab exec ends with that status
run() {
	ends "$1" "$NSLAB" exec "${@:2}"
}

# steps STATUS: a scenario from stdin, behind its head, ends with that status; its log is in $work/log
steps() {
	local want=$1 status=0

	{
		printf 'name: resolver\ntitle: t\nstory: s\nremedy: r\n'
		cat
	} >"$work/resolver.yaml"
	"$NSLAB" run "$work/resolver.yaml" --events "$work/log" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$want" ] || {
		echo "exit status $status instead of $want"
		cat "$work/out" "$work/err"
		return 1
	}
}

# same FILE: it is what stdin says
same() {
	diff - "$work/$1"
}

# no_packet: the log has none; what is over lo is no packet of a lab
no_packet() {
	! grep '"type":"packet"' "$work/log"
}

names_without_etc_hosts() {
	local how

	for how in udp tcp; do
		[ "$how" = tcp ] || how=
		# shellcheck disable=SC2086 # none or one word
		run 0 --set ip=4 -q --events "$work/log" dial-ok -- "$ask" $how client/A server/A SerVer./A fw/A server/AAAA \
			server/MX server/ANY nobody/A www.server/A 10.0.2.2/PTR 10.0.1.2/PTR fd00:0:0:2::2/PTR \
			10.0.9.9/PTR localhost/A 127.0.0.1/PTR ./A
		same out <<'END'
client A NOERROR 10.0.1.1
server A NOERROR 10.0.2.2
SerVer. A NOERROR 10.0.2.2
fw A NOERROR 10.0.1.2
server AAAA NOERROR
server MX NOERROR
server ANY NOERROR 10.0.2.2
nobody A NXDOMAIN
www.server A NXDOMAIN
10.0.2.2 PTR NOERROR server
10.0.1.2 PTR NOERROR fw
fd00:0:0:2::2 PTR NXDOMAIN
10.0.9.9 PTR NXDOMAIN
localhost A NOERROR 127.0.0.1
127.0.0.1 PTR NOERROR localhost
. A NXDOMAIN
END
		no_packet
	done
}

in_the_case_s_families() {
	run 0 --set ip=6 -q dial-ok -- "$ask" server/A server/AAAA fd00:0:0:2::2/PTR 10.0.2.2/PTR localhost/AAAA
	same out <<'END'
server A NOERROR
server AAAA NOERROR fd00:0:0:2::2
fd00:0:0:2::2 PTR NOERROR server
10.0.2.2 PTR NXDOMAIN
localhost AAAA NOERROR ::1
END
	run 0 -q dial-happy-eyeballs -- "$ask" server/A server/AAAA
	same out <<'END'
server A NOERROR 10.0.2.2
server AAAA NOERROR fd00:0:0:2::2
END
}

# each host by the address that is nearest to who asks; in several hosts at once
in_every_host() {
	steps 0 <<END
steps:
  - server: {run: ["$ask", fw/A], id: far, background: true}
  - client: {run: ["$ask", fw/A], id: near, background: true}
  - await: far
    expect: {output: "^fw A NOERROR 10.0.2.1$"}
  - await: near
    expect: {output: "^fw A NOERROR 10.0.1.2$"}
  - fw: {run: ["$ask", fw/A, client/A]}
    expect: {output: "client A NOERROR 10.0.1.1$"}
END
	no_packet
}

# the C library's own, without /etc/hosts; what is unknown it says at once
by_the_c_library() {
	run 0 -q --set ip=4 dial-ok -- getent -s hosts:dns ahostsv4 server
	grep -q '^10\.0\.2\.2 ' "$work/out"
	run 0 -q --set ip=6 dial-ok -- getent -s hosts:dns ahostsv6 server
	grep -q '^fd00:0:0:2::2 ' "$work/out"
	run 0 -q --set ip=4 dial-ok -- getent -s hosts:dns hosts 10.0.2.2
	grep -q '^10\.0\.2\.2 *server$' "$work/out"
	run 2 -q --set ip=4 dial-ok -- getent hosts nobody
	# not known, which is another thing than that nobody could be asked
	run 0 -q --set ip=4 dial-ok -- python3 -c '
import socket
try:
    socket.getaddrinfo("nobody", 80)
except socket.gaierror as e:
    print(e.errno == socket.EAI_NONAME)'
	[ "$(cat "$work/out")" = True ]
}

by_dig() {
	command -v dig >/dev/null || return 0
	run 0 -q --set ip=4 dial-ok -- sh -c 'dig +short server; dig +short +tcp fw; dig +short -x 10.0.2.2
dig +bufsize=4096 +dnssec +short client; dig server aaaa | grep -c "status: NOERROR.*"; dig nobody | grep -o "status: [A-Z]*"'
	same out <<'END'
10.0.2.2
10.0.1.2
server.
10.0.1.1
1
status: NXDOMAIN
END
}

by_node() {
	command -v node >/dev/null || return 0
	cat >"$work/ask.js" <<'END'
const dns = require('dns').promises;
const failed = (e) => e.code;
(async () => {
	console.log(await dns.resolve4('server'));
	console.log(await dns.resolvePtr('2.1.0.10.in-addr.arpa'));
	console.log(await dns.resolve6('server').catch(failed), await dns.resolve4('nobody').catch(failed));
})();
END
	run 0 -q --set ip=4 dial-ok -- node "$work/ask.js"
	same out <<'END'
[ '10.0.2.2' ]
[ 'fw' ]
ENODATA ENOTFOUND
END
}

whatever_it_is_asked() {
	cat >"$work/hostile.py" <<'END'
import os, random, socket, struct, subprocess, sys
server, ask = ('127.0.0.53', 53), sys.argv[1]
random.seed(7)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
good = bytes.fromhex('123401000001000000000000') + b'\6server\0\0\1\0\1'
for i in range(3000):
    text = bytearray(good)
    for _ in range(random.randrange(4)):
        text[random.randrange(len(text))] = random.randrange(256)
    udp.sendto(bytes(text[:random.randrange(len(text) + 1)]), server)
for text in b'', b'\0', b'\xff' * 60000, good[:12] + b'\xc0\x0c\0\1\0\1', bytes(9000):
    udp.sendto(text, server)
# more connections than it keeps, none of which ever says anything; or half a length, or a long one
idle = []
for i in range(200):
    idle.append(socket.create_connection(server, 5))
    idle[-1].sendall((b'', b'\0', b'\xff\xff', b'\0\x0c' + bytes(12))[i % 4])
said = subprocess.run([ask, 'server/A'], capture_output=True, text=True, check=True).stdout
said += subprocess.run([ask, 'tcp', 'server/A'], capture_output=True, text=True, check=True).stdout
assert said == 'server A NOERROR 10.0.2.2\n' * 2, said
# the oldest are gone: their end comes, behind an answer or not, or a reset
for s in idle[:100]:
    s.settimeout(5)
    try:
        while s.recv(100):
            pass
    except ConnectionResetError:
        pass
END
	run 0 -q --set ip=4 --events "$work/log" dial-ok -- python3 "$work/hostile.py" "$ask"
	no_packet
}

# A name server of somebody's own finds port 53 free, on whichever addresses, and programs find ours beside it.
port_53_is_free() {
	cat >"$work/server.py" <<'END'
import socket
for address in '0.0.0.0', '127.0.0.1', '10.0.1.2', '::', '::1', '127.0.0.53':
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
        with socket.socket(family, kind) as s:
            s.bind((address, 53))
            if kind == socket.SOCK_STREAM:
                s.listen()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('', 53))
print('ready', flush=True)
while True:
    text, whom = udp.recvfrom(512)
    udp.sendto(text[:2] + b'\x81\x83' + text[4:6] + b'\0\0\0\0\0\0' + text[12:-11 if text[11] else None], whom)
END
	steps 0 <<END
topology:
  hosts: {client: {}, server: {sysctl: {net.ipv4.ip_unprivileged_port_start: 0}}}
  links: [client -- server]
steps:
  - server: {run: [python3, "$work/server.py"], background: true, ready: {line: ready}}
  - client: {run: ["$ask", "at=10.0.1.2", client/A]}
    expect: {output: "^client A NXDOMAIN$"}
  - server: {run: ["$ask", client/A]}
    expect: {output: "^client A NOERROR 10.0.1.1$"}
  - server: {run: ["$ask", "at=127.0.0.1", client/A]}
    expect: {output: "^client A NXDOMAIN$"}
END
}

# what a host's own firewall does with packets, and what it remembers of them, is about wires
no_fault_meets_it() {
	steps 0 <<END
faults:
  nothing-leaves: {at: client, match: {protocol: udp}, action: drop}
  wall: {at: client, conntrack: {established: 5s}, action: drop}
steps:
  - client: {run: ["$ask", server/A, fw/A]}
    expect: {output: "fw A NOERROR 10.0.1.2"}
  - client: {run: ["$ask", tcp, server/A]}
    expect: {output: "server A NOERROR 10.0.2.2"}
  - check: {fault: nothing-leaves, hits: 0}
  - check: {fault: wall, hits: 0}
  - check: {conntrack: {}, at: client, count: 0}
END
	no_packet
}

after_a_reboot() {
	steps 0 <<END
steps:
  - server: {run: ["$ask", client/A]}
    expect: {output: "NOERROR 10.0.1.1$"}
  - host: {reboot: server}
  - server: {run: ["$ask", client/A]}
    expect: {output: "NOERROR 10.0.1.1$"}
  - host: {reboot: server}
  - host: {reboot: server}
  - server: {run: ["$ask", tcp, client/A]}
    expect: {output: "NOERROR 10.0.1.1$"}
  - client: {run: ["$ask", server/A]}
    expect: {output: "NOERROR 10.0.2.2$"}
END
}

# a scenario's own name server is the one that programs ask, along its wires and through its firewalls
the_scenario_s_name_server() {
	local ip

	for ip in 4 6; do
		run 0 -q --set ip=$ip --fault-off dns-dropped --events "$work/log" dial-dns-blackhole -- getent ahosts www
		grep -q "^$([ $ip = 4 ] && echo 10.0.2.2 || echo fd00:0:0:2::2) " "$work/out"
		grep -q '"type":"packet"' "$work/log"
		run 2 --set ip=$ip dial-dns-blackhole -- getent ahosts www
		# timeout and attempts of its lookup: the default is 5 s
		grep -qE 'ended with exit 2 after 2(\.[0-9]+)? s' "$work/err"
		grep -qE 'dns-dropped dropped [24] packets' "$work/err"
	done
	run 0 -q --set ip=4 dial-dns-blackhole -- cat /etc/resolv.conf
	same out <<'END'
# made by nslab: the scenario's name servers
nameserver 10.0.3.2
options timeout:1 attempts:2
END
}

which_name_servers_those_are() {
	steps 0 <<END
topology:
  hosts: {client: {}, fw: {}, a: {}, b: {}, c: {}, d: {}}
  links: [client -- fw, fw -- a, fw -- b, fw -- c, fw -- d]
steps:
  - c: {serve: dns}
  - a: {serve: dns, on: 5353}
  - b: {serve: dns}
  - client: {run: [sh, -c, "sed 1d /etc/resolv.conf | paste -sd ,"]}
    expect: {output: "^nameserver 10.0.4.2,nameserver 10.0.3.2$"}
  - b: {run: ["$ask", client/A]}
    expect: {output: "NOERROR 10.0.1.1$"}
  - check: {seen: {protocol: udp, dport: 53}, at: c, count: 2}
END
	# one at another port is none that a resolv.conf could name
	steps 0 <<END
steps:
  - server: {serve: dns, on: 5353}
  - client: {run: [sed, 1d, /etc/resolv.conf]}
    expect: {output: "^nameserver 127.0.0.53$"}
  - client: {run: ["$ask", server/A]}
    expect: {output: "NOERROR 10.0.2.2$"}
END
}

# a lab that stays: programs come from outside, and go in and out
in_a_lab_that_stays() {
	export XDG_RUNTIME_DIR=$work/run
	mkdir -m 700 "$XDG_RUNTIME_DIR"
	trap '"$NSLAB" down --all >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
	"$NSLAB" up --set ip=4 dial-ok >/dev/null
	run 0 -q dial-ok:server -- "$ask" fw/A nobody/A
	same out <<'END'
fw A NOERROR 10.0.2.1
nobody A NXDOMAIN
END
	run 0 -q dial-ok:client -- "$ask" tcp fw/A 10.0.2.2/PTR
	run 0 -q dial-ok:client -- "$ask" fw/A
	same out <<<'fw A NOERROR 10.0.1.2'
	"$NSLAB" down dial-ok >/dev/null
}

one_case "$@"
each_case names_without_etc_hosts in_the_case_s_families in_every_host by_the_c_library by_dig by_node \
	whatever_it_is_asked port_53_is_free no_fault_meets_it after_a_reboot the_scenario_s_name_server \
	which_name_servers_those_are in_a_lab_that_stays
