#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reports from outside: each is made live and again from the log, and both must be the same bytes; logs
# that are none, cut, joined; who has stdout. Each case is one function; its name is what it shows.
# NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR source=frame.sh
. "$(dirname "${BASH_SOURCE[0]}")/frame.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
unset NO_COLOR NSLAB_SCENARIOS GITHUB_ACTIONS COLUMNS

# run STATUS ARG…: nslab ends with that status; its output is in $work/out and $work/err
run() {
	local want=$1 status=0

	shift
	timeout 60 "$NSLAB" "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$want" ] || {
		echo "nslab $*: exit status $status instead of $want"
		cat "$work/out" "$work/err"
		return 1
	}
}

# says FILE TEXT: it contains that text
says() {
	grep -qF -- "$2" "$work/$1" || {
		echo "expected in $1: $2"
		cat "$work/$1"
		return 1
	}
}

# a scenario that expects nothing of time: however busy the machine is, it passes
cat >"$work/plain.yaml" <<'END'
name: plain
title: t
story: s
remedy: r
ip: [4, 6]
steps:
  - server: {listen: 8080}
  - client: {dial: "server:8080", as: conn}
  - check: {socket: conn, state: ESTABLISHED, within: 5s}
END

# the reports that the program has: those to a file, those to stdout
to_file() {
	"$NSLAB" report --help | sed -n 's/^ *--\([a-z]*\) FILE .*/\1/p'
}

to_stdout() {
	"$NSLAB" report --help | sed -n 's/^ *--\([a-z]*\)  .*/\1/p' | grep -vxE 'seq|unfold'
}

