#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every shipped scenario and case runs and passes, and would not pass if what it shows did not
# happen: with its faults disarmed it fails; a case without faults fails when any one of its
# expectations is turned round. A check that cannot fail is a defect.
#
# Runs spend their time waiting, so several go on side by side. NSLAB names the program. One line
# for each scenario, the output of what went wrong, and what was counted: a run of nslab each.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
SIDE_BY_SIDE=${NSLAB_TEST_JOBS:-$((2 * $(nproc) + 2))}

work=$(mktemp -d)
declare -A scenario expected what words_of pid_of
running=()
end() {
	local job

	for job in "${running[@]}"; do
		kill -TERM "${pid_of[$job]}" 2>/dev/null || true
	done
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
skipped=0
jobs=0
shown='' # the scenario whose line is being made
line_passed=0
line_failed=0
line_skipped=0

line_end() {
	[ -n "$shown" ] || return 0
	printf '%-28s %3d runs as expected' "$shown" "$line_passed"
	[ "$line_failed" = 0 ] || printf ', %d not' "$line_failed"
	[ "$line_skipped" = 0 ] || printf ', %d skipped' "$line_skipped"
	echo
	passed=$((passed + line_passed))
	failed=$((failed + line_failed))
	skipped=$((skipped + line_skipped))
	line_passed=0
	line_failed=0
	line_skipped=0
}

# Wait for the oldest of those that run, and judge it.
reap() {
	local job=${running[0]} status=0

	wait "${pid_of[$job]}" || status=$?
	running=("${running[@]:1}")
	# what nslab itself could not keep on a busy machine, it says; that is no answer yet
	for _ in 1 2 3; do
		if [ "$status" != 3 ] || ! grep -q 'ETIME (' "$work/$job"; then
			break
		fi
		echo "again, the machine was too busy: ${what[$job]}"
		status=0
		eval "\"\$NSLAB\" run ${words_of[$job]} -q" </dev/null >"$work/$job" 2>&1 || status=$?
	done
	if [ "${scenario[$job]}" != "$shown" ]; then
		line_end
		shown=${scenario[$job]}
	fi
	if [ "$status" = "${expected[$job]}" ]; then
		line_passed=$((line_passed + 1))
	elif [ "$status" = 77 ]; then
		line_skipped=$((line_skipped + 1))
		echo "skipped: ${what[$job]}"
		sed 's/^/    /' "$work/$job"
	else
		line_failed=$((line_failed + 1))
		echo "WRONG: ${what[$job]}: exit status $status instead of ${expected[$job]}"
		sed 's/^/    /' "$work/$job"
	fi
	rm -f "$work/$job"
}

# start SCENARIO EXPECTED-STATUS ARG…
start() {
	while [ ${#running[@]} -ge "$SIDE_BY_SIDE" ]; do
		reap
	done
	scenario[$jobs]=$1
	expected[$jobs]=$2
	shift 2
	what[$jobs]="nslab run $*"
	words_of[$jobs]=$(printf '%q ' "$@")
	"$NSLAB" run "$@" -q </dev/null >"$work/$jobs" 2>&1 &
	pid_of[$jobs]=$!
	running+=("$jobs")
	jobs=$((jobs + 1))
}

"$NSLAB" list --cases >"$work/cases"
[ -s "$work/cases" ] || {
	echo "nslab list --cases shows no case"
	exit 1
}

while IFS=$'\t' read -r name set faults expectations <&3; do
	words=()
	eval "values=($set)" # nslab has quoted them for the shell
	# shellcheck disable=SC2154 # set by eval
	for value in "${values[@]}"; do
		words+=(--set "$value")
	done
	start "$name" 0 "$name" "${words[@]}"
	if [ "$faults" -gt 0 ]; then
		start "$name" 1 "$name" "${words[@]}" --disarm
	else
		for ((n = 1; n <= expectations; n++)); do
			start "$name" 1 "$name" "${words[@]}" --invert "$n"
		done
	fi
	start "$name" 2 "$name" "${words[@]}" --invert $((expectations + 1))
done 3<"$work/cases"
while [ ${#running[@]} -gt 0 ]; do
	reap
done
line_end

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] || exit 1
[ "$passed" != 0 ] || exit 77
