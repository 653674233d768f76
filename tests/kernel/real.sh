#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Scenarios that shorten a time of the kernel's, with the kernel's own: what their stories say about --set, as far
# as it takes less than three minutes; and a program that takes longer than any run may. All side by side. NSLAB names
# the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/frame.sh"
skip_without_namespaces
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

real=(
	"close-orphan-budget --set tcp_orphan_retries=0 --set holds=104s --set gone_within=15s"
	"close-fin-wait-2-timeout --set tcp_fin_timeout=60 --set holds=59s --set gone_within=10s"
	"close-wait-leak --set tcp_fin_timeout=60 --set gone_within=70s"
	"conn-pmtu-probing --set tcp_retries1=3"
	"dial-dns-blackhole --set timeout=5s --set after=10s"
	"dial-dns-tcp-dropped --set syn_retries=6 --set after=127s"
	"dial-kernel-gives-up --set retries=6 --set after=127s --set syns=7"
	"dial-no-neighbour --set retrans_time_ms=1000 --set gives_up_after=2990ms..5s"
)
# "127 seconds" is what a host does whose SYNs do not go every second at first; this is what others do
[ ! -e /proc/sys/net/ipv4/tcp_syn_linear_timeouts ] ||
	real+=("dial-kernel-gives-up --unpinned --set retries=6 --set after=131s --set syns=11")

real=("${real[@]/#/run }" "exec dial-ok -q -- sleep 90")

pids=()
for i in "${!real[@]}"; do
	read -ra words <<<"${real[i]}"
	[ "${words[0]}" = exec ] || words+=(-q)
	"$NSLAB" "${words[@]}" </dev/null >"$work/$i" 2>&1 &
	pids+=($!)
done
for i in "${!real[@]}"; do
	status=0
	wait "${pids[i]}" || status=$?
	[ "$status" = 0 ] || cat "$work/$i"
	case_ended "${real[i]}" "$status"
done
cases_ended
