#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Captures, as tshark and capinfos read them: every packet of the log is there with all of its options,
# and what was done to it stands on it. Each case is one function; its name is what it shows.
# NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
# shellcheck source-path=SCRIPTDIR source=frame.sh
. "$(dirname "${BASH_SOURCE[0]}")/frame.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# tshark reads its user's settings: it shall find none
export LC_ALL=C.UTF-8 HOME=$work
unset NO_COLOR NSLAB_SCENARIOS GITHUB_ACTIONS XDG_CONFIG_HOME

fail() {
	echo "$*"
	return 1
}

# same WHAT GOT WANTED
same() {
	[ "$2" = "$3" ] || fail "$1: $2 instead of $3"
}

# record ARG…: run it, keeping the log and the capture. Where this machine was too slow for one of its
# expectations (status 1) there is all the same a capture, which has to agree with the log.
record() {
	local status=0

	timeout 60 "$NSLAB" run "$@" --events "$work/log" --pcapng "$work/cap" \
		</dev/null >"$work/out" 2>&1 || status=$?
	[ "$status" -le 1 ] || {
		cat "$work/out"
		fail "nslab run $*: exit status $status"
	}
}

# again LOG: the same from the log
again() {
	timeout 60 "$NSLAB" report "$1" --pcapng "$work/cap" </dev/null >"$work/out" 2>&1 || {
		cat "$work/out"
		fail "nslab report $1"
	}
}

# What tshark and capinfos say about the file itself; that they run as root they say each time. The
# frames go to $work/frames, a line for each: tshark takes a second to start, so it is asked once.
readable() {
	local field args=()

	for field in frame.interface_name frame.packet_flags_direction frame.protocols frame.comment \
		frame.len frame.cap_len tcp.flags tcp.options.mss_val tcp.options.wscale.shift \
		tcp.checksum.status ip.checksum.status icmp.type frame.time_epoch \
		frame.interface_description; do
		args+=(-e "$field")
	done
	timeout 60 capinfos -M "$work/cap" >"$work/info" 2>"$work/err"
	timeout 60 tshark -n -r "$work/cap" -T fields -E 'aggregator=|' -E separator=/t "${args[@]}" \
		-o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE >"$work/frames" 2>>"$work/err"
	! grep -v 'Running as user' "$work/err" || fail "a warning about the file"
	same 'frames' "$(wc -l <"$work/frames")" "$(sed -n 's/^Number of packets: *//p' "$work/info")"
}

# frames CONDITION: those that meet it, in awk's words; syslog is what stands for no packet
frames() {
	awk -F '\t' "{ face = \$1; out = \$2 ~ /2\$/; into = \$2 ~ /1\$/; protocols = \$3; comment = \$4
		len = \$5; captured = \$6; flags = \$7; mss = \$8; scale = \$9; tcp_sum = \$10; ip_sum = \$11
		icmp_type = \$12; stamp = \$13; description = \$14; syslog = protocols ~ /:syslog/ } $1" "$work/frames"
}

# count CONDITION: how many
count() {
	frames "$1" | wc -l
}

# faces CONDITION: interfaces on which they are, "2 fw:eth0"
faces() {
	frames "$1" | cut -f 1 | sort | uniq -c | sed 's/^ *//' | paste -sd ,
}

# records WORDS: how many records of the log have them
records() {
	grep -c -- "$1" "$work/log" || true
}

# All packets of the log are there; what has no direction is a hit for which none was found.
complete() {
	readable
	same 'packets' "$(count '!syslog && (into || out)')" "$(records '"type":"packet"')"
}

# says TEXT: capinfos does, about the file
says() {
	grep -qF -- "$1" "$work/info" || fail "expected: $1"
}

# Readers look up interfaces in the first section only.
one_section() {
	! grep '^Section [1-9]' "$work/info" || fail 'more than one section'
}

