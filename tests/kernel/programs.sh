#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs as steps: what they come to, what they may do, and that nothing is left of them. NSLAB names the
# program.
# shellcheck disable=SC2317 # it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/frame.sh"
skip_without_namespaces
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# steps STATUS: a scenario of these steps, from stdin, ends with that status; its log is in $work/log
steps() {
	local want=$1 status=0

	{
		printf 'name: program\ntitle: t\nstory: s\nremedy: r\nip: %s\nsteps:\n' "${IP:-4}"
		cat
	} >"$work/program.yaml"
	"$NSLAB" run "$work/program.yaml" --events "$work/log" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$want" ] || {
		echo "exit status $status instead of $want"
		cat "$work/out" "$work/err"
		return 1
	}
}

# says TEXT: the output of the run has it
says() {
	grep -qF -- "$1" "$work/out" "$work/err" || {
		echo "not said: $1"
		cat "$work/out" "$work/err"
		return 1
	}
}

# printed TEXT: the log has a line that a program printed, and that is it
printed() {
	python3 - "$work/log" "$1" <<'END'
import json, sys
lines = [r['text'] for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'output']
if sys.argv[2] not in lines:
    sys.exit(f'not printed: {sys.argv[2]!r}, but {lines[:20]}')
END
}

exit_and_output() {
	steps 0 <<'END'
  - client: {run: [sh, -c, "echo out; echo err >&2; exit 3"]}
    expect: {exit: 3, output: "^err$"}
  - client: {run: [sh, -c, "kill -TERM $$"]}
    expect: {exit: 143}
  - client: {run: [sh, -c, "sleep 0.2; echo late"], id: later, background: true}
  - await: later
    expect: {exit: 0, output: late, after: 150ms..5s}
END
	printed out
	printed err
}

what_is_not_met_is_told() {
	steps 1 <<'END'
  - client: {run: [sh, -c, "echo one; echo two"]}
    expect: {output: "^three$"}
END
	says "expected: output '^three$'"
	says "observed: output 'two'"
	steps 1 <<'END'
  - client: {run: [false]}
END
	says "expected: exit 0"
	says "observed: exit 1"
	steps 1 <<'END'
  - client: {run: [sh, -c, "exit 3"]}
    expect: {exit: 4}
END
	says "expected: exit 4"
	says "observed: exit 3"
	steps 1 <<'END'
  - client: {run: [sh, -c, "exit 7"], background: true}
  - wait: 300ms
END
}

what_cannot_be_run() {
	# a folder on PATH that this user may not look into would make it EACCES, as in a shell
	PATH=/usr/bin:/bin steps 0 <<'END'
  - client: {run: [there-is-no-such-program]}
    expect: {error: ENOENT}
  - client: {run: [/etc/hosts]}
    expect: {error: EACCES}
END
	steps 2 <<'END'
  - client: {run: [true], ready: {port: 80}}
END
	says "add background: true"
	steps 2 <<'END'
  - client: {run: "true"}
END
	says "expected a program and its arguments"
	steps 2 <<'END'
  - client: {run: [true]}
    expect: {output: "(a"}
END
	says "not an extended regular expression"
}

a_deadline_ends_what_ignores_sigterm() {
	steps 0 <<'END'
  - client: {run: [sh, -c, "trap '' TERM; echo $$; while :; do sleep 0.05; done"], deadline: 300ms}
    expect: {error: deadline, after: 300ms}
  # it is gone by then, not only when the run ends
  - client: {run: [sh, -c, "trap '' TERM; exec sleep 3136"], deadline: 100ms}
    expect: {error: deadline}
  - client: {run: [sh, -c, "ps -eo args= | grep -x 'sleep 313[6]' || echo gone"]}
    expect: {output: "^gone$"}
END
}

nothing_is_left_of_it() {
	steps 0 <<END
  - client: {run: [sh, -c, "sleep 3133 & exec setsid sleep 3134 & echo done"]}
    expect: {output: done}
  - client: {run: [sleep, "3135"], background: true}
END
	# shellcheck disable=SC2009 # pgrep would find itself no more, but is no better
	! ps -eo args= | grep -E '^sleep 313[345]$'
}

