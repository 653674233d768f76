#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck disable=SC2016 # backquotes are Markdown's
# reports.sh BUILD-DIR - what reports cost, as a Markdown table: from a log of a million packets, and while a run goes on
set -euo pipefail

build=${1:?the build folder}
nslab=$build/nslab
rounds=15
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$build/tests/make_log" 1000000 >"$work/log"
printf '| a log of 1 000 000 packets (%d MB) as | s | MB of memory |\n|---|---|---|\n' $(($(stat -c %s "$work/log") / 1000000))
for report in --ladder '--ladder --unfold' --json "--pcapng $work/x" "--html $work/x" "--junit $work/x" --tap; do
	# shellcheck disable=SC2086 # words
	/usr/bin/time -f '%e %M' -o "$work/cost" "$nslab" report "$work/log" $report >/dev/null
	read -r seconds memory <"$work/cost"
	printf '| `%s` | %s | %d |\n' "${report%% /*}" "$seconds" $((memory / 1000))
done

declare -A how=([quiet]=-q [timeline]='' [ladder]=-v [all]="-v --events $work/e --html $work/h --pcapng $work/p --junit $work/j")
for ((i = 0; i < rounds; i++)); do
	for name in quiet timeline ladder all; do
		from=${EPOCHREALTIME/./}
		# shellcheck disable=SC2086 # words
		"$nslab" run conn-lossy --set ip=4 ${how[$name]} >/dev/null 2>&1 || true
		echo $((${EPOCHREALTIME/./} - from)) >>"$work/times.$name"
	done
done
median() {
	sort -n "$work/times.$1" | sed -n "$((rounds / 2 + 1))p"
}
printf '\n| `nslab run conn-lossy`, start to exit, median of %d | ms | times `-q` |\n|---|---|---|\n' "$rounds"
for name in quiet timeline ladder all; do
	awk -v n="$name" -v t="$(median $name)" -v q="$(median quiet)" 'BEGIN { printf "| %s | %.0f | %.2f |\n", n, t / 1000, t / q }'
done