# what the log of dial-syn-dropped must have become; $1: how tshark calls the IP header
check_syn_dropped() {
	local host

	complete
	same 'SYN leaving' "$(faces 'flags == "0x0002" && out')" '2 client:eth0'
	same 'SYN arriving' "$(faces 'flags == "0x0002" && into')" '2 fw:eth0'
	same 'all of them' "$(count '!syslog')" 4
	same 'dropped' "$(faces '!syslog && into && comment == "dropped by syn-dropped"')" '2 fw:eth0'
	same 'hits' "$(count '!syslog && comment ~ /dropped by/')" "$(records '"type":"hit"')"
	same 'retries' "$(faces 'comment ~ /^retry 1, 1/')" '1 client:eth0'
	same 'whole' "$(count '!syslog && len == captured')" 4
	same 'version' "$(count "protocols ~ /^raw:$1:tcp/")" 4
	same 'deadline' "$(faces 'syslog && comment ~ /^dial: deadline after 2\.5/')" '1 client (program)'
	same 'state' "$(faces 'syslog && comment == "[conn SYN-SENT]"')" '1 client (program)'
	for host in client fw server; do
		says "Name = $host:eth0"
	done
	says 'Capture application: nslab '
	says 'Capture hardware:    network namespaces'
	same 'run' "$(count 'comment ~ /^run: dial-syn-dropped\[ip=[46]\] - .*\|again: nslab run dial-syn-dropped --set ip=/')" 1
	same 'hosts' "$(faces 'syslog && comment ~ /\|hosts: client, fw, server\|/')" '1 lab (program)'
}

# with the packets' own bytes, live and again, and with rebuilt headers
syn_dropped() {
	local ip header=(0 0 0 0 ip 0 ipv6)

	for ip in 4 6; do
		record dial-syn-dropped --set "ip=$ip"
		check_syn_dropped "${header[ip]}"
		same 'options' "$(count 'mss > 0 && scale > 0')" 4
		cp "$work/cap" "$work/live"
		again "$work/log"
		cmp "$work/cap" "$work/live"
		sed -i 's/,"bytes":"[^"]*"}$/}/' "$work/log"
		same 'bytes' "$(records '"bytes":"')" 0
		again "$work/log"
		check_syn_dropped "${header[ip]}"
		same 'options' "$(count 'mss != "" || scale != ""')" 0
		same 'checksums' "$(count 'tcp_sum ~ /^(1|Good)$/ && (protocols ~ /^raw:ipv6/ || ip_sum ~ /^(1|Good)$/)')" 4
		same 'rebuilt' "$(faces 'comment ~ /\|Headers rebuilt from the log/')" '1 lab (program)'
	done
}

# what docs/pcapng.md tells people to type, and what they see
by_hand() {
	record dial-syn-dropped --set ip=4
	tshark -n -r "$work/cap" -Y 'frame.comment contains "dropped by"' >"$work/list" 2>/dev/null
	same 'dropped' "$(grep -c 'SYN' "$work/list")" "$(wc -l <"$work/list")"
	same 'dropped' "$(wc -l <"$work/list")" 2
	tshark -n -r "$work/cap" -Y 'syslog && frame.comment contains "dial"' >"$work/list" 2>/dev/null
	grep -q 'dial: deadline after ' "$work/list" || {
		cat "$work/list"
		fail 'no text in the column Info'
	}
	tshark -n -r "$work/cap" -Y 'frame.interface_name == "client:eth0"' >"$work/list" 2>/dev/null
	same 'retransmissions' "$(grep -c 'TCP Retransmission' "$work/list")" 1
}

# What the fault held left when it was let go, and both are said.
delayed() {
	record dial-synack-late
	complete
	same 'held' "$(count 'into && comment ~ /delayed by slow(\||$)/')" "$(records '"type":"hit"')"
	same 'let go' "$(count 'out && comment ~ /delayed by slow, held [1-9]/')" "$(records '"type":"release"')"
}

# Rejects answer with ICMP errors, which quote what was rejected.
rejected() {
	record dial-reject-icmp
	complete
	same 'rejected' "$(count 'into && comment ~ /rejected by / && protocols !~ /icmp/')" "$(records '"type":"hit"')"
	[ "$(count 'icmp_type == 3 && protocols ~ /icmp:ip:tcp/')" -gt 0 ] || fail 'no ICMP error'
}

# What a link lost left and never came; what it held came when it was let go. A busy machine may take
# more than 5 ms from the one end to the other: then what was lost stands by itself.
lost() {
	record conn-lossy
	complete
	same 'lost' "$(count '!syslog && !into && comment ~ /lost on /')" "$(records '"type":"hit".*"past":"lost')"
	[ "$(count 'out && comment ~ /lost on /')" -gt 0 ] || fail 'nothing was lost'
	same 'held' "$(count 'comment ~ /on the link; stamped /')" "$(records '"type":"packet".*"held_ns":')"
}

disarmed() {
	timeout 60 "$NSLAB" run dial-syn-dropped --set ip=4 --disarm --pcapng "$work/cap" \
		</dev/null >"$work/out" 2>&1 && fail 'passed without its fault'
	readable
	same 'let pass' "$(faces '!syslog && comment == "let pass by syn-dropped (disarmed)"')" '1 fw:eth0'
	same 'said' "$(faces 'comment ~ /^run: .*\|--disarm: /')" '1 lab (program)'
}

