#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Labs that stay: nslab up, ps, shell, exec LAB:HOST, fault, link, state, wait, watch, down, and run
# --keep-on-failure. NSLAB names nslab.
# shellcheck disable=SC2016,SC2317 # shells inside expand what they get; it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/frame.sh"
skip_without_namespaces
tests=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
work=$(mktemp -d)
back=
# a runtime directory of our own: nobody else's labs are met, and none of ours is left
export XDG_RUNTIME_DIR=$work/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
end() {
	[ -z "$back" ] || kill -KILL "$back" 2>/dev/null || true
	"$NSLAB" down --all >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap end EXIT

# run STATUS COMMAND ARG…: nslab ends with that status
run() {
	ends "$1" "$NSLAB" "${@:2}"
}

# holder LAB: the process that holds it, by what its socket says
holder() {
	python3 - "$XDG_RUNTIME_DIR/nslab/$1" <<'END'
import socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print(struct.unpack('iII', s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
END
}

# alive PID: and no zombie that the machine's init has yet to reap
alive() {
	[ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat"
}

connects='exec 3<>/dev/tcp/server/8080 && echo connected'

it_stands_until_it_is_told() {
	local pid

	run 0 up dial-syn-dropped
	says out '^dial-syn-dropped stands: client 10\.'
	run 0 ps
	says out '^dial-syn-dropped +dial-syn-dropped\[ip=4\] .*client fw server; syn-dropped on$'
	run 0 ps --json
	python3 -c 'import json, sys; lab, = json.load(open(sys.argv[1])); assert lab["faults"][0]["hits"] == 0, lab' "$work/out"
	[ "$(stat -c %a "$XDG_RUNTIME_DIR/nslab")" = 700 ]
	pid=$(holder dial-syn-dropped)
	alive "$pid"
	run 0 exec dial-syn-dropped:client -q -- sh -c 'setsid sleep 3151 & setsid sleep 3152 & exit 0'
	run 0 down
	not alive "$pid"
	gone 'sleep 3151'
	gone 'sleep 3152'
	[ -z "$(ls -A "$XDG_RUNTIME_DIR/nslab")" ]
	run 0 ps
	[ ! -s "$work/out" ]
	run 2 down
	says err 'no lab stands'
	run 2 down dial-syn-dropped
	says err 'no lab called dial-syn-dropped stands'
}

names_are_taken_once() {
	run 0 up dial-ok --as one
	run 2 up dial-ok --as one
	says err 'a lab called one stands already'
	run 0 up dial-ok
	run 0 ps
	says out '^dial-ok '
	says out '^one '
	run 2 exec :client -- true
	says err '2 labs stand: dial-ok, one'
	run 2 fault off x
	says err '2 labs stand'
	run 2 up dial-ok --as .hidden
	says err 'is no name for a lab'
	run 2 up dial-ok --as ../etc
	run 2 up dial-ok --as "$(printf 'a%.0s' {1..64})"
	run 0 down --all
	run 0 ps
	[ ! -s "$work/out" ]
}

labs_do_not_meet() {
	run 0 up dial-syn-dropped --as one -q
	run 0 up dial-syn-dropped --as two -q
	run 0 fault off syn-dropped --lab one
	run 0 exec one:client -q -- bash -c "$connects"
	run 28 exec two:client -q -- curl -sS --max-time 0.3 http://server:8080/
	run 0 ps
	says out '^one .*syn-dropped off$'
	says out '^two .*syn-dropped on$'
	run 0 down one
	run 28 exec two:client -q -- curl -sS --max-time 0.3 http://server:8080/
	run 0 down two
}

a_visitor_is_oneself() {
	local uid

	uid=$(id -u)
	run 0 up dial-ok -q
	(cd "$work" && NSLAB_TEST_WORD=hello run 0 exec dial-ok:client -q -- sh -c 'id -u; pwd; echo $NSLAB_TEST_WORD')
	[ "$(cat "$work/out")" = "$uid"$'\n'"$work"$'\n'hello ]
	[ "$(echo through | "$NSLAB" exec :client -q -- cat)" = through ]
	run 0 exec :client -q -- sh -c 'getent hosts server; grep NoNewPrivs /proc/self/status; ls /proc | grep -c "^[0-9]"'
	says out '^10\.0\.2\.2 +server'
	says out '^NoNewPrivs:.1$'
	[ "$(tail -1 "$work/out")" -lt 10 ] # of the lab's processes, not of the machine's
	[ "$uid" = 0 ] || {
		run 0 exec :client -q -- grep CapEff /proc/self/status
		says out '0000000000000000$'
	}
	run 5 exec :client -q -- sh -c 'exit 5'
	run 137 exec :client -q -- sh -c 'kill -KILL $$'
	run 127 exec :client -q -- ./there-is-no-such-program
	says err 'not found'
	run 126 exec :client -q -- /etc/hosts
	run 2 exec dial-ok:nobody -q -- true
	says err "there is no host 'nobody'; there are: client fw server"
	run 2 exec --seed 3 dial-ok:client -- true
	says err 'in a lab that stands only'
	run 124 exec --within 200ms :client -q -- sh -c "trap '' TERM; while :; do sleep 0.05; done"
	run 0 exec --expect exit=7 :client -q -- sh -c 'exit 7'
	run 1 exec --expect exit=7 :client -q -- true
	# what is no status of the program's meets nothing
	run 2 exec --expect 'exit != 0' dial-ok:nobody -q -- true
	run 127 exec --expect exit=127 :client -q -- ./there-is-no-such-program
	run 3 exec :client -q -- sh -c 'exec <&- >&- 2>&-; sleep 0.05; exit 3'
	[ "$("$NSLAB" exec :client -q -- head -c 50000000 /dev/zero | wc -c)" = 50000000 ]
	run 0 down
}

nobody_gains_privileges() {
	run 0 up dial-ok -q
	if [ "$(id -u)" = 0 ]; then
		cp /usr/bin/id "$work/id"
		chmod 4755 "$work/id"
		chmod 755 "$work"
		SUDO_UID=61357 SUDO_GID=61357 run 0 exec :client -q -- \
			sh -c "id -u; '$work/id' -u; grep CapEff /proc/self/status"
		[ "$(head -2 "$work/out")" = 61357$'\n'61357 ]
		says out '0000000000000000$'
	else
		# mounting and raw sockets take root in the lab, which a visitor is not
		run 0 exec :client -q -- python3 -c '
import socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
    print("raw")
except PermissionError:
    print("refused")'
		says out '^refused$'
	fi
	run 0 down
}

its_connections_are_summed_up() {
	run 0 up dial-syn-dropped -q
	run 28 exec :client -- curl -sS --max-time 1.5 http://server:8080/
	says err 'the program ended with exit 28'
	says err 'never connected, 2 SYNs'
	says err 'syn-dropped dropped 2 packets'
	run 0 fault off syn-dropped
	run 0 exec :client -- bash -c "$connects"
	says out '^connected$'
	says err 'connected after'
	not grep -q 'syn-dropped dropped' "$work/err" # only what happened meanwhile
	run 0 down
}

a_shell_has_the_terminal() {
	run 0 up dial-ok -q
	cat >"$work/terminal.py" <<'END'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def wait_for(text):
    seen = b''
    while text not in seen:
        seen += os.read(fd, 4096)
    return seen
for word in os.environ['TYPED'].split('|'):
    wanted, typed = word.split('>')
    wait_for(wanted.encode())
    os.write(fd, typed.encode().decode('unicode_escape').encode())
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
	# ^C ends what runs in the shell, and the shell goes on
	printf '#!/bin/sh\nexec bash --rcfile %s/rc -i\n' "$work" >"$work/shell"
	echo "PS1='ready> '" >"$work/rc"
	chmod +x "$work/shell"
	SHELL=$work/shell TYPED='ready>sh -c "echo be""gun; exec sleep 60"\n|begun>\x03|ready>test -t 0 && exit 7\n' \
		timeout 20 python3 "$work/terminal.py" "$NSLAB" shell -q client >"$work/out" 2>&1 && status=0 || status=$?
	[ "$status" = 7 ] || {
		cat "$work/out"
		echo "status $status"
		return 1
	}
	TYPED='begun>\x03' timeout 20 python3 "$work/terminal.py" "$NSLAB" exec :client -q -- sh -c 'echo begun; exec sleep 60' &&
		status=0 || status=$?
	[ "$status" = 130 ]
	run 0 down
}

a_killed_holder_takes_all_along() {
	local pid status=0

	run 0 up dial-ok -q
	pid=$(holder dial-ok)
	"$NSLAB" exec :client -- sh -c 'echo ready; exec sleep 3153' >"$work/out" 2>"$work/err" &
	back=$!
	until_true grep -q ready "$work/out"
	kill -KILL "$pid"
	wait "$back" || status=$?
	back=
	[ "$status" = 137 ]
	says err 'the lab has ended'
	until_true gone 'sleep 3153'
	# its socket is still there, and nobody serves it
	[ -S "$XDG_RUNTIME_DIR/nslab/dial-ok" ]
	run 0 ps
	[ ! -s "$work/out" ]
	[ ! -e "$XDG_RUNTIME_DIR/nslab/dial-ok" ]
	run 0 up dial-ok -q
	pid=$(holder dial-ok)
	kill -KILL "$pid"
	until_true eval '! alive '"$pid"
	run 0 up dial-ok -q
	run 0 down
}

a_stopped_holder_can_be_ended() {
	local pid

	run 0 up dial-ok -q
	pid=$(holder dial-ok)
	kill -STOP "$pid"
	run 0 down
	says err 'did not end by itself, and was killed'
	not alive "$pid"
	run 0 ps
	[ ! -s "$work/out" ]
}

a_killed_visitor_takes_its_program_along() {
	run 0 up dial-ok -q
	"$NSLAB" exec :client -q -- sh -c 'echo ready; exec sleep 3154' >"$work/out" 2>&1 &
	back=$!
	until_true grep -q ready "$work/out"
	kill -KILL "$back"
	wait "$back" || true
	back=
	until_true gone 'sleep 3154'
	run 0 exec :client -q -- true
	run 0 down
}

# at any moment, whoever builds a lab may be killed: then it stands and has a name, or it is gone
killed_on_its_way() {
	local bin=$work/nslab-$$ i

	cp "$NSLAB" "$bin"
	for i in $(seq 40); do
		"$bin" up dial-ok -q >/dev/null 2>&1 &
		back=$!
		read -rt "$(printf '0.%03d' $((i * 7)))" <> <(:) || true
		kill -KILL "$back" 2>/dev/null || true
		wait "$back" 2>/dev/null || true
		back=
		"$NSLAB" down >/dev/null 2>&1 || true
		until_true gone "$bin up dial-ok -q"
	done
	run 0 ps
	[ -z "$(ls -A "$XDG_RUNTIME_DIR"/nslab/ 2>/dev/null)" ]
}

orphans_are_reaped() {
	run 0 up dial-ok -q
	run 0 exec :client -q -- sh -c 'for i in $(seq 50); do (setsid true &); done'
	no_zombies() {
		[ "$("$NSLAB" exec :client -q -- sh -c 'grep -l ") Z " /proc/[0-9]*/stat 2>/dev/null | wc -l')" = 0 ]
	}
	until_true no_zombies
	run 0 down
}

from_inside() {
	run 0 exec dial-syn-dropped -q -- bash -c '
		"$NSLAB" state --json >state.json
		(exec 3<>/dev/tcp/server/8080 && echo connected) &
		"$NSLAB" wait "fault syn-dropped hits >= 1" --within 5s &&
		"$NSLAB" wait "socket client to server:8080 state SYN-SENT" &&
		"$NSLAB" fault off syn-dropped &&
		"$NSLAB" wait "socket server:8080 to client state ESTABLISHED|CLOSE-WAIT" &&
		wait $! && rm state.json'
	says out '^connected$'
	run 0 exec dial-ok -q -- sh -c '"$NSLAB" down; echo $?; "$NSLAB" exec :server -- true; echo $?'
	says err 'down is not for programs inside the lab'
	says err 'not for programs inside a lab'
}

conditions() {
	run 0 up dial-syn-dropped -q
	run 0 wait 'socket server:8080 state LISTEN'
	run 0 wait 'socket client:1 state CLOSED'
	run 0 wait 'socket server:8080 state != ESTABLISHED'
	run 0 wait 'fault syn-dropped hits 0'
	run 1 wait --within 30ms 'socket server:8080 state ESTABLISHED'
	says err 'not within 30 ms: expected socket server:8080 state ESTABLISHED, observed .*LISTEN'
	run 1 wait --within 30ms 'socket server:8080 state != LISTEN'
	run 1 wait --within 30ms 'fault syn-dropped hits >= 1'
	says err 'observed hits 0'
	run 2 wait 'weather fine'
	says err "'weather fine' is no condition; expected"
	run 2 wait 'socket nobody:8080 state LISTEN'
	says err "there is no host 'nobody'"
	run 2 wait 'socket server:99999 state LISTEN'
	says err 'is no port'
	run 2 wait 'socket server state LISTENING'
	says err 'is no TCP state; there are: CLOSED LISTEN'
	run 2 wait 'socket server state'
	run 2 wait 'socket server LISTEN'
	run 2 wait 'fault nothing hits 1'
	run 2 wait 'fault syn-dropped hits many'
	says err 'is no comparison'
	run 2 wait 'fault syn-dropped hits 1 2 3'
	run 2 wait "socket $(printf 'a%.0s' {1..500}) state LISTEN"
	run 2 wait
	run 2 wait --within soon 'fault syn-dropped hits 1'
	run 0 down
}

links() {
	run 0 up dial-ok -q
	run 0 link down client fw
	run 28 exec :client -q -- curl -sS --max-time 0.3 http://server:8080/
	run 0 link down client fw
	run 0 link up client -- fw
	run 0 exec :client -q -- bash -c "$connects"
	run 2 link down client server
	says err 'there is no link between client and server'
	run 2 link down client nobody
	run 2 link down client
	says err 'is no link; expected two hosts'
	run 2 link sideways client fw
	run 0 down
}

faults() {
	run 0 up dial-syn-dropped -q --fault-off syn-dropped
	run 0 exec :client -q -- bash -c "$connects"
	run 0 fault on syn-dropped
	run 0 fault on syn-dropped
	run 28 exec :client -q -- curl -sS --max-time 0.3 http://server:8080/
	run 0 state
	says out '^server +LISTEN '
	says out '^fault syn-dropped at fw is on: drop syn .*; [12] hits$'
	run 2 fault off nothing
	says err "there is no fault 'nothing'; there is: syn-dropped"
	run 2 fault maybe syn-dropped
	run 2 up dial-syn-dropped --as other --fault-off nothing
	run 0 down
}

watching() {
	run 0 up dial-syn-dropped -q
	"$NSLAB" watch -q --events "$work/log" --html "$work/page" --pcapng "$work/pcapng" &
	back=$!
	until_true grep -qs '"type":"begin"' "$work/log"
	run 28 exec :client -q -- curl -sS --max-time 0.3 http://server:8080/
	run 0 fault off syn-dropped
	until_true grep -q '"type":"fault"' "$work/log"
	run 0 down
	wait "$back"
	back=
	python3 - "$work/log" <<'END'
import json, sys
types = [json.loads(line)['type'] for line in open(sys.argv[1])]
assert types[:2] == ['begin', 'built'] and types[-1] == 'end', types
assert 'packet' in types and 'hit' in types, types
END
	"$NSLAB" report --ladder "$work/log" >"$work/ladder"
	says ladder 'SYN'
	grep -q syn-dropped "$work/page"
}

# after many connections that are over, those that come are still watched
states_of_the_hundredth_connection() {
	sed -e '/^name:/s/:.*/: served/' "$tests/../../scenarios/dial/ok.yaml" | sed '/^steps:/,$d' >"$work/served.yaml"
	printf 'steps:\n  - server: {listen: 8080, serve: echo}\n  - program: client\n' >>"$work/served.yaml"
	run 0 up "$work/served.yaml" -q
	"$NSLAB" watch -q --events "$work/log" &
	back=$!
	until_true grep -qs '"type":"begin"' "$work/log"
	run 0 exec :client -q -- python3 -c '
import os, socket, struct, subprocess
for _ in range(300):
    # too short to be seen, mostly, and nothing is left of it
    s = socket.create_connection(("server", 8080))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
last = socket.create_connection(("server", 8080))
subprocess.run([os.environ["NSLAB"], "wait", "socket client state ESTABLISHED"], check=True)
print(last.getsockname()[1])'
	last() {
		grep '"type":"state"' "$work/log" | grep "\"local\":\"10.0.1.1:$(cat "$work/out")\"" | grep -q '"new":"ESTABLISHED"'
	}
	until_true last
	run 0 down
	wait "$back"
	back=
}

# a capture that overflows is no reason to end a lab that somebody uses
losses_are_told() {
	local pid

	run 0 up dial-ok -q
	pid=$(holder dial-ok)
	"$NSLAB" watch -q --events "$work/log" &
	back=$!
	until_true grep -qs '"type":"begin"' "$work/log"
	"$NSLAB" exec :client -q -- python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(400000):
    s.sendto(b"x", ("10.0.2.2", 9))
' < <(until_true grep -qs ready "$work/flood" && kill -STOP "$pid" && echo) >"$work/flood"
	kill -CONT "$pid"
	until_true grep -q '"type":"note".*the capture at host .* lost [0-9]* packets' "$work/log"
	run 0 exec :client -q -- bash -c "$connects"
	run 0 down
	wait "$back"
	back=
}

programs_inside_leave_room() {
	run 0 up dial-ok -q
	"$NSLAB" exec :client -q -- python3 -c '
import socket, time
crowd = []
for _ in range(150):
    s = socket.socket(socket.AF_UNIX)
    s.connect("\0nslab")
    crowd.append(s)
print("ready", flush=True)
time.sleep(60)' >"$work/crowd" 2>&1 &
	back=$!
	until_true grep -q ready "$work/crowd"
	run 0 state
	run 0 down
	wait "$back" || true
	back=
}

# the name server that nslab gives a host with programs is nobody's socket
our_own_sockets_are_not_among_them() {
	run 0 up dial-ok -q
	run 0 exec :client -q -- getent hosts server
	run 0 state client
	not grep -q '^client' "$work/out"
	run 0 wait --within 2s 'socket client state CLOSED'
	run 0 down
}

a_reboot_ends_visitors() {
	sed -e '/^name:/s/:.*/: reboots/' "$tests/../../scenarios/dial/ok.yaml" | sed '/^steps:/,$d' >"$work/reboots.yaml"
	cat >>"$work/reboots.yaml" <<'END'
steps:
  - program: client
  - check: {seen: {segment: syn, from: client}, at: server, count: 1, within: 60s}
  - host: {reboot: server}
END
	run 0 up "$work/reboots.yaml" -q
	"$NSLAB" exec :server -q -- sh -c 'setsid sleep 3156 & echo ready; exec sleep 3157' >"$work/ready" 2>&1 &
	back=$!
	until_true grep -q ready "$work/ready"
	run 7 exec :client -q -- curl -sS --max-time 5 http://server:8080/
	wait "$back" && status=0 || status=$?
	back=
	[ "$status" = 137 ]
	until_true gone 'sleep 3156'
	# and the host is there again, for others
	run 0 exec :server -q -- true
	run 0 down
}

a_failed_run_is_kept() {
	sed 's/error: deadline/error: none/' "$tests/../../scenarios/dial/syn-dropped.yaml" >"$work/f.yaml"
	run 1 run "$work/f.yaml" --keep-on-failure -q --events "$work/log"
	says out '^dial-syn-dropped stays: nslab shell'
	says out '^dial-syn-dropped-2 stays'
	grep -q '"type":"stands".*"lab":"dial-syn-dropped-2"' "$work/log"
	run 0 state --lab dial-syn-dropped
	says out '^fault syn-dropped .* 2 hits$'
	run 0 fault off syn-dropped --lab dial-syn-dropped
	run 0 exec dial-syn-dropped:client -q -- bash -c "$connects"
	run 0 down --all
	# what passes is not kept
	run 0 run dial-ok dial-refused --keep-on-failure -q
	run 0 ps
	[ ! -s "$work/out" ]
}

a_lab_that_cannot_stay_says_so() {
	chmod 755 "$XDG_RUNTIME_DIR"
	mkdir -p "$XDG_RUNTIME_DIR/nslab"
	chmod 755 "$XDG_RUNTIME_DIR/nslab"
	run 3 up dial-ok
	says err 'is not a folder that only you can open'
	rmdir "$XDG_RUNTIME_DIR/nslab"
	ln -s "$work" "$XDG_RUNTIME_DIR/nslab"
	run 3 up dial-ok
	says err 'is not a folder that only you can open'
	rm "$XDG_RUNTIME_DIR/nslab"
	XDG_RUNTIME_DIR=$work/nowhere run 3 up dial-ok
	says err 'cannot make the folder'
	XDG_RUNTIME_DIR=$work/$(printf 'a%.0s' {1..90}) run 3 up dial-ok
	says err 'too long'
	if [ "$(id -u)" = 0 ]; then
		mkdir -m 700 "$XDG_RUNTIME_DIR/nslab"
		chown 61357 "$XDG_RUNTIME_DIR/nslab"
		run 3 up dial-ok
		says err 'is not a folder that only you can open'
		rmdir "$XDG_RUNTIME_DIR/nslab"
	fi
	run 0 up dial-ok -q
	run 0 down
}

the_protocol() {
	run 0 up dial-syn-dropped -q
	timeout 60 python3 "$tests/control.py" "$XDG_RUNTIME_DIR/nslab/dial-syn-dropped"
	run 0 exec :client -q -- true
	run 0 down
}

others_cannot_open_it() {
	[ "$(id -u)" = 0 ] || return 0
	chmod 711 "$work" "$XDG_RUNTIME_DIR"
	run 0 up dial-ok -q
	# whoever cannot find it cannot call it
	not setpriv --reuid=61357 --regid=61357 --clear-groups test -e "$XDG_RUNTIME_DIR/nslab/dial-ok"
	setpriv --reuid=61357 --regid=61357 --clear-groups test -d "$XDG_RUNTIME_DIR/nslab"
	run 0 down
}

without_a_client_it_stands_too() {
	run 0 up conn-busy-budget -q
	run 0 state
	run 0 down
}

bad_usage_is_told() {
	run 2 up
	run 2 up dial-okk
	says err "did you mean 'dial-ok'"
	run 2 up "$tests/gone"
	run 2 shell
	run 2 shell client
	says err 'no lab stands'
	run 2 state
	run 2 watch
	run 2 ps word
	run 2 fault off syn-dropped --lab nothing
	says err 'no lab called nothing stands'
}

one_case "$@"
each_case it_stands_until_it_is_told names_are_taken_once labs_do_not_meet a_visitor_is_oneself nobody_gains_privileges \
	its_connections_are_summed_up a_shell_has_the_terminal a_killed_holder_takes_all_along \
	a_stopped_holder_can_be_ended \
	a_killed_visitor_takes_its_program_along killed_on_its_way orphans_are_reaped from_inside conditions links faults \
	watching states_of_the_hundredth_connection losses_are_told programs_inside_leave_room \
	our_own_sockets_are_not_among_them a_reboot_ends_visitors a_failed_run_is_kept a_lab_that_cannot_stay_says_so the_protocol others_cannot_open_it without_a_client_it_stands_too bad_usage_is_told
