#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every shipped scenario and case passes, REPEAT times in a row, side by side. Whether it could fail is
# prove.sh's question. NSLAB names the program.
#
# A run in which nslab itself says that the machine was too busy for its delay line has shown nothing: it is asked again, alone,
# at most three times, for at most five of them.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
REPEAT=${NSLAB_TEST_REPEAT:-3}
[ -z "${NSLAB_TEST_QUICK:-}" ] || REPEAT=1

if [ "$(id -u)" != 0 ] && ! unshare -Ur true 2>/dev/null; then
	echo "skipped: this system gives an ordinary user no namespaces"
	exit 77
fi

cases=$("$NSLAB" list --cases | wc -l)
[ "$cases" != 0 ] || {
	echo "nslab list --cases shows no case"
	exit 1
}
status=0
output=$("$NSLAB" run --all -q --repeat "$REPEAT" </dev/null 2>&1) || status=$?
printf '%s\n' "$output"
read -r passed failed skipped < <(sed -n \
	's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped.*/\1 \2 \3/p' <<<"$output" | tail -n 1)

# again: the command lines that repeat those runs
again() {
	awk '/^(ERROR|FAILED|SKIPPED|PASSED) / { block = "" }
		{ block = block " " $0 }
		sub(/^again: nslab run /, "") && block ~ /machine was too +busy/ { print }' <<<"$output" | tr -s ' ' |
		head -n 5
}

while read -r -a words; do
	for try in 1 2 3; do
		echo "asked again ($try): nslab run ${words[*]}"
		if "$NSLAB" run "${words[@]}" -q </dev/null; then
			passed=$((passed + 1))
			status=0
			break
		fi
	done
done < <(again)
wrong=$((cases * REPEAT - ${passed:-0} - ${skipped:-0}))
echo "${passed:-0} passed, $wrong failed, ${skipped:-0} skipped"
[ "$status" = 0 ] && [ "$wrong" = 0 ] && [ "${failed:-1}" = 0 ]