ready_when_it_listens() {
	IP='[4, 6]' steps 0 <<'END'
  - server: {run: [sh, -c, "sleep 0.3; exec python3 -m http.server 8080 --bind ::"], background: true, ready: {port: 8080}}
  - client: {dial: "server:8080", as: conn, deadline: 2s}
END
}

ready_when_it_says_so() {
	steps 0 <<'END'
  - server: {run: [sh, -c, "echo starting; sleep 0.3; echo now I am ready; sleep 60"], id: slow, background: true, ready: {line: "I am ready$"}}
  - client: {run: [echo, hello]}
END
	python3 - "$work/log" <<'END'
import json, sys
lines = [r['text'] for r in map(json.loads, open(sys.argv[1])) if r['type'] == 'output']
assert lines == ['starting', 'now I am ready', 'hello'], lines
END
}

one_that_dies_before_it_is_ready() {
	steps 1 <<'END'
  - server: {run: [sh, -c, "exit 4"], id: web, background: true, ready: {port: 8080}}
  - await: web
END
	says "the program ended with status 4 before it"
}

FLOOD=${NSLAB_TEST_FLOOD:-1000000000}

# a gigabyte, or what the environment says, is read to its end, and neither the log nor the memory holds it
a_flood_is_bounded() {
	steps 0 <<END
  - client: {run: [sh, -c, "head -c $FLOOD /dev/zero | tr '\\\\0' x"], deadline: 60s}
    expect: {error: none, output: "^x"}
END
	says "more bytes of its output are not in the log"
	[ "$(stat -c %s "$work/log")" -lt 3000000 ]
}

it_knows_the_hosts_and_nobody_else() {
	steps 0 <<'END'
  - client: {run: [getent, hosts, server]}
    expect: {output: "^10\\.0\\.2\\.2 +server"}
  - client: {run: [getent, ahosts, localhost]}
    expect: {output: "^127\\.0\\.0\\.1 "}
  - client: {run: [getent, hosts, there-is-no-such-name.example]}
    expect: {exit: 2}
END
}

it_gains_nothing() {
	IFS=' ' read -r _ uid _ < <(id | tr '=(' '  ')
	steps 0 <<END
  - client: {run: [id, -u]}
    expect: {output: "^$uid$"}
  - client: {run: [grep, NoNewPrivs, /proc/self/status]}
    expect: {output: "1$"}
  # what nslab has open is none of its business
  - client: {run: [sh, -c, "ls /proc/self/fd | tr '\\\\n' ' '"]}
    expect: {output: "^0 1 2 3 $"}
END
	[ "$uid" = 0 ] || steps 0 <<'END'
  - client: {run: [grep, CapEff, /proc/self/status]}
    expect: {output: "0000000000000000$"}
END
}

# under sudo a program is run as the user who called it
it_is_the_caller_of_sudo() {
	[ "$(id -u)" = 0 ] || return 0
	SUDO_UID=61357 SUDO_GID=61357 steps 0 <<'END'
  - client: {run: [id, -u]}
    expect: {output: "^61357$"}
  - client: {run: [grep, -E, "CapEff|CapPrm", /proc/self/status]}
    expect: {output: "^CapPrm:.0000000000000000$"}
END
}

one_that_closes_its_output() {
	steps 0 <<'END'
  - client: {run: [sh, -c, "exec >&- 2>&-; sleep 0.1; exit 5"]}
    expect: {exit: 5}
END
}

a_reboot_ends_it() {
	steps 0 <<'END'
  - server: {run: [sleep, "60"], id: victim, background: true}
  - host: {reboot: server}
  - await: victim
    expect: {error: EBADF}
END
}

one_case "$@"
each_case exit_and_output what_is_not_met_is_told what_cannot_be_run a_deadline_ends_what_ignores_sigterm \
	nothing_is_left_of_it ready_when_it_listens ready_when_it_says_so one_that_dies_before_it_is_ready \
	a_flood_is_bounded it_knows_the_hosts_and_nobody_else it_gains_nothing \
	it_is_the_caller_of_sudo one_that_closes_its_output a_reboot_ends_it
