// SPDX-License-Identifier: GPL-2.0-or-later
// How long a page takes to open: node measure.mjs PAGE. Five times, each in a new window.
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { chromium } = createRequire(path.join(process.env.NSLAB_BROWSER_MODULES, 'x.js'))('playwright-core');
const browser = await chromium.launch({
	executablePath: process.env.NSLAB_CHROMIUM,
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});

const all = { 'first paint': [], 'loaded': [], 'a run opened and drawn': [] };

for (let i = 0; i < 5; i++) {
	const page = await browser.newPage();

	await page.goto(pathToFileURL(process.argv[2]).href);
	const times = await page.evaluate(() => {
		const nav = performance.getEntriesByType('navigation')[0];
		const paint = performance.getEntriesByType('paint').find((p) => p.name === 'first-contentful-paint');
		return { paint: Math.round(paint?.startTime ?? -1), loaded: Math.round(nav.loadEventEnd) };
	});
	// as a click on its name does; the frame after the next one shows it
	const opened = await page.evaluate(() => new Promise((done) => {
		const last = [...document.querySelectorAll('details.run')].at(-1);
		const from = performance.now();

		document.querySelector('#table a[href="#' + last.dataset.run + '"]').click();
		const look = () => (last.querySelector('.chart') ?
			requestAnimationFrame(() => setTimeout(() => done(Math.round(performance.now() - from)))) :
			requestAnimationFrame(look));
		look();
	}));
	all['first paint'].push(times.paint);
	all['loaded'].push(times.loaded);
	all['a run opened and drawn'].push(opened);
	await page.close();
}
for (const [what, times] of Object.entries(all)) {
	times.sort((a, b) => a - b);
	console.log(`${what}: median ${times[2]} ms, ${times[0]} to ${times[4]} ms`);
}
await browser.close();
