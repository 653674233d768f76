#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line from outside: exit statuses, what goes where, and every bad input by name. Each case
# is one function; its name is what it shows. NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=frame.sh
. "$here/frame.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
unset NO_COLOR NSLAB_SCENARIOS COLUMNS

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

# says FILE TEXT: it contains that text; says_not: it does not
says() {
	grep -qF -- "$2" "$work/$1" || {
		echo "expected in $1: $2"
		cat "$work/$1"
		return 1
	}
}

says_not() {
	! grep -qP -- "$2" "$work/$1" || {
		echo "not expected in $1: $2"
		cat -v "$work/$1"
		return 1
	}
}

says_ascii() {
	[ -s "$work/out" ]
	! LC_ALL=C grep -nP '[^\x00-\x7f]' "$work/out"
}

# file NAME: a scenario from stdin, with the texts that every one needs
file() {
	{
		printf 'name: test\ntitle: t\nstory: s\nremedy: r\n'
		cat
	} >"$work/$1.yaml"
}

# bad NAME LINE:COL TEXT…: that file is refused at that place, with these words, by validate and by run
bad() {
	local name=$1 place=$2 text

	shift 2
	run 2 validate "$work/$name.yaml"
	says err "$name.yaml:$place"
	for text; do
		says err "$text"
	done
	says err '^' # the caret under the place
	run 2 run "$work/$name.yaml"
	says_not out '.'
}

unknown_scenario() {
	run 2 run dial-syn-droped
	says err "did you mean 'dial-syn-dropped'?"
}

usage_errors() {
	run 2
	run 2 rnu
	says err "did you mean 'run'?"
	run 2 run
	run 2 run --sead 1 dial-ok
	says err "did you mean '--seed'?"
	run 2 run dial-ok --set ip
	run 2 run dial-ok --set port=1
	run 2 run dial-ok --timeout soon
	run 2 run dial-ok --shape tbf
	says err "expected netem, queue or auto"
	run 2 run dial-ok --repeat 0
	run 2 run --all dial-ok
	run 2 run dial-ok --events "$work/none/log"
	run 2 run --tag no-such-tag
	run 2 show --commands
	run 2 show --commands --source dial-ok
	says err 'either --commands or --source'
	run 2 show --commands dial-ok dial-slow
	says err 'for one scenario, not for 2'
	says_not out '.'
	run 2 show --commands dial-ok --set ip=5
	run 2 run "$work"
	says err 'no scenario (*.yaml)'
}

help_everywhere() {
	local command

	run 0 --help
	run 0 --version
	for command in list show run report new validate reference schema doctor version; do
		run 0 "$command" --help
		says out 'usage: nslab '"$command"
		says out '--help'
		run 0 help "$command"
	done
}

bad_names() {
	file key <<<'stps: []'
	bad key 5:1 "unknown key 'stps'" "did you mean 'steps'?"
	file verb <<<'steps: [{client: {diall: "server:80"}}]'
	bad verb 5:19 "unknown verb 'diall'" "did you mean 'dial'?"
	file host <<<'steps: [{clint: {dial: "server:80"}}]'
	bad host 5:10 "'clint'" "did you mean 'client'?"
	file fault <<<'steps: [{check: {fault: nothing, hits: 1}}]'
	bad fault 5:25 "unknown fault 'nothing'"
	file socket <<<'steps: [{client: {send: conn, text: x}}]'
	bad socket 5:25 "unknown connection 'conn'"
	file twice <<<'steps: [{server: {listen: 1, as: a}}, {server: {listen: 2, as: a}}]'
	bad twice 5:64 "the name 'a' is taken"
	file control <<<$'steps: [{client: {dial: "server:80", as: "a\\e[31mb"}}]'
	bad control 5: 'control characters'
	says_not err '\x1b'
}

bad_values() {
	file port <<<'steps: [{server: {listen: 70000}}]'
	bad port 5:27 '70000 is no port' '1 to 65535'
	file parsecs <<<'steps: [{wait: 3 parsecs}]'
	bad parsecs 5:16 "'3 parsecs'" '250ms'
	file sysctl <<<'steps: [{sysctl: {at: fw, net.core.rmem_max: 5}}]'
	bad sysctl 5:27 'global to the machine'
	file escape <<<'steps: [{sysctl: {at: fw, ../../kernel/hostname: x}}]'
	bad escape 5:27 'no sysctl'
	file program <<<'steps: [{client: {run: "true"}}]'
	bad program 5:24 'expected a program and its arguments'
	file lowered <<<'steps: [{link: {down: client -- fw}}, {link: {down: fw -- client}}]'
	bad lowered 5:53 'is down already, since line 5'
	file none <<<'tags: []'
	bad none 1:1 "'steps' is missing"
	file empty <<<'steps: []'
	bad empty 5:8 'without steps'
}

