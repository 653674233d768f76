/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reference says that no table can: how the parts mean what they mean. */
#ifndef NSLAB_SCENARIO_REFERENCE_TEXT_H
#define NSLAB_SCENARIO_REFERENCE_TEXT_H

static const char TEXT_HEAD[] =
	"# The scenario format\n"
	"\n"
	"<!-- Made from the parser's own tables: change those, not this file. -->\n"
	"\n"
	"A scenario is one YAML 1.2 document of at most 1 MiB. Anchors, aliases, tags and tabs as\n"
	"indentation are not part of the format; booleans are `true` and `false`, nothing else. A key\n"
	"that is not listed here is an error, and so is a key given twice. A bad file is refused\n"
	"before anything is built, with all that is wrong in it, each with line and column.\n"
	"\n"
	"A scenario can run programs: treat a file from somebody else as you would treat a program.\n";

static const char TEXT_EXAMPLE[] =
	"```yaml\n"
	"name: dial-syn-dropped\n"
	"title: The firewall silently drops SYN, and dial hangs until the caller's own deadline\n"
	"story: The firewall drops every SYN on its way to the server, and tells nobody.\n"
	"remedy: Give every dial a deadline.\n"
	"faults:\n"
	"  syn-dropped: {at: fw, match: {from: client, to: server, segment: syn}, action: drop}\n"
	"steps:\n"
	"  - server: {listen: 8080}\n"
	"  - client: {dial: \"server:8080\", as: conn, deadline: 2500ms, background: true}\n"
	"  - check: {socket: conn, state: SYN-SENT, within: 500ms}\n"
	"  - await: conn\n"
	"    expect: {error: deadline, after: 2500ms}\n"
	"  - check: {fault: syn-dropped, hits: 2}\n"
	"```\n";

static const char TEXT_NEEDS[] =
	"What not every kernel or system has, and the scenario cannot do without. Where any of it is\n"
	"missing the cases are skipped, and the report says what it is. Each is found out by trying it.\n";

static const char TEXT_CASES[] =
	"A scenario without `matrix` and with one family in `ip` is one case and has the scenario's\n"
	"name. Otherwise each combination of the matrix's values and the families is a case, named\n"
	"`NAME[key=value,ip=6]`. A value that has no meaning in a family (a reject word of IPv6 in a\n"
	"case on IPv4) makes no case there. `ip: dual` is a single case whose hosts have both families.\n"
	"\n"
	"`${name}` stands for a parameter's or a matrix key's value in `title` and in every scalar of\n"
	"`topology`, `faults` and `steps`, in quotes too; inside `{ }` such a value has to be quoted.\n"
	"A literal `${` is written `$${`. Values are put in as they are: a `${…}` inside one is not\n"
	"looked into. Where both declare a name, the matrix wins. `--set name=value` gives a parameter\n"
	"another value, keeps a matrix key at that one value, and as `--set ip=6` chooses the family.\n";

static const char TEXT_TOPOLOGY[] =
	"Left out, the topology is `client -- fw -- server`, and `fw` forwards. A host's name has up to\n"
	"31 of `a-z`, `0-9` and `-`, does not begin with `-`, and is not the name of a verb of the lab\n"
	"nor `expect`, `id` or `lab`. Its value may be `{}`.\n"
	"\n"
	"sysctls are keys of `net.*` that belong to a network namespace. In a key a dot parts names and\n"
	"`/` stands for a dot within a name, as sysctl(8) has it: `net.ipv4.conf.eth0/100.rp_filter`.\n"
	"Keys that are global to the machine are refused. If the kernel lacks a key that the scenario\n"
	"names, the case is skipped, and the report says so.\n";

static const char TEXT_LINKS[] =
	"`- a -- b` is a wire, `- a -- b: {mtu: 1280}` one with properties; two lines with the same ends\n"
	"are two wires. A shape such as `delay` holds in each direction; `- a -> b: {loss: 2%}` adds to\n"
	"one direction of a wire that another line made, and overrides nothing: a key that both lines\n"
	"give is an error. Without a shape, packets take no time. A jitter that is more than its delay\n"
	"is cut to it, and the run says so. Interfaces are `eth0`, `eth1` … on each host, in order of\n"
	"the links.\n"
	"\n"
	"Links are shaped by the kernel's netem where it has that, else by nslab's own delay line, or\n"
	"by what `--shape` says; the report names it. Loss comes first and falls on the same packets with\n"
	"both: whether the n-th packet of a direction is lost is a function of `--seed`, the direction\n"
	"and n, counted since that share was set. Which packets are duplicated, reordered or corrupted, and each one's jitter, is the\n"
	"backend's own chance. What the kernel does by itself (IPv6 multicast, ARP) is never lost.\n"
	"Shapes are no faults: `--disarm` leaves them as they are.\n";

static const char TEXT_FAULTS[] =
	"A fault's name is a letter and up to 62 letters, digits, `_`, `.` and `-`. A host's faults act\n"
	"in the order of the file, and the first that drops or rejects a packet ends its way. Packets are\n"
	"counted only while the fault is on; switching it off and on does not reset the count. A fault's\n"
	"`hits` are the actions it carried out, over the whole scenario.\n";

static const char TEXT_MATCH[] =
	"All keys given have to fit. Kinds of `segment` do not exclude each other: `syn` is SYN without\n"
	"ACK; `syn-ack` both; `fin` has FIN set; `rst` RST, with or without ACK; `data` has payload and\n"
	"neither SYN nor RST; `ack` is ACK and nothing else, without payload; `ecn-syn` is a `syn` that asks\n"
	"for ECN (ECE and CWR, RFC 3168 section 6.1.1); `any` is every TCP segment.\n"
	"Data with FIN is both `data` and `fin`. Retransmissions are segments like any other. Ports need\n"
	"`protocol: tcp` or `udp`, or a `segment`, which means TCP. Only one of `nth`, `first`,\n"
	"`every` and `probability` can be given.\n";

