#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A run whose worker is stopped while packets are held did not have the delays that it claims: exit
# status 3, and a word about it. One that is stopped while nothing is held or due is none the worse.
# NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}

work=$(mktemp -d)
front=''
end() {
	[ -z "$front" ] || kill -TERM "$front" 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "$(id -u)" != 0 ] && ! unshare -Ur true 2>/dev/null; then
	echo "skipped: this system gives an ordinary user no namespaces"
	exit 77
fi

passed=0
failed=0
check() {
	if "${@:2}"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "WRONG: $1"
		sed 's/^/    /' "$work/out" "$work/err"
	fi
}

# scenario DELAY: a SYN that is held so long
scenario() {
	cat >"$work/held.yaml" <<-END
		name: held
		title: A SYN is held
		story: A SYN is held.
		remedy: Wait.
		faults:
		  held: {at: fw, match: {segment: syn, first: 1}, action: delay $1}
		steps:
		  - server: {listen: 8080}
		  - client: {dial: "server:8080", as: conn, deadline: 20s}
	END
}

# The worker: the one child of the front. Process 1 of its own namespace can be stopped from outside.
worker() {
	local pid

	read -r pid <"/proc/$front/task/$front/children" || true
	echo "${pid%% *}"
}

# stop_while_held SECONDS - run the scenario, and stop its worker for so long as soon as the SYN is held
stop_while_held() {
	local tries=0 pid

	: >"$work/events"
	"$NSLAB" run "$work/held.yaml" --events "$work/events" </dev/null >"$work/out" 2>"$work/err" &
	front=$!
	until grep -q '"fault":"held"' "$work/events"; do
		tries=$((tries + 1))
		[ "$tries" -lt 500 ] || {
			echo "no hit within 5 s"
			return 99
		}
		read -rt 0.01 <> <(:) || true
	done
	pid=$(worker)
	kill -STOP "$pid"
	read -rt "$1" <> <(:) || true
	kill -CONT "$pid"
	local status=0
	wait "$front" || status=$?
	front=''
	return "$status"
}

scenario 500ms
status=0
stop_while_held 1 || status=$?
check "a worker that was stopped for a second: exit status $status instead of 3" [ "$status" = 3 ]
check "the reason is missing in the event log" grep -q 'ms too late, .* nslab was stopped' "$work/events"
check "the reason is missing in the report" grep -q 'ETIME' "$work/out"
check "the run does not say that it passed" bash -c "! grep -q PASSED '$work/out'"

# what is due later only is not late
scenario 10s
status=0
stop_while_held 0.5 || status=$?
check "a worker that was stopped while nothing was due: exit status $status" [ "$status" = 0 ]

# A packet that the host itself sends has no stamp; the thread knows that it did not look for so long.
cat >"$work/held.yaml" <<-END
	name: unseen
	title: A SYN retry comes while nobody looks
	story: The first SYN is lost, the second one finds nobody awake.
	remedy: Wait.
	faults:
	  held: {at: server, match: {segment: syn, first: 1}, action: drop}
	  slow: {at: client, match: {segment: syn}, action: delay 100ms}
	steps:
	  - server: {listen: 8080}
	  - client: {dial: "server:8080", as: conn, deadline: 20s}
END
status=0
stop_while_held 1.5 || status=$?
check "a SYN retry waited unseen: exit status $status instead of 3" [ "$status" = 3 ]
check "the reason is missing in the event log" grep -q 'unseen, .* nslab was stopped' "$work/events"

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
