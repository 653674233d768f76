// SPDX-License-Identifier: GPL-2.0-or-later
// The HTML report in a real browser. Usage: node report.mjs FOLDER: with passed.html, failed.html, routers.html,
// lossy.html, hostile.html, joined.html, large.html, middling.html, hostile-large.html, and the logs they were made from, *.jsonl. Each case is a function; its name is
// what it shows. playwright-core is found through NODE_PATH's folder: see browser.sh.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const folder = path.resolve(process.argv[2]);
const modules = process.env.NSLAB_BROWSER_MODULES;
const { chromium } = createRequire(path.join(modules, 'x.js'))('playwright-core');
const browser = await chromium.launch({
	executablePath: process.env.NSLAB_CHROMIUM,
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});
const page_url = (name) => pathToFileURL(path.join(folder, name + '.html')).href;
const events = (name) => fs.readFileSync(path.join(folder, name + '.jsonl'), 'utf8').trim().split('\n').map((l) => JSON.parse(l));
const packets_made = (name) => events(name).filter((e) => e.type === 'packet' && e.out && e.made_here).length;

// open NAME: the page, with nothing on the console and no request but its own
async function open(name, options = {}) {
	const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', ...options });
	const page = await context.newPage();

	page.trouble = [];
	page.on('console', (m) => page.trouble.push(m.type() + ': ' + m.text()));
	page.on('pageerror', (e) => page.trouble.push('error: ' + e.message));
	page.on('dialog', (d) => { page.trouble.push('dialog: ' + d.message()); d.dismiss(); });
	page.on('request', (r) => { if (r.url() !== page_url(name)) page.trouble.push('request: ' + r.url()); });
	await page.goto(page_url(name));
	return page;
}

async function close(page) {
	assert.deepEqual(page.trouble, []);
	await page.context().close();
}

// Colours as [r, g, b, a] in 0..255, and how far apart two are (WCAG 2).
function contrast(a, b) {
	const light = (c) => {
		const [r, g, bl] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
		return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
	};
	const [x, y] = [light(a), light(b)].sort((p, q) => q - p);

	return (x + 0.05) / (y + 0.05);
}

