#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every shipped scenario and case would not pass if what it shows did not happen: without its faults it
# fails, and with any one of its expectations turned round. A check that cannot fail is a defect.
# NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}

if [ "$(id -u)" != 0 ] && ! unshare -Ur true 2>/dev/null; then
	echo "skipped: this system gives an ordinary user no namespaces"
	exit 77
fi

# both as root and as somebody else: scenarios.sh shows that they run; once is enough for the rest
if [ -n "${NSLAB_TEST_AS:-}" ] && [ "$(id -u)" != 0 ]; then
	echo "skipped: whether a check can fail does not depend on who asks"
	exit 77
fi

status=0
output=$("$NSLAB" prove --all -q </dev/null) || status=$?
printf '%s\n' "$output"
proven=$(sed -n 's/^\([0-9]*\) of [0-9]* cases proven.*/\1/p' <<<"$output")
all=$(sed -n 's/^[0-9]* of \([0-9]*\) cases proven.*/\1/p' <<<"$output")
skipped=$(grep -c '^skipped ' <<<"$output" || true)
if [ "${proven:-0}" = 0 ]; then
	echo "nothing was proven"
	exit 1
fi
echo "$proven passed, $((all - proven - skipped)) failed, $skipped skipped"
exit "$status"
