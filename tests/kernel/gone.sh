#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Scenarios in gone/: links that go down and hosts that reboot while packets are held, are copied, or a
# server serves. Each passes, with the delay line; none makes the run a lab error. NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ "$(id -u)" != 0 ] && ! unshare -Ur true 2>/dev/null; then
	echo "skipped: this system gives an ordinary user no namespaces"
	exit 77
fi

passed=0
failed=0
for file in "$here"/gone/*.yaml; do
	if output=$("$NSLAB" run --shape queue "$file" 2>&1 </dev/null); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED %s\n%s\n' "$file" "$output"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
