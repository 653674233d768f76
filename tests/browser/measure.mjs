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

for (let i = 0; i < 5; i++) {
	const page = await browser.newPage();

	await page.goto(pathToFileURL(process.argv[2]).href);
	const times = await page.evaluate(() => {
		const nav = performance.getEntriesByType('navigation')[0];
		const paint = performance.getEntriesByType('paint').find((p) => p.name === 'first-contentful-paint');
		return { paint: Math.round(paint?.startTime ?? -1), loaded: Math.round(nav.loadEventEnd) };
	});
	const opened = await page.evaluate(() => new Promise((done) => {
		const last = [...document.querySelectorAll('details.run')].at(-1);
		const from = performance.now();
		last.open = true;
		last.scrollIntoView();
		const look = () => (last.querySelector('.chart') ? done(Math.round(performance.now() - from)) : requestAnimationFrame(look));
		look();
	}));
	console.log(`first paint ${times.paint} ms, loaded ${times.loaded} ms, a run opened and drawn ${opened} ms`);
	await page.close();
}
await browser.close();