# Several runs are in one section.
joined() {
	record dial-syn-dropped
	same 'runs' "$(records '"type":"begin"')" 2
	complete
	same 'hits' "$(count 'into && comment ~ /dropped by/')" "$(records '"type":"hit"')"
	same 'ends' "$(count 'syslog && comment ~ /^passed: /')" "$(records '"type":"end".*"result":"passed"')"
	same 'begins' "$(faces 'syslog && comment ~ /^run: /')" '2 lab (program)'
	one_section
}

# logged CASE: the packets of that run by its log, "1767225600.000352801 client:eth0 out"
logged() {
	local line wall='' stamp hosts=() out

	while read -r line; do
		case $line in
		'{"type":"begin",'*)
			wall=''
			[[ $line == *"\"name\":\"$1\","* ]] || continue
			[[ $line =~ \"hosts\":\[([^]]*)\] ]]
			IFS=, read -ra hosts <<<"${BASH_REMATCH[1]//\"/}"
			[[ $line =~ \"wall_ns\":([0-9]+) ]]
			wall=${BASH_REMATCH[1]}
			;;
		'{"type":"packet",'*)
			[ -n "$wall" ] || continue
			[[ $line =~ \"t_ns\":(-?[0-9]+),\"host\":([0-9]+),\"ifname\":\"([^\"]+)\",\"out\":(true|false) ]]
			stamp=$((wall + BASH_REMATCH[1]))
			out=in
			[ "${BASH_REMATCH[4]}" = false ] || out=out
			printf '%d.%09d %s %s\n' $((stamp / 1000000000)) $((stamp % 1000000000)) \
				"${hosts[BASH_REMATCH[2]]}:${BASH_REMATCH[3]}" $out
			;;
		esac
	done <"$work/log" | sort
}

# shown CONDITION: the same of packets that meet it, by tshark
shown() {
	frames "!syslog && (into || out) && $1" |
		awk -F '\t' '{ print $13, $1, ($2 ~ /2$/ ? "out" : "in") }' | sort
}

# Runs with hosts and interfaces of their own: each packet is on the interface that the log says.
different() {
	local names=('dial-ok[ip=6]' 'dial-asymmetric[ip=6]' 'dial-through-nat[ip=6]') name

	record dial-ok dial-asymmetric dial-through-nat --set ip=6
	complete
	for name in "${names[@]}"; do
		logged "$name" >"$work/logged"
		[ -s "$work/logged" ] || fail "nothing of $name is in the log"
		cat "$work/logged" >>"$work/all"
	done
	shown 1 >"$work/shown"
	sort "$work/all" | diff - "$work/shown" || fail 'tshark names other interfaces than the log'
	for name in "${names[@]}"; do
		logged "$name" >"$work/logged"
		shown "index(description, \"$name: \") == 1" >"$work/shown"
		diff "$work/logged" "$work/shown" || fail "descriptions do not select $name"
		says "Description = $name: link to "
		tshark -n -r "$work/cap" -Y "frame.interface_description contains \"$name: \" && !syslog" \
			2>/dev/null >"$work/list"
		[ "$(wc -l <"$work/list")" -ge "$(wc -l <"$work/logged")" ] || fail "the filter for $name"
		same "run $name" "$(count "index(comment, \"run: $name - \") == 1 && face == \"lab (program)\"")" 1
	done
	same 'faces' "$(sed -n 's/^ *Name = \(router:.*\)/\1/p' "$work/info" | wc -l)" 2
	one_section
	cp "$work/cap" "$work/live"
	again "$work/log"
	cmp "$work/cap" "$work/live"
}

# a log that ends anywhere
cut_logs() {
	local size part

	record dial-syn-dropped --set ip=4
	cp "$work/log" "$work/whole"
	size=$(stat -c %s "$work/whole")
	for part in 2 5 8; do
		head -c $((size * part / 10)) "$work/whole" >"$work/log"
		again "$work/log"
		readable
	done
}

one_case "$@"
skip_without_namespaces
if ! command -v tshark >/dev/null || ! command -v capinfos >/dev/null; then
	echo "tshark and capinfos are missing (Debian: tshark)"
	[ "${CI:-}" != true ] || exit 1
	exit 77
fi
each_case syn_dropped by_hand delayed rejected lost disarmed joined different cut_logs
