#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The scenarios' marks 'program:': each scenario has one or says why not, a program of one's own can be run in each of
# them, and it comes into the spot that the scenario is about. NSLAB names nslab.
# shellcheck disable=SC2317 # it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/frame.sh"
skip_without_namespaces
command -v python3 >/dev/null || skip "there is no python3"
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# marked HOST: the scenarios that have a mark for this host
marked() {
	grep -l "^  - program: $1" "$here"/../../scenarios/*/*.yaml | xargs sed -n 's/^name: //p'
}

# exec_into OUT ERR ARG…: nslab exec, again where other programs have kept the lab from being on time
exec_into() {
	local out=$1 err=$2 status

	shift 2
	for _ in 1 2 3; do
		status=0
		"$NSLAB" exec "$@" >"$out" 2>"$err" </dev/null || status=$?
		if [ "$status" != 125 ] || ! grep -q 'the machine was too busy' "$err"; then
			break
		fi
	done
	return "$status"
}

# sees WORDS SCENARIO ARG…: what spot.py prints there, a regular expression for all of it
sees() {
	local want=$1 name=$2

	shift 2
	exec_into "$work/out" "$work/err" "$name" --within 40s -- python3 "$here/spot.py" "$@" || true
	grep -qxE -- "$want" "$work/out" || {
		echo "$name, spot.py $*: expected $want, observed:"
		cat "$work/out" "$work/err"
		return 1
	}
}

each_has_a_mark_or_says_why_not() {
	local file

	for file in "$here"/../../scenarios/*/*.yaml; do
		grep -q "^  - program: " "$file" && continue
		grep -q "^# no 'program:': " "$file" || {
			echo "$file has neither a mark nor a reason"
			return 1
		}
	done
}

# one that is over in a second, whatever happens
a_client=(timeout -k 1 0.6 bash -c 'exec 3<>/dev/tcp/server/8080 && echo a long request >&3 && read -r <&3')
a_server=(python3 "$here/spot.py" server)

# try_one NAME PROGRAM…: the program says how it ended; what is wrong on the lab's side says nslab
try_one() {
	local name=$1 status=0

	shift
	exec_into /dev/null "$work/$name" "$name" --within 40s --events "$work/$name.log" -- "$@" || status=$?
	if [ "$status" -gt 124 ] || ! grep -q '^nslab: the program ended with exit [0-9]* after' "$work/$name"; then
		echo "$name: exit status $status"
		cat "$work/$name"
		return 1
	fi
	# it came into its spot, and did something there
	grep -qE '"type":"packet"' "$work/$name.log" || [ "$name" = dial-ports-exhausted ]
}

# a few at a time
in_each_a_program_runs() {
	local name status=0

	for name in $(marked server); do
		try_one "$name" "${a_server[@]}" &
	done
	for name in $(marked client); do
		while [ "$(jobs -r | wc -l)" -ge 6 ]; do
			wait -n || status=1
		done
		try_one "$name" "${a_client[@]}" &
	done
	while [ "$(jobs | wc -l)" -gt 0 ]; do
		wait -n || status=1
	done
	return "$status"
}

dials_end_as_they_do_there() {
	sees 'timeout after 1\.[0-9]+' dial-syn-dropped dial server 8080 1
	sees 'ECONNREFUSED after 0\.[0-4][0-9]*' dial-refused dial server 8080
	sees 'ECONNREFUSED after 0\.[0-4][0-9]*' dial-reject-reset dial server 8080
	sees 'EHOSTUNREACH after 0\.[0-4][0-9]*' dial-reject-icmp dial server 8002
	sees 'EHOSTUNREACH after .*' dial-no-neighbour dial server 8080
	sees 'EHOSTUNREACH after 0\.[0-4][0-9]*' conn-icmp-soft-error dial server 8001
}

