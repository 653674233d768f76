#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The worked examples of examples/README.md: tests of a client in C, Go, Python, JavaScript and shell, each run in a
# lab. They pass; without the fault they fail; and they fail for a client that has lost its timeout. A language whose
# tools are missing is skipped, with EXAMPLES_REQUIRED=1 that is a failure. NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source=tests/kernel/frame.sh
. "$(dirname "${BASH_SOURCE[0]}")/frame.sh"
skip_without_namespaces
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/examples.XXXXXX")
declare -A running=() # processes, by round and language
end() {
	[ ${#running[@]} = 0 ] || kill "${running[@]}" 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# nothing is fetched, and nothing is left behind; vet is go.sh's, where it has looked at the libraries already
export GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-vet=off GOENV=off GOWORK=off GOCACHE=$work/cache GOPATH=$work/path

declare -A folder=([c]=c [go]=go-test [pytest]=pytest [node]=node-test [shell]=shell)
# what tells that a test has passed, and that it has failed; %s is its name
declare -A passes=(
	[c]='^\[ +OK \] test_%s' [go]='^--- PASS: Test%s' [pytest]='::test_%s PASSED'
	[node]='^(ok [0-9]+ - |✔ )%s' [shell]='^ok - %s'
)
declare -A fails=(
	[c]='^\[ +FAILED +\] test_%s' [go]='^--- FAIL: Test%s' [pytest]='::test_%s FAILED'
	[node]='^(not ok [0-9]+ - |✖ )%s' [shell]='^not ok - %s'
)
# what tells that the first of them has found a client that hangs
declare -A hangs=(
	[c]='Alarm clock' [go]="${fails[go]}" [pytest]='still busy after 10 s'
	[node]="${fails[node]}" [shell]="${fails[shell]}"
)
gives_up='gives.?up.?in.?time'
recovers='recovers.?when.?the.?firewall.?heals'

# missing LANGUAGE: says what of its tools is not here, if any
missing() {
	case $1 in
	c)
		printf '#include <setjmp.h>\n#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <cmocka.h>\nint main(void) { return 0; }\n' |
			cc -x c -o /dev/null - -lcmocka 2>/dev/null || echo "no C compiler, or no cmocka"
		;;
	go) command -v go >/dev/null || echo "go is not installed" ;;
	pytest) [ -n "$pytest" ] || echo "pytest is not installed" ;;
	node) node -e 'require("node:test"); AbortSignal.timeout(1)' 2>/dev/null || echo "node 18 or later is not installed" ;;
	shell) command -v curl >/dev/null || echo "curl is not installed" ;;
	esac
}

# suite LANGUAGE FOLDER [OPTION…]: as examples/README.md says, with options of nslab exec
suite() {
	local language=$1

	cd "$2/${folder[$language]}"
	shift 2
	case $language in
	c)
		cc -Wall -Wextra -Werror -o dial_test dial_test.c dial.c -lcmocka
		exec "$NSLAB" exec --within 60s "$@" dial-syn-dropped -- ./dial_test
		;;
	go) exec "$NSLAB" exec --within 60s "$@" dial-syn-dropped -- go test -v -count=1 ;;
	pytest) exec "$NSLAB" exec --within 60s "$@" ../lab.yaml -- "$pytest" -v ;;
	node) exec "$NSLAB" exec --within 60s "$@" ../lab.yaml -- node --test fetch.test.js ;;
	shell) exec "$NSLAB" exec --within 60s "$@" ../lab.yaml -- ./fetch_test.sh ;;
	esac
}

