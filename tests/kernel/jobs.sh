#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cases side by side: the same results in the same order as one after another, nothing interleaved, and
# one that dies, or a signal, harms no other. NSLAB names the program.
# shellcheck disable=SC2317 # it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/frame.sh"
skip_without_namespaces
work=$(mktemp -d)
front=
trap '[ -z "$front" ] || kill -KILL "$front" 2>/dev/null || true; rm -rf "$work"' EXIT

# a scenario of two cases that only waits, for the time given
waiting() {
	cat >"$work/waiting.yaml" <<END
name: waiting
title: Nothing but time passes
story: A wait.
remedy: None.
ip: [4, 6]
steps:
  - wait: $1
END
}

# runs LOG: "name result expectations" of each run; fails where a run does not lie in one piece
runs() {
	python3 - "$1" <<'END'
import json, sys

run = None
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r['type'] == 'begin':
        assert run is None, f"{r['name']} begins inside {run[0]}"
        run = [r['name'], 0, 0]
    assert run, 'a record outside of any run'
    if r['type'] == 'expectation':
        run[1 if r['met'] else 2] += 1
    if r['type'] == 'end':
        print(run[0], r['result'], run[1], run[2])
        run = None
assert run is None, f'{run} has no end'
END
}

# together LOG: the greatest number of runs that were under way at the same time
together() {
	python3 - "$1" <<'END'
import json, sys

edges = []
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r['type'] == 'begin':
        start = r['wall_ns']
    if r['type'] == 'end':
        edges += [(start, 1), (start + r['t_ns'], -1)]
most = now = 0
for _, step in sorted(edges):
    now += step
    most = max(most, now)
print(most)
END
}

same_results_in_the_same_order() {
	"$NSLAB" run --tag close --tag smoke -j 1 -q --events "$work/one" >/dev/null
	"$NSLAB" run --tag close --tag smoke -q --events "$work/many" >/dev/null
	runs "$work/one" >"$work/one.runs"
	runs "$work/many" >"$work/many.runs"
	[ "$(wc -l <"$work/one.runs")" -gt 3 ]
	diff "$work/one.runs" "$work/many.runs"
}

as_many_as_asked_for() {
	waiting 500ms
	"$NSLAB" run "$work/waiting.yaml" --repeat 3 -j 1 -q --events "$work/log" >/dev/null
	[ "$(together "$work/log")" = 1 ]
	"$NSLAB" run "$work/waiting.yaml" --repeat 3 -j 2 -q --events "$work/log" >/dev/null
	[ "$(together "$work/log")" = 2 ]
	"$NSLAB" run "$work/waiting.yaml" --repeat 3 -q --events "$work/log" >/dev/null
	[ "$(together "$work/log")" -gt 2 ]
}

more_jobs_than_the_window_holds() {
	waiting 1ms
	"$NSLAB" run "$work/waiting.yaml" --set ip=4 --repeat 300 -q --events "$work/log" >"$work/out"
	grep -q '^300 passed, 0 failed' "$work/out"
	[ "$(runs "$work/log" | sort | uniq -c | awk '{ print $1 }')" = 300 ]
}

workers() {
	# shellcheck disable=SC2009 # pgrep has no such question
	ps -o pid= --ppid "$front" | wc -l
}

at_least() {
	[ "$($1)" -ge "$2" ]
}

a_signal_ends_them_all() {
	local status=0

	waiting 30s
	"$NSLAB" run "$work/waiting.yaml" --repeat 4 -q --events "$work/log" >/dev/null 2>&1 &
	front=$!
	until_true at_least workers 8
	kill -TERM "$front"
	wait "$front" || status=$?
	front=
	[ "$status" = 143 ]
	# each of them says how it ended
	runs "$work/log" >"$work/runs"
	[ "$(grep -c ' interrupted ' "$work/runs")" = 8 ]
}

one_that_is_killed_harms_no_other() {
	local status=0 victim

	waiting 1500ms
	"$NSLAB" run "$work/waiting.yaml" --repeat 3 -q --events "$work/log" >/dev/null 2>&1 &
	front=$!
	until_true at_least workers 6
	# not the first: its log waits in memory
	victim=$(ps -o pid= --ppid "$front" | sed -n '4p')
	kill -KILL "$victim"
	wait "$front" || status=$?
	front=
	[ "$status" = 3 ]
	runs "$work/log" >"$work/runs"
	[ "$(grep -c ' passed ' "$work/runs")" = 5 ]
	[ "$(grep -c ' error ' "$work/runs")" = 1 ]
}

bad_numbers_are_refused() {
	local n status

	for n in 0 -1 257 many ''; do
		status=0
		"$NSLAB" run dial-ok -j "$n" >/dev/null 2>"$work/err" || status=$?
		[ "$status" = 2 ]
		grep -q "expected a number from 1 to 256" "$work/err"
	done
}

# An expectation that holds whatever happens is found: here one on nothing but the clock's tolerance.
prove_finds_what_is_weak() {
	local status=0

	cat >"$work/weak.yaml" <<'END'
name: weak
title: The fault does not matter
story: It never meets a packet.
remedy: None.
faults:
  idle: {at: fw, match: {from: client, protocol: udp}, action: drop}
steps:
  - server: {listen: 8080, serve: discard}
  - client: {dial: "server:8080", as: conn}
END
	"$NSLAB" prove "$work/weak.yaml" >"$work/out" || status=$?
	[ "$status" = 1 ]
	grep -q '^WEAK     weak: passes without its faults$' "$work/out"
	grep -q '^0 of 1 cases proven' "$work/out"
	"$NSLAB" prove dial-refused -q >"$work/out"
	grep -q '^2 of 2 cases proven' "$work/out"
}

one_case "$@"
each_case same_results_in_the_same_order as_many_as_asked_for more_jobs_than_the_window_holds \
	a_signal_ends_them_all one_that_is_killed_harms_no_other bad_numbers_are_refused prove_finds_what_is_weak
