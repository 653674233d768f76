#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docs/how-long-does-it-hang.md is what its results make, and the program that measures them measures. NSLAB names
# nslab.
# shellcheck disable=SC2317 # it does not see who calls the cases
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/frame.sh"
skip_without_namespaces
for tool in python3 curl; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
results=$root/docs/how-long-does-it-hang.tsv
page=$root/docs/how-long-does-it-hang.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# nothing is written beside the sources
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/clients

measure() {
	local want=$1

	shift
	ends "$want" "$root/tests/clients/measure.py" "$@"
}

# rows EXPRESSION: holds of what was measured, which is rows
rows() {
	python3 - "$work/out" "$1" <<'END'
import sys
import results
rows = results.read(sys.argv[1])[1]
if not eval(sys.argv[2]):
    sys.exit(f'not true: {sys.argv[2]}, of {rows}')
END
}

the_page_is_what_the_results_make() {
	ends 0 "$root/tests/clients/page.py" --check "$results" "$page"
	# and another page is another page
	sed 's/at once/in no time/' "$page" >"$work/page"
	ends 1 "$root/tests/clients/page.py" --check "$results" "$work/page"
	says out '^-.*in no time'
	says out '^\+.*at once'
}

a_row_cut_short_is_told() {
	awk 'NR == 20 { sub(/\t[^\t]*$/, "") } { print }' "$results" >"$work/cut.tsv"
	ends 1 "$root/tests/clients/page.py" "$work/cut.tsv"
	says err 'cut\.tsv:20: no row as measure\.py writes it'
}

# some of what the page says, once more; what hangs is ended, and told so
measurements_are_repeated() {
	measure 0 -c 8 'curl/dial-syn-dropped/--connect-timeout 3' 'curl/dial-reject-icmp/' \
		'curl/conn-peer-vanishes-on-read/'
	rows 'len(rows) == 3'
	# what lies before the first packet does not count; SYNs at 0, 1 and 3 s or, since Linux 6.5, every second
	rows 'not rows[0].hangs and rows[0].exit == 28 and 2500 <= rows[0].took_ms < 6000 and 2 <= rows[0].syns <= 5'
	rows 'rows[1].exit == 7 and rows[1].syns == 1 and "Couldn" in rows[1].printed'
	rows 'rows[2].hangs and rows[2].cap_s == 8 and rows[2].syns == 1 and rows[2].retransmits == 0'
}

# a lab in which nothing goes wrong measures nothing
without_its_fault_it_is_no_measurement() {
	cat >"$work/nslab" <<END
#!/bin/sh
[ "\$1" != exec ] || { shift; set -- exec --fault-off syn-dropped "\$@"; }
exec "$NSLAB" "\$@"
END
	chmod +x "$work/nslab"
	NSLAB=$work/nslab measure 1 -c 1 'curl/dial-syn-dropped/--connect-timeout 3'
	says err '^not measured: curl/dial-syn-dropped/--connect-timeout 3: nothing was lost'
}

bad_usage_is_told() {
	measure 1 'curl/no-such-scenario'
	says err "nothing called 'curl/no-such-scenario'"
	measure 2 -j many
	says err '^usage: measure\.py'
	measure 0 -l
	says out '^psql/close-fin-lost/$'
}

one_case "$@"
each_case the_page_is_what_the_results_make a_row_cut_short_is_told measurements_are_repeated \
	without_its_fault_it_is_no_measurement bad_usage_is_told
