#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every shipped scenario and case passes, REPEAT times in a row, side by side. Whether it could fail is
# prove.sh's question. NSLAB names the program.
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
wrong=$((cases * REPEAT - ${passed:-0} - ${skipped:-0}))
echo "${passed:-0} passed, $wrong failed, ${skipped:-0} skipped"
[ "$status" = 0 ] && [ "$wrong" = 0 ] && [ "${failed:-1}" = 0 ]