const cases = {
	async every_packet_is_drawn() {
		for (const name of ['passed', 'failed', 'routers']) {
			const page = await open(name);
			const drawn = await page.$$eval('.chart .p', (all) => new Set(all.map((p) => p.dataset.n)).size);

			assert.equal(drawn, packets_made(name), name);
			await close(page);
		}
	},

	async a_dropped_packet_says_by_what() {
		const page = await open('passed');
		const fates = await page.$$eval('.chart .p', (all) => all.map((p) => p.dataset.fate || ''));

		assert.equal(fates.filter((f) => f.includes('syn-dropped')).length, 2);
		assert.match(await page.textContent('.chart'), /dropped by syn-dropped/);
		await close(page);
	},

	async the_only_run_is_open_and_of_many_those_that_failed() {
		let page = await open('passed');
		assert.equal(await page.$$eval('details.run[open]', (d) => d.length), 1);
		await close(page);
		page = await open('joined');
		const open_ones = await page.$$eval('details.run[open] h3', (h) => h.map((e) => e.textContent));
		const failed = await page.$$eval('#table tbody tr.failed th a', (a) => a.map((e) => e.textContent));
		assert.ok(failed.length >= 1);
		assert.deepEqual(open_ones, failed);
		await close(page);
	},

	async checks_tell_expected_and_observed() {
		const page = await open('failed');
		const row = await page.textContent('.checks tbody tr.unmet, .checks tbody tr.failed');
		const unmet = events('failed').find((e) => e.type === 'expectation' && !e.met);

		assert.ok(row.includes(unmet.expected), row);
		assert.ok(row.includes(unmet.observed), row);
		await close(page);
	},

	async a_click_lights_a_connection_and_another_one_ends_it() {
		const page = await open('passed');
		const packet = page.locator('.chart .p').first();
		await packet.scrollIntoViewIfNeeded();
		const box = await packet.boundingBox();
		const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };

		await page.mouse.click(at.x, at.y);
		assert.equal(await page.$$eval('.chart.lit', (c) => c.length), 1);
		const c = await packet.getAttribute('data-c');
		const same = await page.$$eval('.chart .p', (all, n) => all.filter((p) => p.dataset.c === n).length, c);
		assert.ok(same > 1);
		assert.equal(await page.$$eval('.chart .p.on', (p) => p.length), same);
		await page.mouse.click(at.x, at.y);
		assert.equal(await page.$$eval('.chart.lit', (x) => x.length), 0);
		await close(page);
	},

	async hovering_tells_of_a_packet() {
		const page = await open('passed');
		const packet = page.locator('.chart .p').first();
		await packet.scrollIntoViewIfNeeded();
		const box = await packet.boundingBox();

		await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
		const text = await page.textContent('.panel');
		const syn = events('passed').find((e) => e.type === 'packet').packet;
		assert.match(text, /SYN/);
		assert.ok(text.includes(String(syn.sport)), text);
		assert.ok(text.includes(String(syn.window)), text);
		await close(page);
	},

	// Whoever points at a packet's label and clicks has to meet it, so nothing may move meanwhile.
	async the_drawing_stays_when_details_are_shown() {
		for (const width of [1200, 390]) {
			const page = await open('passed', { viewport: { width, height: 900 } });
			const place = () => page.$eval('.chart', (c) => c.getBoundingClientRect().top + scrollY);
			const label = page.locator('.chart .k').first();
			const before = await place();

			await label.scrollIntoViewIfNeeded();
			const box = await label.boundingBox();
			await page.mouse.click(box.x + 5, box.y + box.height / 2);
			assert.match(await page.textContent('.panel'), /^Packet 1: SYN/);
			assert.equal(await place(), before);
			assert.equal(await page.$$eval('.chart.lit', (c) => c.length), 1);
			// none of the details is cut off
			assert.ok(await page.$eval('.panel', (p) => p.scrollHeight <= p.clientHeight + 1), `${width} px`);
			await close(page);
		}
	},

	async the_keyboard_goes_from_packet_to_packet() {
		const page = await open('routers');

		await page.focus('.ladder');
		await page.keyboard.press('ArrowDown');
		assert.equal(await page.getAttribute('.chart .p.now', 'data-n'), '1');
		await page.keyboard.press('ArrowDown');
		assert.equal(await page.getAttribute('.chart .p.now', 'data-n'), '2');
		assert.match(await page.textContent('.panel'), /^Packet 2: SYN-ACK/);
		await page.keyboard.press('Enter');
		assert.ok(await page.$('.chart.lit'));
		await page.keyboard.press('Home');
		assert.equal(await page.getAttribute('.chart .p.now', 'data-n'), '1');
		await close(page);
	},

	async zooming_changes_the_size() {
		const page = await open('passed');
		const width = () => page.$eval('.chart', (c) => c.getBoundingClientRect().width);
		const before = await width();

		await page.click('[data-do=in]');
		const larger = await width();
		assert.ok(larger > before, `${larger} > ${before}`);
		await page.click('[data-do=same]');
		assert.equal(await width(), before);
		await page.click('[data-do=out]');
		assert.ok(await width() < before);
		await close(page);
	},

	async sequence_numbers_on_request() {
		const page = await open('routers');

		assert.doesNotMatch(await page.textContent('.chart'), /seq 1/);
		await page.click('[data-do=seq]');
		assert.match(await page.textContent('.chart'), /seq 1 ack 1/);
		assert.equal(await page.getAttribute('[data-do=seq]', 'aria-pressed'), 'true');
		await close(page);
	},

	async the_overview_sorts_and_filters() {
		const page = await open('joined');
		const shown = () => page.$$eval('#table tbody tr', (r) => r.filter((x) => !x.hidden).length);
		const all = await shown();

		assert.equal(all, events('joined').filter((e) => e.type === 'begin').length);
		await page.selectOption('#filter-result', 'failed');
		assert.equal(await shown(), events('joined').filter((e) => e.type === 'end' && e.result === 'failed').length);
		await page.selectOption('#filter-result', '');
		await page.fill('#filter-text', 'lossy');
		assert.equal(await shown(), 1);
		assert.equal(await page.$$eval('details.run', (d) => d.filter((x) => !x.hidden).length), 1);
		await page.fill('#filter-text', '');
		await page.click('#table thead th:nth-child(4) button');
		const times = await page.$$eval('#table tbody tr', (r) => r.map((x) => Number(x.cells[3].dataset.v)));
		assert.deepEqual(times, times.slice().sort((a, b) => a - b));
		await close(page);
	},

	async a_link_opens_its_run() {
		const page = await open('joined');
		const link = page.locator('#table tbody tr.passed a').first();
		const name = await link.textContent();

		await link.click();
		await page.waitForFunction((n) => [...document.querySelectorAll('details.run[open] h3')].some((h) => h.textContent === n), name);
		await close(page);
	},

	async themes_and_contrast() {
		for (const scheme of ['light', 'dark']) {
			const page = await open('failed', { colorScheme: scheme });
			const pairs = await page.evaluate(() => {
				const rgba = (text) => {
					const n = (text.match(/[\d.]+/g) || []).map(Number);
					return [n[0], n[1], n[2], n.length > 3 ? n[3] : 1];
				};
				const ground = (e) => {
					for (; e; e = e.parentElement) {
						const c = rgba(getComputedStyle(e).backgroundColor);
						if (c[3] > 0.99)
							return c;
					}
					return [255, 255, 255, 1];
				};
				const seen = new Map();
				for (const e of document.querySelectorAll('body *')) {
					const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
					if (!own || !e.getClientRects().length || e.closest('script, style, option'))
						continue;
					const style = getComputedStyle(e);
					const svg = e.namespaceURI.endsWith('svg');
					const ink = rgba(svg ? style.fill : style.color);
					const key = ink + '|' + ground(e);
					if (!seen.has(key))
						seen.set(key, [ink, ground(e), e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + e.textContent.slice(0, 30)]);
				}
				return [...seen.values()];
			});
			assert.ok(pairs.length > 5);
			for (const [ink, ground, what] of pairs)
				assert.ok(contrast(ink.slice(0, 3), ground.slice(0, 3)) >= 4.5, `${scheme}: ${what}: ${ink} on ${ground}`);
			const before = await page.$eval('body', (b) => getComputedStyle(b).backgroundColor);
			await page.click('#theme');
			assert.notEqual(await page.$eval('body', (b) => getComputedStyle(b).backgroundColor), before);
			await close(page);
		}
	},

	async nothing_sticks_out_on_a_phone() {
		for (const name of ['passed', 'routers', 'joined', 'hostile']) {
			const page = await open(name, { viewport: { width: 390, height: 800 } });
			const [scroll, client] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);

			assert.ok(scroll <= client, `${name}: ${scroll} > ${client}`);
			await close(page);
		}
	},

	// A page that is all packets would take a browser seconds: they wait until they are looked at.
	async packets_wait_in_large_pages() {
		const page = await open('large');
		const waiting = () => page.$$eval('.later', (s) => s.length);
		const before = await waiting();

		assert.ok(before > 5);
		assert.equal(await page.$$eval('details.run', (d) => d.at(-1).querySelectorAll('.chart').length), 0);
		await page.evaluate(() => { const d = [...document.querySelectorAll('details.run')].at(-1); d.open = true; d.scrollIntoView(); });
		await page.waitForFunction(() => [...document.querySelectorAll('details.run')].at(-1).querySelector('.chart'));
		assert.equal(await page.$$eval('details.run', (d) => new Set([...d.at(-1).querySelectorAll('.p')].map((p) => p.dataset.n)).size), 500);
		assert.equal(await waiting(), before - 1);
		await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
		assert.equal(await waiting(), 0);
		await close(page);
	},

	async a_link_shows_packets_that_wait() {
		const page = await open('large');

		await page.click('#table tbody tr:last-child a');
		// a run is drawn when its details say that they were opened, which is a task later
		await page.waitForFunction(() => [...document.querySelectorAll('details.run')].at(-1).querySelector('.chart'));
		assert.equal(await page.$$eval('details.run', (d) => d.at(-1).querySelectorAll('.chart .p').length), 500);
		assert.equal(await page.$$eval('details.run', (d) => d.at(-1).querySelectorAll('.later, .unscripted').length), 0);
		await close(page);
	},

	// The same run, in a page in which nothing waits.
	async packets_that_waited_are_as_if_they_had_not() {
		const texts = [];

		for (const name of ['middling', 'large']) {
			const page = await open(name);

			assert.equal(await page.$$eval('#run-5 .later', (l) => l.length), name === 'large' ? 1 : 0);
			await page.click('#table a[href="#run-5"]');
			await page.waitForSelector('#run-5 .chart');
			texts.push(await page.$eval('#run-5', (run) => run.innerHTML.replace(/\n+/g, '\n')));
			await close(page);
		}
		assert.ok(texts[0].length > 100000);
		assert.ok(texts[0] === texts[1]);
	},

	async without_scripts_a_large_page_says_where_to_look() {
		const page = await open('large', { javaScriptEnabled: false });

		await page.locator('details.run > summary').last().click();
		assert.match(await page.locator('.later .unscripted').last().innerText(), /nslab report LOG --ladder/);
		assert.equal(await page.locator('.packed').last().isVisible(), false);
		await close(page);
	},

	async long_checks_wrap() {
		for (const width of [1200, 390]) {
			const page = await open('joined', { viewport: { width, height: 800 } });
			const wide = await page.evaluate(() => {
				for (const d of document.querySelectorAll('details.run'))
					d.open = true;
				for (const th of document.querySelectorAll('.checks tbody th, .checks tbody td:nth-child(n+4)'))
					th.textContent = 'socket conn state ' + 'ESTABLISHED,'.repeat(20);
				return [...document.querySelectorAll('.wide:has(.checks)')].map((w) => w.scrollWidth - w.clientWidth);
			});

			assert.ok(wide.length > 2);
			assert.deepEqual(wide.filter((w) => w > 0), [], `${width} px`);
			await close(page);
		}
	},

	async on_paper_all_is_there() {
		const page = await open('joined');

		await page.emulateMedia({ media: 'print' });
		await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
		assert.equal(await page.$$eval('details:not([open])', (d) => d.length), 0);
		assert.equal(await page.$$eval('.scripted', (s) => s.filter((e) => e.getClientRects().length).length), 0);
		await close(page);
	},

	async on_paper_all_is_there_without_scripts() {
		const page = await open('joined', { javaScriptEnabled: false });
		const checks = page.locator('details.run:not([open]) .checks').first();
		const shown = () => checks.evaluate((e) => e.checkVisibility({ contentVisibilityAuto: true }));

		assert.equal(await shown(), false);
		await page.emulateMedia({ media: 'print' });
		assert.equal(await shown(), true);
		await close(page);
	},

	async without_scripts_all_can_be_read() {
		const page = await open('failed', { javaScriptEnabled: false });
		const visible = (selector) => page.locator(selector).first().isVisible();

		assert.ok(await visible('.chart'));
		assert.ok(await visible('.checks tbody tr'));
		assert.ok(await visible('.prose'));
		assert.ok(await visible('#table tbody tr'));
		assert.equal(await visible('#theme'), false);
		await page.locator('details.text summary').first().click();
		assert.match(await page.locator('details.text pre').first().textContent(), /SYN/);
		await close(page);
	},

	async hostile_texts_do_nothing() {
		const page = await open('hostile');

		await page.click('#open-all');
		assert.equal(await page.evaluate(() => window.harm), undefined);
		// what it wanted to be is there to be read
		assert.match(await page.textContent('body'), /<script>window\.harm = 1<\/script>/);
		assert.equal(await page.$$eval('script', (s) => s.length), 1);
		assert.equal(await page.$$eval('img, iframe, object, [onerror], [onload]', (s) => s.length), 0);
		await close(page);
	},

	async hostile_texts_that_waited_do_nothing() {
		const page = await open('hostile-large');

		assert.equal(await page.$$eval('details.run', (d) => d.at(-1).querySelectorAll('.later').length), 1);
		await page.click('#table tbody tr:last-child a');
		await page.waitForFunction(() => [...document.querySelectorAll('details.run')].at(-1).querySelector('.chart'));
		assert.equal(await page.evaluate(() => window.harm), undefined);
		assert.equal(await page.$$eval('script', (s) => s.length), 1);
		assert.equal(await page.$$eval('img, iframe, object, [onerror], [onload]', (s) => s.length), 0);
		await close(page);
	},

	// Even a script that got in could not reach the network.
	async the_policy_blocks_the_network() {
		const page = await open('passed');
		const blocked = await page.evaluate(() => new Promise((done) => {
			const seen = new Set();

			document.addEventListener('securitypolicyviolation', (event) => {
				seen.add(event.effectiveDirective);
				if (seen.size === 2)
					done([...seen].sort());
			});
			// what is not blocked tells nobody
			setTimeout(() => done([...seen].sort()), 10000);
			new Image().src = 'http://192.0.2.1/x.png';
			fetch('http://192.0.2.1/').catch(() => {});
		}));

		assert.deepEqual(blocked, ['connect-src', 'img-src']);
		page.trouble = []; // Chromium says so on the console
		await close(page);
	},

	async it_can_be_heard() {
		const page = await open('passed');

		assert.equal(await page.getAttribute('html', 'lang'), 'en');
		assert.equal(await page.$$eval('main', (m) => m.length), 1);
		assert.deepEqual(await page.$$eval('h1, h2, h3, h4', (all) => {
			const levels = all.map((h) => Number(h.tagName[1]));
			return levels.filter((l, i) => i && l > levels[i - 1] + 1);
		}), []);
		assert.equal(await page.$$eval('svg', (all) => all.filter((s) => s.getAttribute('aria-hidden') !== 'true' &&
			!(s.getAttribute('role') === 'img' && (s.querySelector('title') || s.hasAttribute('aria-label')))).length), 0);
		assert.equal(await page.$$eval('thead th', (all) => all.filter((th) => th.getAttribute('scope') !== 'col').length), 0);
		await page.keyboard.press('Tab');
		assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
		const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
		assert.notEqual(ring, 'none');
		await close(page);
	},
};

let passed = 0, failed = 0;

for (const [name, run] of Object.entries(cases)) {
	try {
		await run();
		console.log('ok      ' + name);
		passed++;
	} catch (error) {
		console.log('FAILED  ' + name + '\n' + error.stack);
		failed++;
	}
}
await browser.close();
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
