// SPDX-License-Identifier: GPL-2.0-or-later
// Pictures of the HTML report for the documents: node pictures.mjs FOLDER OUT, with the pages that browser.sh makes.
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, out] = process.argv.slice(2).map((p) => path.resolve(p));
const { chromium } = createRequire(path.join(process.env.NSLAB_BROWSER_MODULES, 'x.js'))('playwright-core');
const browser = await chromium.launch({
	executablePath: process.env.NSLAB_CHROMIUM,
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});

// name: page, scheme, width, height, what is at the top
const pictures = {
	'passed-light': ['passed', 'light', 1100, 800, '.packets'],
	'failed-dark': ['failed', 'dark', 1100, 900, '.run'],
	'routers-light': ['routers', 'light', 1300, 900, '.net'],
	'lossy-dark': ['lossy', 'dark', 1100, 900, '.packets'],
	'phone-light': ['joined', 'light', 390, 800, 'h1'],
};

for (const [name, [page_name, colorScheme, width, height, top]] of Object.entries(pictures)) {
	const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });

	await page.goto(pathToFileURL(path.join(folder, page_name + '.html')).href);
	await page.$eval(top, (e) => window.scrollTo(0, e.getBoundingClientRect().top + window.scrollY - 8));
	await page.screenshot({ path: path.join(out, name + '.png') });
	await page.close();
}
await browser.close();
