// SPDX-License-Identifier: GPL-2.0-or-later
// Only comfort: all that the page has to say is there without it. No library, no network.
(function () {
	"use strict";

	const root = document.documentElement;
	const all = (selector, where) => Array.from((where || document).querySelectorAll(selector));
	const byId = (id) => document.getElementById(id);

	root.classList.add("js");

	// ---- theme ----

	const dark = window.matchMedia("(prefers-color-scheme: dark)");
	const themeButton = byId("theme");

	function themeNow() {
		return root.dataset.theme || (dark.matches ? "dark" : "light");
	}

	function themeShow() {
		themeButton.textContent = themeNow() === "dark" ? "Light" : "Dark";
	}

	themeButton.addEventListener("click", () => {
		root.dataset.theme = themeNow() === "dark" ? "light" : "dark";
		themeShow();
	});
	dark.addEventListener("change", themeShow);
	themeShow();

	// ---- overview: sorting and filtering ----

	const table = byId("table");
	const rows = all("tbody tr", table);
	const sections = new Map(all("details.run").map((d) => [d.dataset.run, d]));

	function cellValue(row, column, numeric) {
		const cell = row.cells[column];
		return numeric ? Number(cell.dataset.v) : cell.textContent;
	}

	function sortBy(head, column) {
		const numeric = head.dataset.sort === "n";
		const down = head.getAttribute("aria-sort") === "ascending";
		const sign = down ? -1 : 1;
		const order = rows.slice().sort((a, b) => {
			const x = cellValue(a, column, numeric);
			const y = cellValue(b, column, numeric);
			return sign * (numeric ? x - y : x.localeCompare(y, "en"));
		});

		all("th[aria-sort]", table).forEach((th) => th.removeAttribute("aria-sort"));
		head.setAttribute("aria-sort", down ? "descending" : "ascending");
		table.tBodies[0].append(...order);
	}

	all("thead th", table).forEach((head, column) => {
		const button = document.createElement("button");

		button.type = "button";
		button.textContent = head.textContent;
		button.addEventListener("click", () => sortBy(head, column));
		head.replaceChildren(button);
	});

	const filterResult = byId("filter-result");
	const filterText = byId("filter-text");

	function filter() {
		const words = filterText.value.toLowerCase().split(/\s+/).filter(Boolean);
		let shown = 0;

		for (const row of rows) {
			const text = row.textContent.toLowerCase();
			const fits = (!filterResult.value || row.classList.contains(filterResult.value)) &&
				words.every((word) => text.includes(word));
			const section = sections.get(row.dataset.run);

			row.hidden = !fits;
			if (section)
				section.hidden = !fits;
			if (fits)
				shown++;
		}
		byId("shown").textContent = shown === rows.length ? "" : shown + " of " + rows.length + " runs";
	}

	filterResult.addEventListener("change", filter);
	filterText.addEventListener("input", filter);

	// ---- packets that wait ----

	// A line is the latest one of its kind with other numbers: lab/report/html_pack.h tells how.
	function unpackChanges(parts, changes) {
		let at = 1; // words and numbers take turns
		let by = 0;

		for (const [, letter, digits] of changes.matchAll(/([a-z])(\d*)/gi)) {
			const adds = letter < "a";

			at += 2 * (letter.charCodeAt(0) - (adds ? 65 : 97));
			if (!adds && !digits)
				continue;
			if (adds && digits)
				by = Number(digits);
			parts[at] = adds ? String(Number(parts[at]) + by).padStart(parts[at].length, "0") : digits;
			at += 2;
		}
	}

	function unpack(text) {
		const kinds = [];

		function line(packed) {
			const first = packed[0];
			const rest = packed.slice(1);

			if (first === "=")
				kinds.push(rest.split(/(\d+)/));
			if (first === "=" || first === "-")
				return rest;
			const [, kind, changes] = packed.match(/^(\d+)(.*)$/);

			unpackChanges(kinds[kind], changes);
			return kinds[kind].join("");
		}

		return text.split("\n").map(line).join("\n");
	}

	function draw(later) {
		near.unobserve(later);
		later.outerHTML = unpack(later.querySelector(".packed").textContent);
	}

	const near = new IntersectionObserver((entries) => {
		for (const entry of entries)
			if (entry.isIntersecting && entry.target.isConnected)
				draw(entry.target);
	}, { rootMargin: "400px" });

	all(".later").forEach((later) => near.observe(later));

	// ---- runs: open and close ----

	byId("open-all").addEventListener("click", () => sections.forEach((d) => { d.open = !d.hidden; }));
	byId("close-all").addEventListener("click", () => sections.forEach((d) => { d.open = false; }));

	function openTarget() {
		const section = sections.get(location.hash.slice(1));

		if (!section)
			return;
		section.hidden = false;
		section.open = true;
		all(".later", section).forEach(draw);
		section.scrollIntoView();
		section.querySelector("summary").focus({ preventScroll: true });
	}

	window.addEventListener("hashchange", openTarget);
	// a second click on the same link changes no hash
	table.addEventListener("click", (event) => {
		const link = event.target.closest("a");

		if (link && link.hash === location.hash)
			openTarget();
	});

	let closedBefore = [];

	window.addEventListener("beforeprint", () => {
		all(".later").forEach(draw);
		closedBefore = all("details:not([open])");
		closedBefore.forEach((d) => { d.open = true; });
	});
	window.addEventListener("afterprint", () => {
		closedBefore.forEach((d) => { d.open = false; });
		closedBefore = [];
	});

	// ---- ladders ----

	const facts = [
		["t", "at"], ["way", "way"], ["flow", "flow"], ["seq", "numbers"], ["win", "window"],
		["len", "length"], ["ttl", "TTL"], ["retry", "retry"], ["delay", "took"], ["fate", "fate"],
	];
	const ZOOM_LEAST = 0.25;
	const ZOOM_MOST = 4;

	const partsOf = (element) => {
		const section = element.closest(".packets");

		return {
			section,
			ladder: section.querySelector(".ladder"),
			chart: section.querySelector(".chart"),
			panel: section.querySelector(".panel"),
		};
	};

	// Arrows are groups of class p, what is written at them lies above all of those and has class q.
	const labelOf = (packet) => '.k[data-n="' + packet.dataset.n + '"]';

	function show(parts, packet) {
		const before = parts.chart.querySelector(".p.now");
		const label = parts.chart.querySelector(labelOf(packet));
		const title = document.createElement("b");
		const list = document.createElement("dl");

		if (before === packet)
			return;
		all(".now", parts.chart).forEach((element) => element.classList.remove("now"));
		packet.classList.add("now");
		label.classList.add("now");
		title.textContent = "Packet " + packet.dataset.n + ": " + (label.dataset.plain || label.textContent);
		for (const [key, name] of facts) {
			if (!(key in packet.dataset))
				continue;
			const pair = document.createElement("div");
			const dt = document.createElement("dt");
			const dd = document.createElement("dd");

			dt.textContent = name + " ";
			dd.textContent = packet.dataset[key];
			pair.append(dt, dd);
			list.append(pair);
		}
		parts.panel.replaceChildren(title, list);
	}

	// All packets of its connection; those of none stand for themselves. Again: off.
	function light(parts, packet) {
		const chart = parts.chart;
		const c = packet.dataset.c;
		const which = c === "0" ? '[data-n="' + packet.dataset.n + '"]' : '[data-c="' + c + '"]';
		const off = packet.classList.contains("on");

		unlight(parts);
		if (off)
			return;
		chart.classList.add("lit");
		all(which, chart).forEach((element) => element.classList.add("on"));
	}

	function unlight(parts) {
		all(".on", parts.chart).forEach((element) => element.classList.remove("on"));
		parts.chart.classList.remove("lit");
	}

	// Lines are thin: a packet within a few pixels is meant, too.
	function packetNear(x, y) {
		for (const d of [0, -3, 3, -6, 6]) {
			const hit = document.elementFromPoint(x, y + d);
			const found = hit && hit.closest(".p, .q");

			if (found)
				return found.closest(".chart").querySelector('.p[data-n="' + found.dataset.n + '"]');
		}
		return null;
	}

	function zoom(parts, factor, x, y) {
		const ladder = parts.ladder;
		const old = Number(ladder.dataset.zoom || 1);
		const now = factor === 0 ? 1 : Math.min(ZOOM_MOST, Math.max(ZOOM_LEAST, old * factor));
		const left = ladder.scrollLeft + (x || 0);
		const top = ladder.scrollTop + (y || 0);

		ladder.dataset.zoom = String(now);
		ladder.style.setProperty("--z", String(now));
		parts.section.querySelector(".zoom").textContent = Math.round(now * 100) + " %";
		ladder.scrollLeft = left * now / old - (x || 0);
		ladder.scrollTop = top * now / old - (y || 0);
	}

	function numbers(parts, button) {
		const on = button.getAttribute("aria-pressed") !== "true";
		const labels = new Map(all(".k", parts.chart).map((label) => [label.dataset.n, label]));

		button.setAttribute("aria-pressed", String(on));
		for (const packet of all(".p[data-seq]", parts.chart)) {
			const label = labels.get(packet.dataset.n);

			if (!("plain" in label.dataset))
				label.dataset.plain = label.textContent;
			label.textContent = label.dataset.plain + (on ? "  " + packet.dataset.seq : "");
		}
	}

	function step(parts, by) {
		const packets = all(".p", parts.chart);
		const at = packets.findIndex((p) => p.classList.contains("now"));
		const next = packets[Math.min(packets.length - 1, Math.max(0, at < 0 && by === -1 ? 0 : at + by))];

		if (!next)
			return;
		show(parts, next);
		parts.chart.querySelector(labelOf(next)).scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
	}

	const keys = {
		ArrowDown: (parts) => step(parts, 1),
		ArrowRight: (parts) => step(parts, 1),
		ArrowUp: (parts) => step(parts, -1),
		ArrowLeft: (parts) => step(parts, -1),
		Home: (parts) => step(parts, -Infinity),
		End: (parts) => step(parts, Infinity),
		Enter: (parts) => {
			const now = parts.chart.querySelector(".now");

			if (now)
				light(parts, now);
		},
		Escape: unlight,
		"+": (parts) => zoom(parts, 1.25),
		"=": (parts) => zoom(parts, 1.25),
		"-": (parts) => zoom(parts, 0.8),
		0: (parts) => zoom(parts, 0),
	};

	document.addEventListener("keydown", (event) => {
		const inLadder = event.target.classList.contains("ladder");

		if (!inLadder || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys))
			return;
		keys[event.key](partsOf(event.target));
		event.preventDefault();
	});

	document.addEventListener("pointermove", (event) => {
		const chart = event.target.closest && event.target.closest(".chart");
		const packet = chart && packetNear(event.clientX, event.clientY);

		if (packet)
			show(partsOf(chart), packet);
	});

	document.addEventListener("wheel", (event) => {
		const ladder = event.ctrlKey && event.target.closest && event.target.closest(".ladder");

		if (!ladder)
			return;
		const box = ladder.getBoundingClientRect();

		zoom(partsOf(ladder), event.deltaY < 0 ? 1.1 : 1 / 1.1, event.clientX - box.left, event.clientY - box.top);
		event.preventDefault();
	}, { passive: false });

	function copy(button) {
		const text = button.parentElement.querySelector("code");
		const range = document.createRange();

		// what cannot be copied by itself is at least chosen
		range.selectNodeContents(text);
		window.getSelection().removeAllRanges();
		window.getSelection().addRange(range);
		if (navigator.clipboard)
			navigator.clipboard.writeText(text.textContent).then(() => { button.textContent = "Copied"; }, () => {});
	}

	const actions = {
		in: (parts) => zoom(parts, 1.25),
		out: (parts) => zoom(parts, 0.8),
		same: (parts) => zoom(parts, 0),
		seq: numbers,
	};

	document.addEventListener("click", (event) => {
		const button = event.target.closest("button[data-do]");
		const chart = event.target.closest(".chart");

		if (button && button.dataset.do === "copy") {
			copy(button);
		} else if (button) {
			actions[button.dataset.do](partsOf(button), button);
		} else if (chart) {
			const packet = packetNear(event.clientX, event.clientY);

			if (packet) {
				show(partsOf(chart), packet);
				light(partsOf(chart), packet);
			} else {
				unlight(partsOf(chart));
			}
		}
	});

	openTarget();
})();