static const char TEXT_CONNTRACK[] =
	"A firewall that remembers connections. Of the packets that match, it lets pass what belongs to a\n"
	"connection that it knows, ICMP errors about one, and what opens a new one: for TCP a SYN, and with\n"
	"`loose` any segment. The fault's action hits the rest: what is of no connection that it knows,\n"
	"what the kernel calls invalid, and what goes beyond `limit` or `rate`. What the host sends itself\n"
	"passes. Timeouts are whole seconds since the last packet; an entry that is not renewed is\n"
	"forgotten. They, `loose` and `liberal` are the host's, so all its faults share them.\n";

static const char TEXT_NAT[] =
	"`nat: masquerade` is short for `nat: {masquerade: true}`. Any other key is a port of this host:\n"
	"`8080: \"server:80\"` sends on what comes to its port 8080, TCP and UDP, on any of its addresses, to\n"
	"port 80 of `server`. Faults see the packet with its new destination and its old source. A packet\n"
	"that the host sends itself is not translated.\n";

static const char TEXT_STEPS[] =
	"Steps happen one after the other. `- HOST: {VERB: …, KEYS…}` happens on a host, `- VERB: …`\n"
	"in the lab itself; `expect` stands beside that first key, and so do a lab verb's `id`,\n"
	"`background` and `deadline`. Names given by `as` and `id` are a letter and up to 62 letters,\n"
	"digits, `_` and `-`; a step knows only the names of earlier steps. A name stays observable\n"
	"after its socket was closed.\n"
	"\n"
	"A step with `background: true` lets the next one start at once. `await` collects it; its time\n"
	"still counts from the background step's own start. Background steps that nobody awaited are\n"
	"cancelled at the end; a failure seen before that counts. Sockets are non-blocking with poll;\n"
	"`blocking: true` makes a real blocking call on a thread. A dial that hits its deadline closes\n"
	"its socket. Each verb reports the result of its own system call as the kernel gave it.\n"
	"\n"
	"`lookup` calls the C library's getaddrinfo() in a process inside the host, with nothing but `at`,\n"
	"`timeout` and `attempts` in its resolv.conf; the machine's hosts file, nsswitch.conf and name\n"
	"service daemons are not asked. The C library sends the question `attempts` times over UDP, waits\n"
	"`timeout` after each, and asks over TCP what did not fit. A `deadline` ends the process, and no\n"
	"more is asked. `serve: dns` answers over both, with a time to live of 60 s: every host's name\n"
	"unless `names` has the same, the name behind an address (PTR), NXDOMAIN for others, and no data\n"
	"in a family that a name lacks.\n"
	"\n"
	"Programs (`run`, `nslab exec`) find the hosts' names in /etc/hosts. Those that read only\n"
	"resolv.conf ask the scenario's own name servers, where `serve: dns` answers on port 53 (at most\n"
	"three, with `timeout` and `attempts` of the first `lookup` on the program's host); without any,\n"
	"127.0.0.53, where each host answers for itself, in no capture and before no fault. Port 53 is\n"
	"free for programs all the same.\n"
	"\n"
	"A run ends after the sum of all times that the file declares and 30 s more, at least after\n"
	"60 s, unless `--timeout` says otherwise.\n";

static const char TEXT_EXPECT[] =
	"What a step is expected to come to. A step that can fail and has no `expect` is expected not\n"
	"to, a step in the background only under its `await`. `deadline` (the program gave up) and\n"
	"`ETIMEDOUT` (the kernel gave up) are different errors. A lookup ends with those of\n"
	"getaddrinfo(): `EAI_AGAIN` (nobody answered: \"Temporary failure in name resolution\"),\n"
	"`EAI_NONAME` (there is no such name: \"Name or service not known\"), `EAI_NODATA` (it has no\n"
	"address in that family).\n"
	"\n"
	"`after: T` accepts T − 1 % to T + 60 ms or 13 %, whichever is more: the kernel's timers are\n"
	"late by up to an eighth, never early. `2.9s..3.2s` and `\"< 50ms\"` are taken as they are.\n";

static const char TEXT_VALUES[] =
	"- duration: a number and `us` or `µs`, `ms`, `s`, `m` or `min`, `h`: `250ms`, `2.5s`; at most\n"
	"  24h. Only `0` needs no unit.\n"
	"- size: a number of bytes, alone or with `kB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`,\n"
	"  `GiB` (powers of 1024); at most 1GiB.\n"
	"- delay: a duration of at most 60s, alone or with its jitter: `20ms`, `20ms ± 5ms`, `20ms +- 5ms`.\n"
	"- share: a percentage from `0%` to `100%` with at most four decimals: `2%`, `0.1%`.\n"
	"- rate: bits per second, `bit`, `kbit`, `mbit`, `gbit` (powers of 1000): `64kbit`, `1.5gbit`.\n"
	"- comparison: `2` or `== 2`, `!= 0`, `< 5`, `<= 5`, `> 5`, `>= 5`, or a range `2..4` that\n"
	"  includes both ends. Those that begin with `>` or `!` have to be quoted. Comparisons of\n"
	"  durations and of sizes have units: `\"< 50ms\"`, `64KiB..100kB`.\n"
	"- endpoint: `HOST:PORT`, where the host's address in the case's family is meant, or an address\n"
	"  in full: `192.0.2.1:80`, `\"[2001:db8::1]:80\"`.\n";

#endif