# One run that passes and one that fails make all reports that go to files, and one to stdout.
same_as_live() {
	local report args=()

	for report in $(to_file); do
		args+=("--$report" "$work/live.$report")
	done
	[ ${#args[@]} -ge 2 ]
	for report in $(to_stdout); do
		run 1 run dial-ok dial-refused --set ip=4 --invert 2 "${args[@]}" "--$report"
		cp "$work/out" "$work/live"
		says err 'FAILED dial-ok[ip=4]'
		run 0 report "$work/live.events" "--$report"
		cmp "$work/out" "$work/live"
		[ -s "$work/out" ]
	done
	for report in $(to_file); do
		[ -s "$work/live.$report" ]
		run 0 report "$work/live.events" "--$report" "$work/again.$report"
		cmp "$work/again.$report" "$work/live.$report"
		run 0 report "$work/live.events" "--$report" -
		cmp "$work/out" "$work/live.$report"
		[ ! -s "$work/err" ]
	done
}

# what a person sees is the same, too, and from stdin
same_timeline() {
	run 0 run dial-syn-dropped --set ip=4 --events "$work/log"
	cp "$work/out" "$work/live"
	run 0 report "$work/log"
	cmp "$work/out" "$work/live"
	timeout 60 "$NSLAB" report - <"$work/log" >"$work/out"
	cmp "$work/out" "$work/live"
	run 0 report "$work/log" -v
	says out '✗ dropped by syn-dropped'
	LC_ALL=C run 0 report "$work/log" -v
	says out 'x dropped by syn-dropped'
	[ "$(wc -L <"$work/out")" -le 80 ]
}

joined() {
	run 0 run "$work/plain.yaml" --events "$work/one"
	run 0 run "$work/plain.yaml" --set ip=4 --events "$work/two"
	run 0 report "$work/one" "$work/two"
	[ "$(grep -c '^PASSED plain' "$work/out")" = 3 ]
	says out '3 passed, 0 failed, 0 skipped'
	cat "$work/one" "$work/two" >"$work/both"
	cp "$work/out" "$work/joined"
	run 0 report "$work/both"
	cmp "$work/out" "$work/joined"
}

no_logs() {
	local report

	run 2 report
	says err 'which log?'
	run 2 report "$work/missing"
	says err "cannot read '$work/missing': No such file or directory"
	run 0 run "$work/plain.yaml" --set ip=4 --events "$work/log"
	for report in $(to_stdout); do
		run 2 report "--$report" "$work/log" "$work/missing"
		says err "cannot read '$work/missing': No such file or directory"
		[ ! -s "$work/out" ]
	done
	echo kept >"$work/page"
	run 2 report "$work/missing" --html "$work/page"
	[ "$(cat "$work/page")" = kept ]
	run 2 report --tap "$work"
	says err "cannot read '$work': Is a directory"
	[ ! -s "$work/out" ]
	echo 'name: x' >"$work/yaml"
	run 2 report "$work/yaml"
	says err 'yaml:1:'
	says err 'expected an event log'
	echo '{"type":"bgin","t_ns":0}' >"$work/type"
	run 2 report "$work/type"
	says err 'type:1:'
	head -c 5000 /dev/urandom >"$work/random"
	run 2 report "$work/random"
	[ "$(grep -c $'\x1b' "$work/err")" = 0 ]
	: >"$work/empty"
	run 2 report "$work/empty"
	says err 'empty:1: it is empty'
}

# what stands before the cut is used, and said to be cut
cut_logs() {
	local report

	run 0 run "$work/plain.yaml" --set ip=4 --events "$work/log"
	head -c $(($(stat -c %s "$work/log") / 2)) "$work/log" >"$work/half"
	run 0 report "$work/half"
	says err 'the log was cut'
	says out 'the log ends before the run did'
	for report in $(to_stdout); do
		run 0 report "$work/half" "--$report"
		[ -s "$work/out" ]
	done
}

who_has_stdout() {
	run 2 run dial-ok --events - --ladder
	says err '--ladder and --events cannot both have stdout'
	run 2 report "$work/x" --events - --ladder
	run 0 run "$work/plain.yaml" --set ip=4 --events -
	says err 'PASSED plain[ip=4]'
	run 2 run dial-ok --events "$work/none/log"
	says err "cannot write '$work/none/log' (--events): No such file or directory"
	[ ! -s "$work/out" ]
	run 3 run "$work/plain.yaml" --set ip=4 --events /dev/full
	says err "'/dev/full' could not be written completely (events)"
	run 0 run "$work/plain.yaml" --set ip=4 --events "$work/log"
	run 3 report "$work/log" --events /dev/full
}

# No file is written twice, and no log is overwritten by what is made of it.
files_of_their_own() {
	run 0 run "$work/plain.yaml" --set ip=4 --events "$work/log"
	cp "$work/log" "$work/kept"
	run 2 report "$work/log" --html "$work/log"
	says err 'which is the log that is read'
	ln "$work/log" "$work/link"
	run 2 report "$work/log" --events "$work/link"
	run 2 report "$work/log" --html "$work/page" --junit "$work/page"
	says err "which is another report's already"
	cmp "$work/log" "$work/kept"
	run 0 report "$work/log" --html /dev/null --junit /dev/null
}

# libxml2 is loaded when JUnit is asked for. Where it is missing, here behind an empty file, the rest works.
without_libxml2() {
	local libraries into=(unshare -m)

	mapfile -t libraries < <(PATH=$PATH:/usr/sbin:/sbin ldconfig -p | sed -n '/libxml2\.so\.[0-9]* /s/.*=> //p')
	[ "$(id -u)" = 0 ] || into=(unshare -Urm)
	cat >"$work/without" <<-END
		for library in ${libraries[*]}; do mount --bind /dev/null "\$library"; done
		exec "$NSLAB" "\$@"
	END
	run 0 run "$work/plain.yaml" --set ip=4 --events "$work/log"
	echo precious >"$work/kept"
	ends 2 "${into[@]}" sh "$work/without" report "$work/log" --junit "$work/kept"
	says err 'nslab report: --junit needs a library that is not here: '
	says err libxml2
	grep -qx precious "$work/kept"
	ends 0 "${into[@]}" sh "$work/without" report "$work/log" --html "$work/page"
	[ -s "$work/page" ]
}

wide() {
	run 0 run "$work/plain.yaml" --set ip=4 --events "$work/log"
	COLUMNS=200 run 0 report "$work/log" --ladder
	[ "$(wc -L <"$work/out")" -gt 100 ]
	[ "$(wc -L <"$work/out")" -le 200 ]
}

# Somebody kills the run's own process: the log says so, and so does each report.
killed_worker() {
	local nslab worker='' status=0 i

	"$NSLAB" run conn-server-reboots "$work/plain.yaml" --set ip=4 --events "$work/log" >"$work/out" 2>&1 &
	nslab=$!
	for ((i = 0; i < 3000; i++)); do
		! grep -q '"type":"built"' "$work/log" 2>/dev/null || break
		sleep 0.01
	done
	# processes come and go meanwhile
	worker=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$nslab" '$4 == parent && !n++ { print $1 }' || true)
	kill -KILL "$worker"
	wait "$nslab" || status=$?
	[ "$status" = 3 ]
	grep -q '"type":"end".*"result":"error","text":"the worker was killed by signal 9 (Killed)"' "$work/log"
	grep -q '"result":"passed"' "$work/log" # the next one ran all the same
	run 0 report "$work/log"
	says out 'the worker was killed by signal 9'
}

one_case "$@"
skip_without_namespaces
each_case same_as_live same_timeline joined no_logs cut_logs who_has_stdout files_of_their_own without_libxml2 wide killed_worker