bad_topologies() {
	file unlinked <<'END'
topology:
  hosts: {a: {}, b: {}, c: {}}
  links: [a -- b]
steps: [{wait: 1ms}]
END
	bad unlinked 6:25 "no link leads from host 'a' to host 'c'"
	file overlap <<'END'
topology:
  hosts: {a: {}, b: {}, c: {}}
  links:
    - a -- b: {addresses: {a: 10.0.0.1/24}}
    - b -- c: {addresses: {b: 10.0.0.129/25}}
steps: [{wait: 1ms}]
END
	bad overlap 8:7 'overlaps'
}

bad_files() {
	printf 'name: tab\nsteps:\n\t- wait: 1s\n' >"$work/tab.yaml"
	bad tab 3:1 'tabs'
	head -c 4096 /dev/urandom >"$work/binary.yaml"
	run 2 validate "$work/binary.yaml"
	says_not err '\x1b'
	truncate -s 10M "$work/big.yaml"
	run 2 validate "$work/big.yaml"
	says err '1048576'
	mkfifo "$work/endless.yaml"
	run 2 validate "$work/endless.yaml"
	says err 'fifo'
	run 2 validate "$work/missing.yaml"
	run 2 validate /dev/zero
	# all problems of a file in one go
	file many <<<'steps: [{server: {listen: 70000}}, {wait: 3 parsecs}, {cleint: {close: x}}]'
	run 2 validate "$work/many.yaml"
	[ "$(grep -c '^[^ ].*:5:' "$work/err")" = 3 ]
}

what_never_comes() {
	file never <<<'steps: [{server: {listen: 80, as: door}}, {server: {accept: door}}]'
	run 1 run "$work/never.yaml" --timeout 300ms
	says out "the run's time of 300 ms ran out in step 2"
}

failures_say_where() {
	file failing <<<'steps: [{client: {dial: "server:80", deadline: 1s}}]'
	cd "$work" # a long path would be wrapped
	run 1 run failing.yaml
	says out 'failing.yaml:5'
	says out 'expected: error none'
	says out 'observed: error ECONNREFUSED'
	says out 'again: nslab run'
}

# a key that no kernel has: the case is skipped, and not counted as passed
skipped_is_not_passed() {
	file skipped <<'END'
topology: {hosts: {a: {sysctl: {net.ipv4.tcp_no_such_thing: 1}}, b: {}}, links: [a -- b]}
steps: [{wait: 1ms}]
END
	run 77 run "$work/skipped.yaml"
	says out 'SKIPPED'
	says out 'net.ipv4.tcp_no_such_thing'
}

# what the scenario asks for by "needs"; the sysctl is in every kernel, the other in none
needs() {
	file needs <<<$'needs: [sysctl net.ipv4.tcp_fin_timeout, queue]\nsteps: [{wait: 1ms}]'
	run 0 show "$work/needs.yaml"
	says out 'Needs of the kernel'
	says out 'sysctl net.ipv4.tcp_fin_timeout'
	run 0 run "$work/needs.yaml"
	file lacks <<<$'needs: sysctl net.ipv4.tcp_no_such_thing\nip: [4, 6]\nsteps: [{wait: 1ms}]'
	run 77 run "$work/lacks.yaml"
	says out 'SKIPPED'
	says out 'this kernel has no sysctl net.ipv4.tcp_no_such_thing'
	run 77 run -q "$work/lacks.yaml"
	file nettem <<<$'needs: [ipv6, nettem]\nsteps: [{wait: 1ms}]'
	bad nettem 5:15 "unknown need 'nettem'" "did you mean 'netem'?"
}

pipes() {
	run 0 run dial-ok --set ip=4
	says_not out '\x1b'
	says out '→ SYN'
	LC_ALL=C run 0 run dial-ok --set ip=4
	says_not out '[^\x00-\x7f]'
	says out '-> SYN'
	[ "$(wc -L <"$work/out")" -le 80 ]
	# a reader that goes away ends the program, and nothing hangs
	{ timeout 30 "$NSLAB" run dial-ok || [ $? != 124 ]; } | head -n 1 >/dev/null
}

