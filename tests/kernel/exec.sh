#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nslab exec: a program of one's own in a scenario's place. NSLAB names nslab.
# shellcheck disable=SC2016,SC2317 # shells inside expand what they get; it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/frame.sh"
skip_without_namespaces
work=$(mktemp -d)
front=
trap '[ -z "$front" ] || kill -KILL "$front" 2>/dev/null || true; rm -rf "$work"' EXIT
FLOOD=${NSLAB_TEST_FLOOD:-1000000000}

# run STATUS ARG…: nslab exec ends with that status
run() {
	ends "$1" "$NSLAB" exec "${@:2}"
}

its_exit_status_is_ours() {
	run 0 dial-ok -- true
	run 5 dial-ok -- sh -c 'exit 5'
	run 143 dial-ok -- sh -c 'kill -TERM $$'
	says err 'exit 143: Terminated'
	PATH=/usr/bin:/bin run 127 dial-ok -- there-is-no-such-program
	says err 'there-is-no-such-program: not found'
	run 126 dial-ok -- /etc/hosts
}

bad_usage_is_told() {
	run 2 dial-ok
	says err 'give a scenario and a program'
	run 2 dial-okk -- true
	says err "did you mean 'dial-ok'"
	run 2 --on nobody dial-ok -- true
	says err 'has no such host'
	run 2 --fault-off nothing dial-syn-dropped -- true
	says err 'it has syn-dropped'
	run 2 --within soon dial-ok -- true
	says err 'expected a duration'
	run 2 --expect nothing dial-ok -- true
	says err 'expected exit=N'
	run 2 --expect 'state != CLOSEWAIT' dial-ok -- true
	says err "'CLOSEWAIT' is no state of TCP"
	run 2 --expect 'fault nothing hits 1' dial-syn-dropped -- true
	says err "dial-syn-dropped\[ip=4\] has no fault 'nothing'"
	run 2 "${BASH_SOURCE[0]%/*}/gone" -- true
	says err 'give one'
}

time_over() {
	run 124 --within 300ms --events "$work/log" dial-ok -- sh -c "trap '' TERM; while :; do sleep 0.05; done"
	says err 'was ended after [0-9.]+ m?s: its time was over'
	# by then, and never before
	python3 - "$work/log" <<'END'
import json, sys
end = [r for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'step-end' and r['text'].startswith('program ')]
assert len(end) == 1 and end[0]['error'] == 'deadline' and end[0]['took_ns'] >= 300000000, end
END
}

a_client_that_hangs() {
	run 28 dial-syn-dropped -- curl -sS --max-time 1.5 http://server:8080/
	says err 'never connected, 2 SYNs'
	says err 'syn-dropped dropped 2 packets'
	run 0 --expect exit=28 dial-syn-dropped -- curl -sS --max-time 1 http://server:8080/
	run 1 --expect exit=0 dial-syn-dropped -- curl -sS --max-time 1 http://server:8080/
	says err 'expected exit=0, observed exit status 28'
}

a_client_that_is_refused() {
	run 7 dial-refused -- curl -sS http://server:8080/
	says err 'refused after'
}

without_the_fault_it_does_not() {
	run 0 --fault-off syn-dropped dial-syn-dropped -- \
		bash -c 'exec 3<>/dev/tcp/server/8080 && echo connected'
	says out '^connected$'
	says err 'connected after'
}

# the scenario's later steps go on beside it, and wait for what they name
the_path_heals_meanwhile() {
	run 0 dial-heals -- bash -c 'exec 3<>/dev/tcp/server/8080 && echo connected'
	says err 'connected after 1(\.[0-9]+)? s, 2 SYNs'
	says err 'syn-dropped dropped 1 packet$'
}

# several at once, of its exit, its connections and the faults
what_it_came_to_is_expected() {
	run 0 --expect exit=28 --expect 'state != SYN-SENT|CLOSE-WAIT' --expect 'fault syn-dropped hits >= 1' \
		dial-syn-dropped -- curl -sS --max-time 1 http://server:8080/
	run 1 --expect exit=28 --expect 'fault syn-dropped hits 0' dial-syn-dropped -- \
		curl -sS --max-time 1 http://server:8080/
	says err 'expected fault syn-dropped hits 0, observed [1-9]'
	# one that has failed by itself says how
	run 28 --expect 'fault syn-dropped hits 0' dial-syn-dropped -- curl -sS --max-time 1 http://server:8080/
	# states are sampled: it has to last until somebody has looked
	run 0 --expect 'state = ESTABLISHED' dial-ok -- bash -c \
		'exec 3<>/dev/tcp/server/8080 && "$NSLAB" wait "socket client to server:8080 state ESTABLISHED"'
	run 1 --expect 'state = ESTABLISHED' dial-refused -- bash -c '! true <>/dev/tcp/server/8080' 2>/dev/null
	says err 'expected state = ESTABLISHED, observed CLOSED: .* → .*:8080'
	# its time being over is how a server ends
	run 0 --within 1s --expect exit=124 --expect 'state != SYN-SENT' dial-ok -- sleep 9
	run 1 --within 1s --expect exit=124 --expect 'state != SYN-SENT' dial-syn-dropped -- \
		bash -c 'exec 3<>/dev/tcp/server/8080'
	says err 'expected state != SYN-SENT, observed SYN-SENT: .* → .*:8080'
}

