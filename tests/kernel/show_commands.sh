#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What "nslab show --commands" prints is the lab that nslab builds. For each case both are built, the script
# in namespaces with names, the lab by a run that only waits, and compared from inside: addresses,
# MTUs, routes, neighbours, sysctls, offloads, qdiscs, and what the same little traffic meets and what the
# faults count of it. Then scripts with something taken out, each of which must be found out.
#
# Each case is a process in a network and a mount namespace of its own, with a /run of its own for "ip
# netns": the machine is not touched. NSLAB names the program; NSLAB_TEST_COMMANDS the cases, if not all.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
self=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$(basename "${BASH_SOURCE[0]}")
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
unset NSLAB_SCENARIOS

cases=(dial-ok syn-dropped-4 syn-dropped-6 reject-icmp through-nat idle-expired asymmetric lossy every-tenth
	mixture wrong)

# ---- outside: a process for each case, two at a time ----

if [ $# -eq 0 ]; then
	# shellcheck source-path=SCRIPTDIR source=frame.sh
	. "${self%/*}/frame.sh"
	for tool in ip nft tc ethtool sysctl nsenter perl; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	user=()
	[ "$(id -u)" = 0 ] || user=(-Ur)
	skip_without_namespaces "${user[@]}" -nm
	work=$(mktemp -d)
	declare -A case_of=()
	# shellcheck disable=SC2317 # by the trap
	end() {
		local pid

		for pid in "${!case_of[@]}"; do
			kill "$pid" 2>/dev/null || true
		done
		wait
		rm -rf "$work"
	}
	trap end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	reap() {
		local pid status=0

		wait -n -p pid "${!case_of[@]}" || status=$?
		cat "$work/${case_of[$pid]}"
		case_ended "${case_of[$pid]}" "$status"
		unset "case_of[$pid]"
	}

	[ -z "${NSLAB_TEST_COMMANDS:-}" ] || read -ra cases <<<"$NSLAB_TEST_COMMANDS"
	for name in "${cases[@]}"; do
		[ ${#case_of[@]} -lt 2 ] || reap
		unshare "${user[@]}" -nm bash "$self" "$name" >"$work/$name" 2>&1 &
		case_of[$!]=$name
	done
	while [ ${#case_of[@]} -gt 0 ]; do
		reap
	done
	cases_ended
	exit
fi

# ---- inside: one case ----

mount -t tmpfs tmpfs /run
work=$(mktemp -d)
front=
servers=()
end() {
	local pid

	[ -z "$front" ] || kill "$front" 2>/dev/null || true
	for pid in "${servers[@]}"; do
		kill -- "-$pid" 2>/dev/null || true
	done
	exec 2>/dev/null # bash tells that they were ended
	wait
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

netem=yes
ip link add netem-try type dummy 2>/dev/null || ip link add netem-try type veth
tc qdisc add dev netem-try root netem 2>/dev/null || netem=
ip link del netem-try

fail() {
	echo "$*"
	exit 1
}

# lab_start FILE WORD…: nslab builds the lab of that scenario and waits; the descriptors of its namespaces
# are in lab_fds
lab_start() {
	local file=$1 try fd pid

	shift
	awk '/^[a-z]/ { skip = /^steps:/ } !skip; END { print "steps:\n  - wait: 40s" }' "$file" >"$work/wait.yaml"
	"$NSLAB" run "$work/wait.yaml" "$@" --timeout 60s --events "$work/events" >"$work/run" 2>&1 &
	front=$!
	for ((try = 0; try < 2000; try++)); do
		! grep -q '^{"type":"built"' "$work/events" 2>/dev/null || break
		sleep 0.01
	done
	[ "$try" -lt 2000 ] || fail "the lab was not built: $(cat "$work/run")"
	lab_fds=()
	for pid in $(pgrep -P "$front"); do
		for fd in "/proc/$pid/fd"/*; do
			[[ $(readlink "$fd") != net:* ]] || lab_fds+=("$fd")
		done
	done
	[ ${#lab_fds[@]} -gt 0 ] || fail "the worker of $front has no namespaces"
}

# script_build FILE: what there was before is removed
script_build() {
	local host

	for host in $(ip netns list | awk '{print $1}'); do
		ip netns del "$host"
	done
	if [ -z "$netem" ]; then
		sed -i '/^tc /d' "$1"
	fi
	sh "$1" || fail "the script failed"
}

# Which namespace of the lab is which host of the script: that which has one of its addresses.
hosts_find() {
	local host fd

	declare -gA lab=()
	hosts=()
	for fd in "${lab_fds[@]}"; do
		nsenter --net="$fd" ip -o addr show scope global | awk '{print $4}' >"$work/addr.$(basename "$fd")"
	done
	for host in $(ip netns list | awk '{print $1}'); do
		hosts+=("$host")
		ip -n "$host" -o addr show scope global | awk '{print $4}' >"$work/addr"
		for fd in "${lab_fds[@]}"; do
			if grep -qxFf "$work/addr" "$work/addr.$(basename "$fd")"; then
				lab[$host]=$fd
			fi
		done
		[ -n "${lab[$host]:-}" ] || fail "the lab has no host with an address of $host: $(cat "$work/addr")"
	done
}

# at WHERE HOST COMMAND…: in the script's or in the lab's
at() {
	local where=$1 host=$2

	shift 2
	if [ "$where" = script ]; then
		ip netns exec "$host" "$@"
	else
		nsenter --net="${lab[$host]}" "$@"
	fi
}

# The state of a host, as text that two hosts can be compared by.
state() {
	local where=$1 host=$2 eth

	echo "addresses of $host"
	at "$where" "$host" ip -o addr show | sed -E 's/^[0-9]+: //; s/ +/ /g; s/\\.*//' | sort
	echo "links of $host"
	at "$where" "$host" ip -o link show | sed -E 's/^[0-9]+: //; s/@[^:]*:/:/; s/ qdisc [^ ]+//; s/ link-netns[^ ]* [^ ]+//' | sort
	echo "routes of $host"
	at "$where" "$host" ip -4 route show | sort
	at "$where" "$host" ip -6 route show | sort
	echo "neighbours of $host"
	at "$where" "$host" ip neigh show nud permanent | sort
	echo "sysctls of $host"
	# shellcheck disable=SC2046 # words
	at "$where" "$host" sysctl -e $(cat "$work/keys") 2>/dev/null | sort -u
	for eth in $(at "$where" "$host" ip -o link show type veth | sed -E 's/^[0-9]+: ([^@:]+).*/\1/'); do
		echo "offloads of $host $eth"
		at "$where" "$host" ethtool -k "$eth" | sort
		if [ -n "$netem" ]; then
			# losses are the lab's own business, and so are the dice
			echo "qdisc of $host $eth"
			at "$where" "$host" tc qdisc show dev "$eth" | grep netem |
				sed -E 's/ [0-9a-f]+: / /; s/ (loss|seed) [^ ]+//g; s/ refcnt [0-9]+//' || true
		fi
	done
}

# Until all wires of the script carry packets, as those of the lab do when it is built.
script_wait() {
	local host try

	for host in "${hosts[@]}"; do
		for ((try = 0; try < 500; try++)); do
			[ -n "$(ip -n "$host" -o link show type veth | grep -v 'state UP' || true)" ] || continue 2
			sleep 0.01
		done
		fail "the wires of $host do not come up"
	done
}

# compare: are they alike? What is not, as a diff from the lab to the script
compare() {
	local host same=0

	# all that the script sets, and what there is for connection tracking
	grep -oE "net\.[a-z0-9_.]+=" "$work/script" | tr -d = | sort -u >"$work/keys"
	for host in "${hosts[@]}"; do
		state lab "$host" >"$work/state.lab"
		state script "$host" >"$work/state.script"
		diff -u "$work/state.lab" "$work/state.script" || same=1
	done
	return "$same"
}

# ---- traffic: a server that sends back what it gets behind the peer's address, a client that tells all ----

cat >"$work/serve.pl" <<'END'
use strict; use Socket qw(:all); $| = 1;
my ($family, $port) = @ARGV;
$family = $family == 6 ? AF_INET6 : AF_INET;
socket(my $l, $family, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1);
my ($err, $at) = getaddrinfo(undef, $port, { family => $family, socktype => SOCK_STREAM, flags => AI_PASSIVE });
bind($l, $at->{addr}) or die "bind: $!";
listen($l, 16) or die "listen: $!";
setpgrp; # so that it is ended with its children
$SIG{CHLD} = 'IGNORE';
print "$$\n";
while (my $from = accept(my $c, $l)) {
	next if fork;
	my ($e, $peer) = getnameinfo($from, NI_NUMERICHOST);
	alarm 30;
	while (sysread($c, my $data, 4096)) { syswrite($c, "$peer $data") }
	exit;
}
END
# talk.pl ADDRESS PORT SECONDS MESSAGES [PAUSE]: connect within that time; then so many messages, each with its
# answer within a second; pause before the last one
cat >"$work/talk.pl" <<'END'
use strict; use Socket qw(:all); use Errno; use Fcntl; use Time::HiRes qw(sleep);
my ($address, $port, $seconds, $messages, $pause) = @ARGV;
my ($err, $to) = getaddrinfo($address, $port, { socktype => SOCK_STREAM, flags => AI_NUMERICHOST });
socket(my $s, $to->{family}, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($s, IPPROTO_TCP, TCP_NODELAY, 1);
my $flags = fcntl($s, F_GETFL, 0);
fcntl($s, F_SETFL, $flags | O_NONBLOCK);
sub ready { my ($write, $time) = @_; my $bits = ''; vec($bits, fileno($s), 1) = 1;
	return $write ? select(undef, $bits, undef, $time) : select($bits, undef, undef, $time) }
sub told { print "$port: $_[0]\n"; exit 0 }
unless (connect($s, $to->{addr})) {
	told("connect: $!") unless $!{EINPROGRESS};
	told("connect: nobody answers") unless ready(1, $seconds);
	my $code = unpack('i', getsockopt($s, SOL_SOCKET, SO_ERROR));
	if ($code) { $! = $code; told("connect: $!") }
}
for my $n (1 .. $messages) {
	sleep($pause) if $pause && $n == $messages;
	syswrite($s, "message $n\n") or told("write $n: $!");
	told("message $n: nobody answers") unless ready(0, 1);
	my $got = sysread($s, my $data, 4096);
	told("read $n: $!") unless defined $got;
	told("end of stream") unless $got;
	chomp $data; print "$port: $data\n";
}
told("done");
END

# serve FAMILY PORT: at the host "server" of both, until the end
serve() {
	local where line

	for where in lab script; do
		rm -f "$work/ready"
		mkfifo "$work/ready"
		at "$where" server perl "$work/serve.pl" "$@" >"$work/ready" &
		# its own number, and that of its group; ours is that of a shell in between
		read -r -t 20 line <"$work/ready" || fail "no server at $where"
		servers+=("$line")
	done
}

# talk WORD…: by the clients of both at once, with a word list for each connection: "ADDRESS PORT SECONDS
# MESSAGES [PAUSE]"; all connections side by side. What is told, into talk.lab and talk.script
talk() {
	local where words pids=() n pid

	for where in lab script; do
		n=0
		for words; do
			# shellcheck disable=SC2086 # words
			at "$where" client perl "$work/talk.pl" $words >"$work/talk.$where.$n" 2>&1 &
			pids+=($!)
			n=$((n + 1))
		done
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "the client failed"
	done
	for where in lab script; do
		cat "$work/talk.$where".[0-9]* >"$work/talk.$where"
	done
}

# hits WHERE HOST FAULT: how many packets it has counted; nothing if there is no such fault
hits() {
	if [ "$1" = lab ]; then
		at lab "$2" nft list counters table inet nslab | tr '\n\t' '  ' |
			grep -oE "counter $3 \{ *packets [0-9]+" | grep -oE '[0-9]+$'
	else
		at script "$2" nft list table inet nslab | grep -F "comment \"$3\"" | grep -v jump |
			sed -E 's/.*counter packets ([0-9]+).*/\1/'
	fi
}

# alike TEXT… -- HOST:FAULT…: clients were told the same, and that (in this order); a fault's counts agree.
# ~ behind a fault: both have counted something, but how much is a matter of time
alike() {
	local same=0 fault in_lab in_script about

	for ((; $# > 0; )); do
		[ "$1" != -- ] || break
		grep -qxF -- "$1" "$work/talk.lab" || { echo "the lab's client was not told: $1"; same=1; }
		shift
	done
	shift
	diff -u "$work/talk.lab" "$work/talk.script" || same=1
	for fault; do
		about=${fault: -1}
		fault=${fault%\~}
		in_lab=$(hits lab "${fault%%:*}" "${fault#*:}" || true)
		in_script=$(hits script "${fault%%:*}" "${fault#*:}" || true)
		if [ "$about" = '~' ] && [ "${in_lab:-0}" -gt 0 ] && [ "${in_script:-0}" -gt 0 ]; then
			continue
		fi
		if [ "${in_lab:-0}" = 0 ] || [ "$in_lab" != "$in_script" ]; then
			echo "$fault: ${in_lab:-none} in the lab, ${in_script:-none} by the script"
			same=1
		fi
	done
	return "$same"
}

# both NAME|FILE [WORD…]: build both
both() {
	local name=$1

	shift
	if [ -f "$name" ]; then
		cp "$name" "$work/source.yaml"
	else
		"$NSLAB" show --source "$name" >"$work/source.yaml"
	fi
	"$NSLAB" show --commands "$name" "$@" >"$work/script"
	lab_start "$work/source.yaml" "$@"
	script_build "$work/script"
	hosts_find
	script_wait
	compare || fail "they are not alike"
}

# ---- the cases ----

case_dial_ok() {
	both dial-ok --set ip=4
	serve 4 8080
	talk "10.0.2.2 8080 2 2" "10.0.2.2 81 2 1"
	alike "8080: 10.0.1.1 message 2" "81: connect: Connection refused" --
}

case_syn_dropped_4() {
	both dial-syn-dropped --set ip=4
	serve 4 8080
	# SYNs at 0 and 1 s
	talk "10.0.2.2 8080 1.9 1"
	alike "8080: connect: nobody answers" -- fw:syn-dropped
}

case_syn_dropped_6() {
	both dial-syn-dropped --set ip=6
	serve 6 8080
	talk "fd00:0:0:2::2 8080 1.9 1"
	alike "8080: connect: nobody answers" -- fw:syn-dropped
}

# By the script's rules the error is heard with the second SYN only.
case_reject_icmp() {
	both dial-reject-icmp
	talk "10.0.2.2 8001 3 1" "10.0.2.2 8004 3 1" "10.0.2.2 8007 3 1" "10.0.2.2 8008 3 1"
	alike "8001: connect: Network is unreachable" "8004: connect: Connection refused" \
		"8007: connect: No route to host" "8008: connect: Connection refused" -- \
		fw:net-unreachable~ fw:port-unreachable~ fw:admin-prohibited~
}

case_through_nat() {
	both dial-through-nat --set ip=4
	serve 4 8080
	talk "10.0.1.2 80 2 1" "10.0.1.2 81 2 1" "10.0.2.2 8080 2 1"
	alike "80: 10.0.2.1 message 1" "8080: 10.0.2.1 message 1" "81: connect: Connection refused" --
}

case_idle_expired() {
	both conn-idle-expired-drop --set ip=4
	serve 4 8080
	# the pause is the scenario's: entries live for 2 s
	talk "10.0.2.2 8080 2 2 3.1"
	alike "8080: 10.0.1.1 message 1" "8080: message 2: nobody answers" -- fw:forgetful~
}

case_asymmetric() {
	both dial-asymmetric --set ip=4
	serve 4 8080
	# connected, and then nothing gets through
	talk "10.0.3.2 8080 2 1" "10.0.4.2 8080 2 1"
	alike "8080: message 1: nobody answers" -- fw:one-sided~
}

case_lossy() {
	both conn-lossy --set ip=4
	[ -n "$netem" ] || echo "left out: qdiscs, as this kernel has no sch_netem"
	serve 4 8080
	talk "10.0.2.2 8080 8 1"
}

case_every_tenth() {
	both conn-every-tenth-lost --set ip=4
	serve 4 8080
	# of 21 segments with data the 10th and the 20th, two of them sent again; and none without
	talk "10.0.2.2 8080 2 19"
	alike "8080: 10.0.1.1 message 19" -- fw:every-tenth
	[ "$(hits script fw every-tenth)" = 2 ] || fail "not every tenth: $(hits script fw every-tenth)"
}

# All that the shipped ones do not have: both families at once, a host with several addresses, lists of
# segments, first and nth, a fault that is off, one at the host that sends, a small MTU, a sysctl of an interface.
case_mixture() {
	cat >"$work/mixture.yaml" <<-'END'
		name: mixture
		title: t
		story: s
		remedy: r
		ip: [dual]
		topology:
		  hosts:
		    client: {}
		    fw: {forward: true}
		    server: {sysctl: {net.ipv4.conf.eth1.tag: 7, net.ipv4.tcp_retries2: 5}}
		  links:
		    - client -- fw
		    - fw -- server: {mtu: 1400}
		    - fw -- server: {mtu: 1300}
		faults:
		  first: {at: fw, match: {from: client, to: server, segment: [syn, rst], first: 1}, action: drop}
		  fifth: {at: fw, match: {from: client, to: server, segment: [fin, data], nth: 5}, action: drop}
		  off: {at: fw, match: {from: client}, action: drop, active: false}
		  shake: {at: server, match: {from: client, segment: ack, nth: 1}, action: drop}
		  answer: {at: server, match: {from: server, segment: syn-ack, nth: 1}, action: drop}
		  closed: {at: fw, match: {to: server, protocol: tcp, dport: 8081}, action: reject tcp-reset}
		steps:
		  - wait: 1s
	END
	both "$work/mixture.yaml"
	serve 6 8080
	# the SYN goes at 0 and 1 s, the SYN-ACK at 1 and 2 s
	talk "10.0.2.2 8081 2 1" "10.0.2.2 8080 3.5 3"
	alike "8081: connect: Connection refused" "8080: ::ffff:10.0.1.1 message 3" -- \
		fw:first server:shake server:answer fw:closed
	# three messages and a FIN by IPv4, so the fifth of both families is the first message by IPv6
	[ "$(hits lab fw fifth) $(hits script fw fifth)" = '0 0' ] || fail "the fifth came too early"
	talk "fd00:0:0:2::2 8080 2 2"
	alike "8080: fd00:0:0:1::1 message 2" -- fw:first fw:fifth server:shake server:answer fw:closed
}

# A script with something taken out is not the lab.
case_wrong() {
	local what

	both dial-syn-dropped --set ip=4
	serve 4 8080
	cp "$work/script" "$work/right"
	for what in '/ip -n server route add 10/d' '/ip -n fw neigh add 10.0.2.2/d' \
		's/syn_linear_timeouts=0/syn_linear_timeouts=4/' 's/tx-tcp-segmentation off/tx-tcp-segmentation on/'; do
		sed "$what" "$work/right" >"$work/script"
		! cmp -s "$work/right" "$work/script" || fail "nothing was taken out by $what"
		script_build "$work/script"
		hosts_find
		script_wait
		! compare >/dev/null || fail "not found out: $what"
	done
}

"case_${1//-/_}"