# start ROUND LANGUAGE ARG…: that suite in the background
start() {
	local log=$work/$1.$2

	shift
	suite "$@" </dev/null >"$log" 2>&1 &
	running[${log##*/}]=$!
}

# finish ROUND LANGUAGE: leaves its exit status in $status
finish() {
	status=0
	wait "${running[$1.$2]}" || status=$?
	unset "running[$1.$2]"
}

# told ROUND LANGUAGE PATTERN [TEST]
told() {
	local pattern=${3//%s/${4:-}}

	grep -qiE -- "$pattern" "$work/$1.$2" || {
		echo "expected: $pattern"
		return 1
	}
}

# judged NAME ROUND LANGUAGE RESULT: its output is shown if it went wrong
judged() {
	[ "$4" = 0 ] || {
		echo "exit status $status"
		cat "$work/$2.$3"
	}
	case_ended "$3: $1" "$4"
}

they_pass() {
	local language result

	for language; do
		start pass "$language" "$work/whole"
	done
	for language; do
		result=0
		finish pass "$language"
		[ "$status" = 0 ] || result=1
		told pass "$language" "${passes[$language]}" "$gives_up" || result=1
		told pass "$language" "${passes[$language]}" "$recovers" || result=1
		judged "it gives up in time, and it recovers" pass "$language" "$result"
	done
}

# spoil FILE EXPRESSION: by sed, which has to find something
spoil() {
	sed -i -e "$2" "$work/spoilt/$1"
	! cmp -s "$work/spoilt/$1" "$work/whole/$1" || {
		echo "no timeout was found in examples/$1"
		return 1
	}
}

# each client without its timeout
spoil_all() {
	cp -r "$work/whole" "$work/spoilt"
	spoil c/dial.c 's/poll(&pollfd, 1, timeout_ms)/poll(\&pollfd, 1, -1 + 0 * timeout_ms)/'
	spoil go-test/dial.go 's/Timeout: timeout/Timeout: 0 * timeout/'
	spoil pytest/fetch.py 's/, timeout=timeout//'
	spoil node-test/fetch.js 's/AbortSignal.timeout(timeoutMs)/new AbortController().signal/'
	spoil shell/fetch.sh 's/--max-time 0.5//'
}

# none of them must pass without a firewall that drops, or with a client that never gives up
they_can_fail() {
	local language result

	for language; do
		start open "$language" "$work/whole" --fault-off syn-dropped
		start hang "$language" "$work/spoilt"
	done
	for language; do
		result=0
		finish open "$language"
		[ "$status" != 0 ] || result=1
		told open "$language" "${fails[$language]}" "$gives_up" || result=1
		told open "$language" "${fails[$language]}" "$recovers" || result=1
		judged "without the fault both tests fail" open "$language" "$result"
		result=0
		finish hang "$language"
		[ "$status" != 0 ] || result=1
		told hang "$language" "${hangs[$language]}" "$gives_up" || result=1
		judged "without its timeout it is found to hang" hang "$language" "$result"
	done
}

# the code that README.md shows is that of the files
readme_is_true() {
	python3 - "$work/whole" <<'END'
import pathlib, re, sys
folders = {"c": "c", "go": "go-test", "python": "pytest", "js": "node-test", "sh": "shell"}
top = pathlib.Path(sys.argv[1])
blocks = re.findall(r"^```(\w+)\n(.*?)^```$", (top / "README.md").read_text(), re.M | re.S)
parts = [(lang, part) for lang, text in blocks for part in text.split("…\n")]
files = {lang: [f.read_text() for f in (top / folder).glob("*.*") if f.is_file()]
         for lang, folder in folders.items()}
wrong = [part for lang, part in parts if not any(part in text for text in files[lang])]
print(*wrong, sep="\n", end="")
sys.exit(bool(wrong) or {lang for lang, _ in parts} != set(folders))
END
}

# whoever runs all tests of a project may have no lab
outside_they_skip() {
	local status=0

	(cd "$work/whole/shell" && env -u NSLAB ./fetch_test.sh) >"$work/outside.shell" || status=$?
	told outside shell '^1\.\.0 # SKIP no lab' || status=1
	judged "outside a lab it is skipped" outside shell "$status"
}

pytest=$(command -v pytest-3 || command -v pytest || true)
languages=()
skipped=0
for language in c go pytest node shell; do
	why=$(missing "$language")
	if [ -z "$why" ]; then
		languages+=("$language")
	elif [ "${EXAMPLES_REQUIRED:-}" = 1 ]; then
		echo "$why, and EXAMPLES_REQUIRED=1"
		case_ended "$language" 1
	else
		echo "skipped $language: $why"
		skipped=$((skipped + 1))
	fi
done
[ "$failed" != 0 ] || [ ${#languages[@]} != 0 ] || skip "none of the languages is here"

cp -r "$examples" "$work/whole"
status=0
readme_is_true || status=$?
case_ended "README.md shows what the files have" "$status"
case " ${languages[*]} " in
*' go '*)
	status=0
	(cd "$work/whole/go-test" && go test -c -o /dev/null) || status=$?
	case_ended "go: it compiles" "$status"
	;;
esac
they_pass "${languages[@]}"
if [ -z "${NSLAB_TEST_QUICK:-}" ]; then
	spoil_all
	they_can_fail "${languages[@]}"
fi
outside_they_skip
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
