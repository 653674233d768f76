#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What scenarios show and nslab find knows: the table is what they really show, the pages of docs/ say the same,
# and texts of each language lead to what they mean. NSLAB names the program.
# shellcheck disable=SC2317 # it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
. "$here/frame.sh"
skip_without_namespaces
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

table=$here/../../lab/cli/symptoms.tsv

# a case that cannot run here shows nothing, so its scenario is left out of the comparison
the_table_is_what_they_show() {
	mkdir "$work/logs"
	"$here/../docs/symptoms_log.sh" "$NSLAB" "$work/logs"
	python3 "$here/../docs/symptoms.py" --ran "$work"/logs/*.jsonl >"$work/ran"
	[ "$(wc -l <"$work/ran")" -ge 55 ]
	python3 "$here/../docs/symptoms.py" "$work"/logs/*.jsonl | grep -F -f <(sed 's/$/\t/' "$work/ran") >"$work/now"
	grep -F -f <(sed 's/$/\t/' "$work/ran") "$table" | diff - "$work/now" || {
		echo "to remake it: tests/docs/symptoms.sh BUILD"
		return 1
	}
}

the_pages_say_the_same() {
	local page

	for page in symptoms catalogue; do
		"$NSLAB" reference $page | diff "$here/../../docs/$page.md" - || {
			echo "to remake it: nslab reference $page >docs/$page.md"
			return 1
		}
	done
	[ "$(grep -c '^### ' "$here/../../docs/catalogue.md")" = "$("$NSLAB" list | wc -l)" ]
}

each_row_is_found() {
	local scenario kind word

	while IFS=$'\t' read -r scenario kind word _; do
		[ "$kind" != output ] || continue
		[ -e "$work/found-$word" ] || "$NSLAB" find "$word" >"$work/found-$word"
		grep -q "^$scenario " "$work/found-$word" || {
			echo "'$word' does not find $scenario"
			cat "$work/found-$word"
			return 1
		}
	done <"$table"
}

# means TEXT WORD [SCENARIO]: it is understood as that, and finds that
means() {
	"$NSLAB" find "$1" >"$work/found" || {
		echo "nothing is found for: ${1:0:200}"
		return 1
	}
	head -n 1 "$work/found" | grep -qF "understood as: $2" || {
		echo "'$1' is not $2, but:"
		head -n 1 "$work/found"
		return 1
	}
	[ -z "${3:-}" ] || grep -q "^$3 " "$work/found" || {
		echo "'$1' does not find $3"
		cat "$work/found"
		return 1
	}
}

lines_of_logs_are_understood() {
	means 'i/o timeout' deadline dial-syn-dropped
	means '2026/01/02 dial tcp 192.0.2.1:443: i/o timeout' 'deadline at dial' dial-syn-dropped
	means 'dial tcp [2001:db8::1]:443: connect: connection timed out' 'ETIMEDOUT at dial' dial-kernel-gives-up
	means 'write tcp 10.0.0.1:4->10.0.0.2:5: write: broken pipe' 'EPIPE at send' close-peer-keeps-writing
	means 'ConnectionRefusedError: [Errno 111] Connection refused' 'ECONNREFUSED at dial' dial-refused
	means 'java.net.NoRouteToHostException: No route to host' 'EHOSTUNREACH at dial' dial-no-neighbour
	means 'Error: listen EADDRINUSE: address already in use :::8080' 'EADDRINUSE at listen' time-wait-bind-in-use
	means 'curl: (56) Recv failure: Connection reset by peer' 'ECONNRESET at recv' conn-idle-expired-reset
	means 'connect: Cannot assign requested address' EADDRNOTAVAIL dial-ports-exhausted
	means 'Temporary failure in name resolution' 'EAI_AGAIN at lookup' dial-dns-blackhole
}

names_numbers_and_states_are_understood() {
	means ETIMEDOUT ETIMEDOUT
	means etimedout ETIMEDOUT
	means 'errno 110' ETIMEDOUT
	means 111 ECONNREFUSED
	means CLOSE-WAIT 'a socket in the state CLOSE-WAIT' close-wait-leak
	means CLOSE_WAIT 'a socket in the state CLOSE-WAIT'
	means closewait 'a socket in the state CLOSE-WAIT'
	means 'tcp ESTAB 0 0 FIN-WAIT-1' 'a socket in the state FIN-WAIT-1' close-fin-lost
	means SYN_RECEIVED 'a socket in the state SYN-RECV' dial-ack-dropped
}

# what says most of a long text may stand at its end
long_texts_are_understood() {
	local text

	text=$(head -c 100000 /dev/zero | tr '\0' ' ')
	means "Traceback${text}BrokenPipeError: [Errno 32] Broken pipe" 'EPIPE at send'
}

# a part of a line, if it is one that says something
parts_are_understood() {
	means '(52)' 'eof at recv'
	means BrokenPipeError 'EPIPE at send'
	means 'ETIMEDOUT at recv' 'ETIMEDOUT at recv'
	"$NSLAB" find connect >"$work/found"
	if grep -q '^understood as' "$work/found"; then
		return 1
	fi
}

words_of_titles_find_too() {
	"$NSLAB" find happy eyeballs | grep -q '^dial-happy-eyeballs '
	"$NSLAB" find --json ETIMEDOUT | python3 -c '
import json, sys
found = json.load(sys.stdin)
assert found["understood"] == [{"kind": "error", "word": "ETIMEDOUT", "where": None}], found["understood"]
assert all(s["shows"] for s in found["scenarios"]) and len(found["scenarios"]) > 2'
}

what_is_not_known_is_told() {
	local status=0

	"$NSLAB" find 'purple elephants' >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = 1 ]
	grep -q "no scenario shows 'purple elephants'" "$work/err"
	status=0
	"$NSLAB" find etimedot >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = 1 ]
	grep -q "did you mean 'ETIMEDOUT'?" "$work/err"
	status=0
	"$NSLAB" find >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = 2 ]
	status=0
	"$NSLAB" find $'\e[2J\x01' >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = 1 ]
	if grep -qP '[\x00-\x08\x0e-\x1f]' "$work/err"; then
		return 1
	fi
	status=0
	"$NSLAB" find "$(head -c 100000 /dev/zero | tr '\0' x)" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = 1 ]
}

one_case "$@"
each_case the_table_is_what_they_show the_pages_say_the_same each_row_is_found lines_of_logs_are_understood \
	long_texts_are_understood parts_are_understood names_numbers_and_states_are_understood words_of_titles_find_too \
	what_is_not_known_is_told