terminal() {
	command -v script >/dev/null || return 0
	script -qec "stty cols 80; TERM=xterm '$NSLAB' run dial-ok --set ip=4" /dev/null </dev/null >"$work/out"
	grep -q $'\x1b\[' "$work/out" || { echo 'no colours on a terminal'; return 1; }
	script -qec "stty cols 80; NO_COLOR=1 TERM=xterm '$NSLAB' run dial-ok --set ip=4" /dev/null \
		</dev/null >"$work/out"
	says_not out '\x1b'
}

events() {
	run 0 run dial-syn-dropped --set ip=4 --events -
	says err 'PASSED dial-syn-dropped[ip=4]'
	says out '"type":"begin"'
	[ "$(grep -c '"type":"hit"' "$work/out")" = 2 ]
	[ "$(grep -vc '^{.*}$' "$work/out" || true)" = 0 ]
	# the log is in order of time
	sed 's/.*"t_ns":\(-\{0,1\}[0-9]*\).*/\1/' "$work/out" | sort -nc
	run 0 run dial-ok --set ip=4 --events "$work/log"
	tail -n 1 "$work/log" | grep -q '"type":"end"'
}

# The printed script, with words for the tools instead of the tools. Whatever a file holds, it reaches
# them as one word, or stays in a comment.
script_is_quoted() {
	local value="it's \$(touch $work/owned) ü"

	cat >"$work/odd.yaml" <<-END
		name: test
		title: \$(touch $work/owned) \`touch $work/owned\` $value
		story: s
		remedy: r
		ip: [4]
		topology:
		  hosts:
		    a: {}
		    b: {sysctl: {net.ipv4.conf.eth0.tag: "x'; touch $work/owned; '", net.ipv4.odd: "$value"}}
		  links: [a -- b]
		steps:
		  - a: {listen: 80, as: door}
		  - b: {dial: "a:80", as: conn}
		  - b: {send: conn, text: "\$(touch $work/owned)\\n touch $work/owned"}
	END
	run 0 show --commands "$work/odd.yaml"
	cp "$work/out" "$work/odd.sh"
	mkdir "$work/bin"
	# shellcheck disable=SC2016 # for the shell that runs it
	printf '#!/bin/sh\n[ "$5" != -qw ] || printf "%%s\\n" "$6" >>"%s/said"\n' "$work" >"$work/bin/ip"
	chmod +x "$work/bin/ip"
	PATH=$work/bin:$PATH sh "$work/odd.sh"
	[ ! -e "$work/owned" ]
	grep -qxF "net.ipv4.odd=$value" "$work/said"
	grep -qxF "net.ipv4.conf.eth0.tag=x'; touch $work/owned; '" "$work/said"
}

# topology TEXT: what is drawn of that topology is on stdin
topology() {
	printf 'name: test\ntitle: t\nstory: s\nremedy: r\n%s\nsteps: [{wait: 1ms}]\n' "$1" >"$work/drawn.yaml"
	run 0 show "$work/drawn.yaml"
	sed -n '/^Topology$/,/^Steps$/p' "$work/out" | sed '1d;$d' | sed '$d' >"$work/drawn"
	diff -u - "$work/drawn"
}

pictures() {
	topology 'ip: [4]' <<-'END'
		  ┌────────┐                   ┌────┐                   ┌────────┐
		  │ client ├───────────────────┤ fw ├───────────────────┤ server │
		  └────────┘                   └────┘                   └────────┘
		            10.0.1.1   10.0.1.2      10.0.2.1   10.0.2.2
	END
	# both families, a wire that does not fit, what sits at a host and on a wire; hosts in another order
	topology 'ip: [dual]
topology:
  hosts: {b: {forward: true, nat: {masquerade: true, 80: "client:8080"}}, client: {}, c: {}}
  links: [client -- b: {mtu: 1400}, c -- b: {delay: 20ms}]
faults: {f: {at: c, match: {from: client, segment: [syn, fin]}, action: drop, active: false}}' <<-'END'
		  ┌────────┐                             ┌───┐
		  │ client ├─────────────────────────────┤ b ├─────────────┄┄
		  └────────┘                             └───┘
		            10.0.1.1             10.0.1.2     10.0.2.2
		            fd00:0:0:1::1   fd00:0:0:1::2     fd00:0:0:2::2
		                                         = nat: masquerade, port 80 to
		                                           client:8080

		                 ┌───┐
		  ┄┄─────────────┤ c │
		                 └───┘
		         10.0.2.1
		    fd00:0:0:2::1
		                 x f: drop syn, fin from client (off at first)
		  ~ client -- b: MTU 1400
		  ~ c -- b: 20 ms
	END
	# a ring, two wires between the same two, a branch
	topology 'ip: [4]
topology:
  hosts: {a: {forward: true}, b: {forward: true}, c: {forward: true}, d: {}}
  links: [a -- b, b -- c, c -- a, a -- b, b -- d]
faults: {f: {at: b, action: drop}}' <<-'END'
		  a
		  ├─ b  10.0.1.1 ── 10.0.1.2
		  │  x f: drop all
		  │  ├─ c  10.0.2.1 ── 10.0.2.2  (below)
		  │  └─ d  10.0.5.1 ── 10.0.5.2
		  ├─ c  10.0.3.2 ── 10.0.3.1
		  └─ b  10.0.4.1 ── 10.0.4.2  (above)
	END
	# where only ASCII can be shown
	LC_ALL=C topology 'ip: [4]
topology: {hosts: {a: {}, b: {}, c: {}, d: {}}, links: [a -- b, a -- c, a -- d]}' <<-'END'
		  a
		  |- b  10.0.1.1 -- 10.0.1.2
		  |- c  10.0.2.1 -- 10.0.2.2
		  `- d  10.0.3.1 -- 10.0.3.2
	END
	# nothing is wider than the terminal
	command -v script >/dev/null || return 0
	script -qec "stty cols 50; '$NSLAB' show dial-ok" /dev/null </dev/null >"$work/out"
	says out '┄┄────────┤ server │'
	[ "$(sed -n '/^Topology/,/^Steps/p' "$work/out" | tr -d '\r' | wc -L)" -le 50 ]
}

