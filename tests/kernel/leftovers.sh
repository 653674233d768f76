#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Nothing is left behind, whenever and however a run ends. SIGINT and SIGTERM end it tidily; SIGKILL
# of the front or of the worker, at many moments and at every system call that builds the lab, leaves
# no process, no file, no interface, no firewall rule and no namespace.
#
# How a leaked namespace is seen: the kills go on inside a user namespace that may hold only a few
# namespaces at a time. Whatever leaks is missing from that budget, and soon no lab can be built any
# more. The kernel takes namespaces down in the background, so a full budget gets some time to empty.
#
# Processes are told by a name that only they have: a copy of nslab called nslab-PID. Only processes
# that this script started, or children of these, are ever killed.
# shellcheck disable=SC2317 # it does not see what until_ms and trap call
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
QUICK=${NSLAB_TEST_QUICK:-}
BUDGET=16	# namespaces of each kind; a run takes four network namespaces
BETWEEN=3	# kills between two proofs that a lab can still be built
PATIENCE=5000	# ms for what goes on in the background
# a sanitizer's search for leaks cannot work under strace
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

inside=${LEFTOVERS_INSIDE:-}
if [ -n "$inside" ]; then
	work=$LEFTOVERS_WORK
else
	work=$(mktemp -d)
fi
bin=$work/nslab-$$
comm=nslab-$$
front=
end() {
	[ -z "$front" ] || kill -KILL "$front" 2>/dev/null || true
	if [ -n "$inside" ]; then
		rm -f "$bin"
	else
		rm -rf "$work"
	fi
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

passed=0
failed=0
kills=0
ok() {
	passed=$((passed + 1))
	echo "ok      $*"
}
# finish: the last words, of this script or of its part inside
finish() {
	echo "$kills kills survived${inside:+, with room for only $BUDGET namespaces of each kind}"
	if [ -n "$inside" ]; then
		echo "$passed $failed $kills" >"$work/inside"
		exit 0
	fi
	echo "$passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ] || exit 1
	exit 0
}
wrong() {
	failed=$((failed + 1))
	echo "WRONG   $*"
	[ "$failed" -lt 5 ] || finish
}

# ---- time, without a process for each pause ----

mkfifo "$work/never-$$"
exec {never}<>"$work/never-$$"
rm "$work/never-$$"
pause_ms() {
	read -rt "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" -u "$never" || true
}
now_ms() {
	local now=${EPOCHREALTIME/[.,]/}

	echo $((now / 1000))
}

# until_ms PATIENCE COMMAND…: again and again until it succeeds
until_ms() {
	local deadline=$(($(now_ms) + $1))

	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$deadline" ] || return 1
		pause_ms 5
	done
}

# ---- what may be left ----

# PIDs of ours; one that is dead and only waits for a lazy parent is none
processes() {
	local file pid stat

	grep -lsx "$comm" /proc/[0-9]*/comm | while read -r file; do
		pid=${file#/proc/}
		pid=${pid%/comm}
		read -r stat 2>/dev/null <"/proc/$pid/stat" || continue
		case ${stat##*) } in
		Z* | X*) ;;
		*) echo "$pid" ;;
		esac
	done || true
}
no_process() {
	[ -z "$(processes)" ]
}

files() {
	ls -A "$work/tmp" "$work/cwd"
}
no_file() {
	[ -z "$(ls -A "$work/tmp")$(ls -A "$work/cwd")" ]
}

veths() {
	ip -o link show type veth 2>/dev/null | awk '{ print $2 }' | sort
}
no_veth() {
	[ -z "$(comm -13 <(echo "$veths_before") <(veths))" ]
}

# only real root may look
no_table() {
	[ "$inside" ] || [ "$(id -u)" != 0 ] || ! nft list tables 2>/dev/null | grep -qw nslab
}

# gone WHAT: nothing of the run that was just killed is left, except for the machine's interfaces and
# tables, which are looked at once in a while
gone() {
	if ! until_ms "$PATIENCE" no_process; then
		wrong "$1: processes are left: $(processes | tr '\n' ' ')"
		return 1
	fi
	if ! no_file; then
		wrong "$1: files are left: $(files | tr '\n' ' ')"
		rm -rf "$work/tmp" "$work/cwd"
		mkdir "$work/tmp" "$work/cwd"
		return 1
	fi
}
machine_untouched() {
	until_ms "$PATIENCE" no_veth || wrong "$1: interfaces are left: $(veths | tr '\n' ' ')"
	until_ms "$PATIENCE" no_table || wrong "$1: a table named nslab is left"
}

# ---- runs ----

# As whom: with capabilities nslab makes no user namespace, without it does.
launch=(env --default-signal=INT --default-signal=TERM)
case $inside in
user) launch+=(unshare -U --map-user=1000 --map-group=1000 --) ;;
esac