a_topology_without_a_scenario() {
	cat >"$work/lab.yaml" <<'END'
topology:
  hosts: {left: {}, fw: {}, right: {}}
  links: [left -- fw, fw -- right: {delay: 40ms}]
faults:
  lost: {at: fw, match: {from: left, segment: syn, dport: 8081}, action: drop}
END
	run 0 --topology "$work/lab.yaml" -- getent ahosts right
	says out '^10\.'
	# it is on the first host, and the link takes its time, there and back
	run 7 --topology "$work/lab.yaml" -- curl -sS http://right:8080/
	says err 'refused after (8[0-9]|9[0-9]|[1-9][0-9][0-9])(\.[0-9]*)? ms'
	run 28 --topology "$work/lab.yaml" -- curl -sS --max-time 1 http://right:8081/
	says err 'lost dropped [1-9] packets?'
	run 7 --topology "$work/lab.yaml" --on fw -- curl -sS http://right:8081/
}

bad_topologies_are_told() {
	run 2 --topology "$work/lab.yaml" -- true
	says err 'there is no such file'
	run 2 --topology "$work/lab.yaml"
	says err 'give a topology and a program'
	printf 'faults: {}\n' >"$work/lab.yaml"
	run 2 --topology "$work/lab.yaml" -- true
	says err 'topology'
	printf 'hosts: {a: {}, b: {}}\nlinks: [a -- b]\n' >"$work/lab.yaml"
	run 2 --topology "$work/lab.yaml" -- true
	says err "lab.yaml:1:1: 'hosts' belongs below 'topology:'"
	printf 'topology:\n  hosts: {a: {}, b: {}}\n  links: [a -- b]\nsteps: []\n' >"$work/lab.yaml"
	run 2 --topology "$work/lab.yaml" -- true
	says err "lab.yaml:4:1: 'steps' belongs to a scenario"
	says err 'leave out --topology'
	printf 'topology:\n  hosts: {a: {}, b: {}}\n  links: [a -- c]\n' >"$work/lab.yaml"
	run 2 --topology "$work/lab.yaml" -- true
	says err "lab.yaml:3:.*unknown host 'c'"
	printf 'topology:\n  hosts: {a: {}, b: {}}\n  links: [a -- b]\n' >"$work/lab.yaml"
	run 2 --topology "$work/lab.yaml" --on c -- true
	says err 'has no such host'
}

# built-in clients wait until it listens
a_server_comes_before_its_clients() {
	run 0 --on server dial-ok -- python3 -c '
import socket, time
time.sleep(0.3)
s = socket.socket()
s.bind(("", 8080))
s.listen()
print(s.accept()[0].recv(5).decode())'
	says out '^hello$'
	says err ':8080 ← .* accepted after'
}

both_families() {
	run 0 --set ip=6 dial-ok -- getent ahosts server
	says out '^fd00:'
	run 0 --set ip=4 dial-ok -- getent ahosts server
	says out '^10\.'
}

# with the lab's sysctls, or the kernel's own
its_sysctls() {
	run 0 dial-ok -- cat /proc/sys/net/ipv4/tcp_no_metrics_save
	says out '^1$'
	run 0 --unpinned dial-ok -- cat /proc/sys/net/ipv4/tcp_no_metrics_save
	says out '^0$'
}

it_is_oneself_in_ones_own_place() {
	local uid

	uid=$(id -u)
	(cd "$work" && NSLAB_TEST_WORD=hello run 0 dial-ok -- sh -c 'id -u; pwd; echo $NSLAB_TEST_WORD; cat')
	[ "$(cat "$work/out")" = "$uid"$'\n'"$work"$'\n'hello ]
	[ "$(echo through | "$NSLAB" exec dial-ok -q -- cat)" = through ]
	run 0 dial-ok -- grep NoNewPrivs /proc/self/status
	says out '1$'
	[ "$uid" = 0 ] || {
		run 0 dial-ok -- grep CapEff /proc/self/status
		says out '0000000000000000$'
	}
}

