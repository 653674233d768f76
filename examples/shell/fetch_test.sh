#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Does fetch.sh give up in time, and does it recover when the firewall heals?
#
#     nslab exec --within 60s examples/lab.yaml -- examples/shell/fetch_test.sh
set -u

fetch=$(dirname "$0")/fetch.sh
url=http://server:8080/
export no_proxy='*' # the machine's proxy is not in the lab

gives_up_in_time() {
	status=0
	timeout 10 "$fetch" "$url" 1 || status=$? # a client that hangs: 124
	[ "$status" = 28 ] || return 1
	# it has tried twice, and no socket is left
	"$NSLAB" wait --within 10s 'fault syn-dropped hits >= 2' &&
		"$NSLAB" wait --within 10s 'socket client to server:8080 state CLOSED'
}

# wait until somebody's dial hangs, then let SYN pass
heal() {
	"$NSLAB" wait --within 10s 'socket client to server:8080 state SYN-SENT' &&
		"$NSLAB" fault off syn-dropped
}

recovers_when_the_firewall_heals() {
	heal &
	healer=$!
	answer=$("$fetch" "$url" 6)
	healed=0
	wait "$healer" || healed=$?
	"$NSLAB" fault on syn-dropped
	[ "$answer" = hello ] && [ "$healed" = 0 ]
}

if [ -z "${NSLAB:-}" ]; then
	echo "1..0 # SKIP no lab: nslab exec examples/lab.yaml -- $0"
	exit 0
fi
failed=0
# report STATUS NAME
report() {
	[ "$1" = 0 ] || {
		failed=1
		printf 'not '
	}
	echo "ok - $2"
}
gives_up_in_time
report $? "gives up in time"
recovers_when_the_firewall_heals
report $? "recovers when the firewall heals"
exit "$failed"
