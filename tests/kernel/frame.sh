#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# To be sourced by a test whose cases are functions or processes: a line for each case, and in the end
# "N passed, M failed, K skipped".

passed=0
failed=0

# skip WHY: this system cannot run the test
skip() {
	echo "skipped: $*"
	exit 77
}

# skip_without_namespaces [UNSHARE-OPTION…]: those that are needed; by default a user's own, or none for root
skip_without_namespaces() {
	if [ $# -eq 0 ] && [ "$(id -u)" != 0 ]; then
		set -- -Ur
	fi
	[ $# -eq 0 ] || unshare "$@" true 2>/dev/null || skip "this system gives an ordinary user no namespaces"
}

# case_ended NAME STATUS
case_ended() {
	if [ "$2" = 0 ]; then
		echo "ok      $1"
		passed=$((passed + 1))
	else
		echo "FAILED  $1"
		failed=$((failed + 1))
	fi
}

# cases_ended: sum up; status 0 if cases have passed and none has failed
cases_ended() {
	echo "$passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# one_case ARG…: with a word that one case, in this shell, so that set -e ends it at the first surprise
one_case() {
	[ $# -gt 0 ] || return 0
	"$1"
	exit 0
}

# each_case NAME…: each is a function of the script, which runs in a shell of its own: within a condition of
# this one set -e would be ignored
each_case() {
	local name status

	for name; do
		status=0
		bash "$0" "$name" || status=$?
		case_ended "$name" "$status"
	done
	cases_ended
}

# The next two want $work, a folder.

# ends STATUS COMMAND…: it reads nothing and ends with that status; its output is in $work/out and $work/err
ends() {
	local want=$1 status=0

	shift
	# shellcheck disable=SC2154 # it is the script's
	"$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$want" ] || {
		echo "$*: exit status $status instead of $want"
		cat "$work/out" "$work/err"
		return 1
	}
}

# says FILE TEXT: an extended regular expression is in $work/FILE
says() {
	grep -qE -- "$2" "$work/$1" || {
		echo "expected in $1: $2"
		cat "$work/$1"
		return 1
	}
}

# gone ARGS: no process was called so
gone() {
	# shellcheck disable=SC2009 # pgrep would find itself no more, but is no better
	! ps -eo args= | grep -qx -- "$1"
}

# not COMMAND…: set -e does not see that "! command" is false
not() {
	! "$@"
}

# until_true WORD…: that command succeeds, for at most ten seconds
until_true() {
	local end=$((SECONDS + 10))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -rt 0.02 <> <(:) || true
	done
}