# run_start ARG…: in the background, pid in $front, output in $work/out
run_start() {
	# emptied here: what the run before wrote must not pass for what this one does
	: >"$work/out"
	(cd "$work/cwd" && TMPDIR=$work/tmp exec "${launch[@]}" "$bin" run "$@") \
		>"$work/out" 2>&1 </dev/null &
	front=$!
}

run_status() {
	status=0
	wait "$front" 2>/dev/null || status=$?
	front=
}

fresh_run() {
	run_start "$work/short.yaml" -q
	run_status
	[ "$status" = 0 ]
}

# A lab can still be built; kills come a few at a time between two of these.
since=0
budget_holds() {
	since=$((since + 1))
	[ "$since" -ge "$BETWEEN" ] || [ "${2:-}" = now ] || return 0
	since=0
	machine_untouched "$1"
	until_ms "$PATIENCE" fresh_run && return 0
	wrong "$1: after $kills kills no lab can be built any more:"
	cat "$work/out"
	finish
}

killed() {
	kills=$((kills + 1))
	gone "$1" || true
	budget_holds "$1"
}

worker=
find_worker() {
	local pid stat fields

	worker=
	for pid in $(processes); do
		read -r stat 2>/dev/null <"/proc/$pid/stat" || continue
		read -ra fields <<<"${stat##*) }"
		if [ "${fields[1]}" = "$front" ]; then
			worker=$pid
			return
		fi
	done
	# over already?
	read -r stat 2>/dev/null <"/proc/$front/stat" || return 0
	[ "${stat##*) }" != "${stat##*) Z}" ]
}

# ---- the tests ----

# A signal that can be caught: what was seen so far is shown, and the exit status tells the signal.
test_signal() {
	local name=$1 number=$2 begun took

	run_start dial-syn-dropped --set ip=4
	until_ms "$PATIENCE" grep -q 'SYN dropped' "$work/out" || true
	begun=$(now_ms)
	kill -"$name" "$front"
	run_status
	took=$(($(now_ms) - begun))
	if [ "$status" != $((128 + number)) ]; then
		wrong "SIG$name: exit status $status instead of $((128 + number)):"
		cat "$work/out"
	elif ! grep -q 'SYN dropped' "$work/out" || ! grep -qi 'interrupted' "$work/out"; then
		wrong "SIG$name: the output lacks what was seen, or that it was interrupted:"
		cat "$work/out"
	elif [ "$took" -gt 2000 ]; then
		wrong "SIG$name: the end took $took ms"
	elif gone "SIG$name"; then
		machine_untouched "SIG$name"
		ok "SIG$name ends a run tidily, with exit status $status and what was seen so far"
	fi
}

# kill_front MS ARG…
kill_front() {
	local ms=$1

	shift
	run_start "$@"
	pause_ms "$ms"
	kill -KILL "$front" 2>/dev/null || true
	run_status
	killed "front killed after $ms ms"
}

# kill_worker MS ARG…: the front has to notice, and to say so
kill_worker() {
	local ms=$1 begun

	shift
	run_start "$@"
	pause_ms "$ms"
	until_ms "$PATIENCE" find_worker || true
	[ -z "$worker" ] || kill -KILL "$worker" 2>/dev/null || true
	begun=$(now_ms)
	run_status
	if [ -n "$worker" ] && [ "$status" = 137 ]; then
		wrong "worker killed after $ms ms: the front died too"
	elif [ $(($(now_ms) - begun)) -gt 4000 ]; then
		wrong "worker killed after $ms ms: the front took $(($(now_ms) - begun)) ms to notice"
	fi
	killed "worker killed after $ms ms"
}

