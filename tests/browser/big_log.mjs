// SPDX-License-Identifier: GPL-2.0-or-later
// A log of many runs with many packets, none of which the report may fold: node big_log.mjs RUNS PACKETS
const hosts = ["client", "fw", "server"];

function end(name, host, ifname, addr) {
	return { [name + "_host"]: host, [name + "_ifname"]: ifname, [name + "_addr4"]: addr, [name + "_addr6"]: "", [name + "_shape"]: "" };
}

function begin(run) {
	const name = "big-" + run;

	return {
		type: "begin", t_ns: -2000000, version: 1, nslab: "0.1.0", kernel: "6.1.0", scenario: name, name: name + "[ip=4]",
		file: name + ".yaml", title: "A run with many packets", story: "Many packets.\n", remedy: "Nothing.\n", set: "ip=4",
		repeat: "nslab run " + name, seed: 1, disarmed: false, inverted: 0, shaper: "", root: true,
		wall_ns: 1767225600000000000, hosts, faults: [],
		links: [
			{ ...end("a", 0, "eth0", "10.0.1.1"), ...end("b", 1, "eth0", "10.0.1.2") },
			{ ...end("a", 1, "eth1", "10.0.2.1"), ...end("b", 2, "eth0", "10.0.2.2") },
		],
	};
}

// Where it is seen: leaves, comes and leaves, comes.
const way = [[0, "eth0", true, true], [1, "eth0", false, false], [1, "eth1", true, false], [2, "eth0", false, false]];

export function packetLines(n) {
	const lines = [];
	// every other one comes back, and each is a retry, so that it is no part of a stream
	const back = n % 2 === 1;
	const from = back ? 2 : 0;

	way.forEach((_, i) => {
		const [host, ifname, out] = back ? way[3 - i] : way[i];
		const leaves = back ? !out : out;

		lines.push({
			type: "packet", t_ns: n * 2000000 + i * 20000, host, ifname, out: leaves, made_here: i === 0, from, to: 2 - from,
			retry: i === 0 ? 1 : 0, since_ns: i === 0 ? 1000000 : 0,
			packet: {
				protocol: "tcp", src: back ? "10.0.2.2" : "10.0.1.1", dst: back ? "10.0.1.1" : "10.0.2.2", ttl: i < 2 ? 64 : 63,
				id: n & 0xffff, ip_len: 152, sport: back ? 8080 : 40000, dport: back ? 40000 : 8080, flags: "PA",
				seq: 1000 + 100 * n, ack: 5000 + 100 * n, window: 502, payload: 100,
			},
		});
	});
	return lines;
}

export function bigLog(runs, packets) {
	const parts = [];

	for (let run = 1; run <= runs; run++) {
		parts.push(begin(run), { type: "built", t_ns: 0, build_ns: 2000000 });
		for (let n = 1; n <= packets; n++)
			parts.push(...packetLines(n));
		parts.push({ type: "end", t_ns: packets * 2000000 + 1000000, result: "passed", text: "", signal: 0, met: 0, unmet: 0, took_ns: packets * 2000000 + 1000000 });
	}
	return parts.map((record) => JSON.stringify(record)).join("\n") + "\n";
}

if (process.argv[1] && import.meta.url.endsWith("/" + process.argv[1].split("/").pop()))
	process.stdout.write(bigLog(Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 500)));
