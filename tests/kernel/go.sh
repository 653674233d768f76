#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Go programs in examples/go are well-formed, and print what their scenarios expect; and each of those
# could fail. (The test in examples/go-test is run by examples.sh.) Without a Go compiler that is skipped, with GO_REQUIRED=1 it fails. NSLAB names the program.
set -euo pipefail
# shellcheck source=tests/kernel/frame.sh
. "$(dirname "${BASH_SOURCE[0]}")/frame.sh"

NSLAB=${NSLAB:?the path of nslab}
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/go" && pwd)
skipped=0

# of what one run or proof came to, add it up: PASSED ALL SKIPPED
add() {
	passed=$((passed + $1))
	skipped=$((skipped + $3))
	failed=$((failed + $2 - $1 - $3))
}

run() {
	local output status=0 p=0 f=0 s=0

	output=$("$NSLAB" run "$examples/scenarios" -q </dev/null 2>&1) || status=$?
	printf '%s\n' "$output"
	read -r p f s < <(sed -n \
		's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped.*/\1 \2 \3/p' <<<"$output" |
		tail -n 1) || true
	add "${p:-0}" $((${p:-0} + ${f:-0} + ${s:-0})) "${s:-0}"
	case_ended "the scenarios can be run" $((status != 0))
}

prove() {
	local output status=0 p=0 all=0 s

	output=$("$NSLAB" prove "$examples/scenarios" -q </dev/null 2>&1) || status=$?
	printf '%s\n' "$output"
	read -r p all < <(sed -n 's/^\([0-9]*\) of \([0-9]*\) cases proven.*/\1 \2/p' <<<"$output") || true
	s=$(grep -c '^skipped ' <<<"$output" || true)
	add "${p:-0}" "${all:-0}" "$s"
	case_ended "the scenarios can be proven" $((status != 0))
}

if ! command -v go >/dev/null; then
	[ "${GO_REQUIRED:-}" != 1 ] || {
		echo "go is not installed, and GO_REQUIRED=1"
		exit 1
	}
	skip "go is not installed"
fi
skip_without_namespaces

work=$(mktemp -d "${TMPDIR:-/tmp}/go.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# nothing is fetched, and nothing is left behind
export GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0 GOENV=off GOWORK=off \
	GOCACHE=$work/cache GOPATH=$work/path GOTMPDIR=$work
mkdir "$work/bin"

unformatted=$(gofmt -l "$examples" "$examples-test")
[ -z "$unformatted" ] || printf 'gofmt would change %s\n' "$unformatted"
case_ended gofmt $((${#unformatted} != 0))
status=0
(cd "$examples" && go vet ./... && cd ../go-test && go vet ./...) || status=$?
case_ended "go vet" "$status"
status=0
(cd "$examples" && go build -p 2 -trimpath -buildvcs=false -o "$work/bin/" ./cmd/...) || status=$?
case_ended "go build" "$status"

if [ "$status" = 0 ]; then
	PATH=$work/bin:$PATH
	run
	[ -n "${NSLAB_TEST_QUICK:-}" ] || prove
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