test_moments() {
	local before=$failed ms step=$1 last=$2

	for ((ms = 0; ms <= last; ms += step)); do
		kill_front "$ms" "$work/short.yaml" -q
		kill_worker "$ms" "$work/short.yaml" -q
	done
	for ms in 150 600; do
		kill_front "$ms" dial-syn-dropped --set ip=4
		kill_worker "$ms" dial-syn-dropped --set ip=4
	done
	budget_holds "kills by time" now
	[ "$failed" != "$before" ] ||
		ok "SIGKILL of the front and of the worker, from 0 to $last ms after the start and later"
}

# kill_call SYSCALL N: whoever makes its N-th such call is killed by it; fails if nobody was
kill_call() {
	local status=0

	(cd "$work/cwd" && TMPDIR=$work/tmp exec "${launch[@]}" strace -f -o /dev/null -e "trace=$1" \
		-e "inject=$1:signal=SIGKILL:when=$2" "$bin" run "$work/short.yaml" -q) \
		>"$work/out" 2>&1 </dev/null &
	front=$!
	run_status
	[ "$status" != 0 ] || return 1
	killed "killed at $1 number $2"
}

test_calls() {
	local before=$failed call n step=$1 at=

	for call in unshare setns clone mount socket bind sendto sendmsg setsockopt; do
		for ((n = 1; n <= 120; n += n < 8 ? 1 : step)); do
			kill_call "$call" "$n" || break
		done
		[ "$n" != 1 ] || wrong "the run survived a SIGKILL at its first $call"
		at+=${at:+, }$call
	done
	budget_holds "kills by system call" now
	[ "$failed" != "$before" ] ||
		ok "SIGKILL at each call of $at"
}

# ---- inside the small budget ----

if [ -n "$inside" ]; then
	for kind in net pid mnt user; do
		echo "$BUDGET" >"/proc/sys/user/max_${kind}_namespaces"
	done
	cp "$NSLAB" "$bin"
	veths_before=$(veths)
	until_ms "$PATIENCE" fresh_run || {
		cat "$work/out"
		echo "no lab can be built in a user namespace for $BUDGET namespaces of each kind"
		exit 1
	}
	if [ -n "$QUICK" ]; then
		test_moments 4 40
	else
		test_moments 1 40
	fi
	if strace -f -o /dev/null -e trace=none true 2>/dev/null; then
		if [ -n "$QUICK" ]; then
			test_calls 9
		else
			test_calls 1
		fi
	else
		echo "skipped: strace is not installed, or may not trace: no kills by system call"
	fi
	finish
fi

# ---- outside ----

command -v ip >/dev/null || {
	echo "skipped: ip (iproute2) is not installed"
	exit 77
}
if [ "$(id -u)" != 0 ] && ! unshare -Ur true 2>/dev/null; then
	echo "skipped: this system gives an ordinary user no namespaces"
	exit 77
fi
mkdir "$work/tmp" "$work/cwd"
cat >"$work/short.yaml" <<'END'
name: short
title: a lab with a fault, and a dial that meets it
story: It only has to be built.
remedy: None.
faults:
  syn-dropped: {at: fw, match: {from: client, to: server, segment: syn}, action: drop}
steps:
  - server: {listen: 8080}
  - client: {dial: "server:8080", as: conn, deadline: 10ms}
    expect: {error: deadline}
END
cp "$NSLAB" "$bin"
veths_before=$(veths)
fresh_run || {
	cat "$work/out"
	echo "the first run failed with exit status $status"
	exit 1
}

test_signal INT 2
test_signal TERM 15
test_moments 10 40

if unshare -Ur true 2>/dev/null; then
	mode=user
	[ "$(id -u)" != 0 ] || mode=root
	rm -f "$work/inside"
	LEFTOVERS_INSIDE=$mode LEFTOVERS_WORK=$work unshare -Ur -- "$BASH" "$0" || true
	if [ -r "$work/inside" ]; then
		read -r in_passed in_failed in_kills <"$work/inside"
		passed=$((passed + in_passed))
		failed=$((failed + in_failed))
		kills=$((kills + in_kills))
	else
		wrong "the kills in a user namespace came to no end"
	fi
else
	echo "skipped: no user namespaces here, so leaked namespaces cannot be counted"
fi

finish