# A real sudo, whose file of rules is ours in a mount namespace only. The program is its caller's, who gains nothing.
through_sudo() {
	local into=(unshare -m bash -c 'mount --bind "$0" /etc/sudoers && exec setpriv --reuid="$1" --regid="$2" --init-groups sudo -n "${@:3}"')

	[ "$(id -u)" = 0 ] && command -v sudo >/dev/null || return 0
	printf '%s\n' 'root ALL=(ALL:ALL) ALL' 'nobody ALL=(ALL:ALL) NOPASSWD: ALL' >"$work/rules"
	chmod 440 "$work/rules"
	chmod 711 "$work"
	into+=("$work/rules" nobody "$(id -g nobody)")
	ends 7 "${into[@]}" "$NSLAB" exec dial-ok -- sh -c \
		'id -u; id -g; echo "$USER $LOGNAME $HOME"; grep -E "^Cap(Prm|Eff|Amb):.*[^0:[:space:]]" /proc/self/status; exit 7'
	[ "$(cat "$work/out")" = "$(printf '%s\n' "$(id -u nobody)" "$(id -g nobody)" "nobody nobody $(getent passwd nobody | cut -d: -f6)")" ]
	ends 0 "${into[@]}" "$NSLAB" up dial-ok --as "sudo-$$" -q
	ends 0 "${into[@]}" "$NSLAB" exec "sudo-$$:client" -q -- id -un
	says out '^nobody$'
	ends 0 "${into[@]}" "$NSLAB" down "sudo-$$"
}

it_has_the_terminal() {
	command -v script >/dev/null || return 0
	script -qec "stty cols 91 rows 17; '$NSLAB' exec dial-ok -q -- sh -c 'stty size </dev/tty; test -t 0 && echo a terminal'" \
		/dev/null </dev/null | tr -d '\r' >"$work/out"
	says out '^17 91$'
	says out '^a terminal$'
}

interrupts_are_for_it() {
	local status=0 pid

	# as a terminal does it: to the whole process group
	# (a shell's background job would begin with SIGINT ignored)
	python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.setsid()
open(sys.argv[1] + "/pid", "w").write(str(os.getpid()))
os.execv(sys.argv[2], ["nslab", "exec", "dial-ok", "-q", "--", "sh", "-c",
                       "trap \"exit 9\" INT; echo ready; while :; do sleep 0.05; done"])' \
		"$work" "$NSLAB" >"$work/out" 2>&1 &
	front=$!
	until_true grep -q ready "$work/out"
	pid=$(cat "$work/pid")
	kill -INT -- "-$pid"
	wait "$front" || status=$?
	front=
	[ "$status" = 9 ]
}

signals_are_passed_on() {
	local status=0

	"$NSLAB" exec dial-ok -q -- sh -c 'trap "exit 8" TERM; echo ready; while :; do sleep 0.05; done' >"$work/out" 2>&1 &
	front=$!
	until_true grep -q ready "$work/out"
	kill -TERM "$front"
	wait "$front" || status=$?
	front=
	[ "$status" = 8 ]
}

nothing_is_left() {
	run 0 dial-ok -- sh -c 'setsid sleep 3141 & setsid sleep 3142 & exit 0'
	until_true gone 'sleep 3141'
	until_true gone 'sleep 3142'
	"$NSLAB" exec dial-ok -q -- sh -c 'echo ready; exec sleep 3143' >"$work/out" 2>&1 &
	front=$!
	until_true grep -q ready "$work/out"
	kill -KILL "$front"
	wait "$front" || true
	front=
	until_true gone 'sleep 3143'
}

a_flood_passes() {
	[ "$("$NSLAB" exec dial-ok -q -- head -c "$FLOOD" /dev/zero | wc -c)" = "$FLOOD" ]
}

one_that_closes_its_stdio() {
	run 3 dial-ok -- sh -c 'exec <&- >&- 2>&-; sleep 0.1; exit 3'
}

a_reboot_ends_it() {
	cat >"$work/reboot.yaml" <<'END'
name: reboot
title: a server that reboots under its program
story: It does.
remedy: None.
topology:
  hosts: {client: {}, server: {}}
  links: [client -- server]
ip: 4
steps:
  - program: server
  - client: {dial: "server:8080", as: conn, deadline: 2s, background: true}
  - check: {seen: {segment: syn, from: client}, at: server, count: 1, within: 20s}
  - host: {reboot: server}
  - wait: 10s
END
	# it, and what it has left behind
	run 137 "$work/reboot.yaml" -- sh -c 'setsid sleep 3144 & exec python3 -m http.server 8080 --bind 0.0.0.0'
	until_true gone 'sleep 3144'
}

its_log_makes_reports() {
	run 28 dial-syn-dropped --events "$work/log" -- curl -sS --max-time 1 http://server:8080/
	"$NSLAB" report --ladder "$work/log" >"$work/ladder"
	says ladder 'SYN'
	says ladder 'program curl'
	"$NSLAB" report --html "$work/page" --pcapng "$work/pcapng" "$work/log"
}

one_case "$@"
each_case its_exit_status_is_ours bad_usage_is_told time_over a_client_that_hangs a_client_that_is_refused \
	without_the_fault_it_does_not the_path_heals_meanwhile what_it_came_to_is_expected \
	a_topology_without_a_scenario bad_topologies_are_told a_server_comes_before_its_clients both_families its_sysctls it_is_oneself_in_ones_own_place \
	through_sudo it_has_the_terminal interrupts_are_for_it signals_are_passed_on nothing_is_left a_flood_passes \
	one_that_closes_its_stdio a_reboot_ends_it its_log_makes_reports