ports_are_taken_there() {
	sees 'EADDRNOTAVAIL after 0\.[0-4][0-9]*' dial-ports-exhausted dial server 8080
	sees 'EADDRNOTAVAIL after 0\.[0-4][0-9]*' time-wait-client-ports dial server 8080
	sees EADDRINUSE time-wait-bind-in-use bind 8080
}

# by the first retry, once the path is open, or there is room
dials_heal() {
	sees 'connected after [12]\.[0-9]+' dial-heals dial server 8080
	sees 'connected after [12]\.[0-9]+' dial-connlimit dial server 8080
	sees 'connected after [12]\.[0-9]+' dial-backlog-full dial server 8080
}

connections_end_as_they_do_there() {
	sees 'ECONNRESET after .*' conn-reset-injected talk server 8080
	sees 'ECONNRESET after .*' dial-backlog-reset talk server 8080
	sees 'ETIMEDOUT after .*' conn-peer-vanishes-on-write talk server 8080
	sees 'timeout after [3]\.[0-9]+' conn-peer-vanishes-on-read talk server 8080 3
	sees 'answer after .*' dial-ok talk server 8080
}

# the built-in client dials when the program listens, however long that takes
servers_are_in_their_spot() {
	sees 'ECONNRESET' close-rst-linger serve
	sees 'EPIPE' close-peer-keeps-writing serve
	sees 'timeout' close-rst-lost serve
}

both_sides_dial() {
	sees 'connected after [01]\.[0-9]+' dial-simultaneous-open dial server 5000 5 4000
}

# a server that forgets to close, and one that does not
leaks_are_found() {
	local status=0

	"$NSLAB" exec close-wait-leak --expect 'state != CLOSE-WAIT' -- python3 "$here/spot.py" leak \
		>"$work/out" 2>"$work/err" </dev/null || status=$?
	[ "$status" = 1 ] || {
		echo "a leak: exit status $status"
		cat "$work/out" "$work/err"
		return 1
	}
	grep -qE '^nslab: expected state != CLOSE-WAIT, observed CLOSE-WAIT: .*:8080 ← ' "$work/err"
	"$NSLAB" exec close-wait-leak --expect 'state != CLOSE-WAIT' -- python3 "$here/spot.py" server \
		>"$work/out" 2>"$work/err" </dev/null
}

# steps of the built-in endpoints before the mark have to come to what they say
what_stands_first_is_judged() {
	local status=0

	sed 's/^  - program: client/  - check: {seen: {segment: rst}, at: client, count: 1}\n&/' \
		"$here/../../scenarios/dial/ok.yaml" >"$work/spoilt.yaml"
	"$NSLAB" exec "$work/spoilt.yaml" -- touch "$work/ran" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = 125 ] && [ ! -e "$work/ran" ]
	grep -qE '^nslab: line [0-9]+, before the program: check seen .*: expected count 1, observed count 0' "$work/err"
	grep -q '^nslab: the scenario did not come as far as the program' "$work/err"
}

a_second_mark_is_refused() {
	sed 's/^  - program: client/&\n&/' "$here/../../scenarios/dial/ok.yaml" >"$work/twice.yaml"
	if "$NSLAB" validate "$work/twice.yaml" >"$work/out" 2>&1; then
		return 1
	fi
	grep -q "a second mark 'program:'; the first is at line [0-9]" "$work/out"
}

no_mark_is_told() {
	"$NSLAB" exec time-wait-fin-timeout-myth -- true 2>"$work/err"
	tr -s '[:space:]' ' ' <"$work/err" >"$work/out"
	grep -qE "has no mark 'program:': the program started before line [0-9]+, dial server:8080 .* as before" "$work/out"
}

one_case "$@"
each_case each_has_a_mark_or_says_why_not in_each_a_program_runs dials_end_as_they_do_there ports_are_taken_there \
	dials_heal connections_end_as_they_do_there servers_are_in_their_spot both_sides_dial leaks_are_found \
	what_stands_first_is_judged a_second_mark_is_refused no_mark_is_told