# What nslab says of a scenario is ASCII in the C locale; --source is the file as it is.
ascii() {
	local name names

	LC_ALL=C run 0 list
	says_ascii
	mapfile -t names < <(cut -d ' ' -f 1 "$work/out")
	LC_ALL=C run 0 show "${names[@]}"
	says_ascii
	for name in "${names[@]}"; do
		LC_ALL=C run 0 show --commands "$name"
		says_ascii
	done
}

own_files() {
	run 0 new "$work/mine.yaml"
	run 0 validate "$work/mine.yaml"
	run 0 run "$work/mine.yaml"
	run 2 new "$work/mine.yaml"
	says err '--force'
	mkdir -p "$work/mine/dial"
	sed 's/^title: .*/title: an override/' "$work/mine.yaml" | sed 's/^name: .*/name: dial-ok/' \
		>"$work/mine/dial/ok.yaml"
	run 0 list --scenarios "$work/mine"
	says out 'an override'
	NSLAB_SCENARIOS=$work/mine run 0 show dial-ok
	says out 'an override'
	# known by its path and by what it calls itself
	sed 's/^name: .*/name: quite-another/' "$work/mine.yaml" >"$work/mine/dial/path.yaml"
	run 0 show dial-path --scenarios "$work/mine"
	run 0 show quite-another --scenarios "$work/mine"
	run 2 list --scenarios "$work/nowhere"
	says err 'No such file or directory'
}

documents() {
	local root=$here/../..

	# not there in the copy that an ordinary user's test runs in
	[ -f "$root/docs/scenario-format.md" ] || return 0
	run 0 reference
	diff -u "$root/docs/scenario-format.md" "$work/out" ||
		{ echo 'mend it: nslab reference > docs/scenario-format.md'; return 1; }
}

schemas() {
	run 0 schema
	says out 'events'
	run 0 schema events
	says out '"nslab:events:1"'
	run 2 schema evnts
	says err "did you mean 'events'?"
	run 2 schema events events
	says err 'takes one word'
	run 2 schema $'a\033[2J'
	says err 'a\x1b[2J'
}

one_case "$@"
skip_without_namespaces
each_case unknown_scenario usage_errors help_everywhere bad_names bad_values bad_topologies bad_files \
	what_never_comes failures_say_where skipped_is_not_passed needs pipes terminal events script_is_quoted pictures ascii own_files documents \
	schemas
