// SPDX-License-Identifier: GPL-2.0-or-later
// Does fetchWithRetry() give up in time, and does it recover when the firewall heals?
//
//     nslab exec --within 60s examples/lab.yaml -- node --test examples/node-test/fetch.test.js
'use strict';

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const http = require('node:http');
const test = require('node:test');
const { promisify } = require('node:util');

const { fetchWithRetry } = require('./fetch.js');

const url = 'http://server:8080/';
const skip = process.env.NSLAB ? false : 'no lab: nslab exec examples/lab.yaml -- node --test';

// Drives the lab that we are in.
const nslab = (...args) => promisify(execFile)(process.env.NSLAB, args);

test('gives up in time', { skip, timeout: 10000 }, async (t) => {
	t.after(() => http.globalAgent.destroy()); // what hangs must not keep the process alive
	await assert.rejects(fetchWithRetry(url, 500, 2), { name: 'TimeoutError' });
	// it has tried twice, and no socket is left
	await nslab('wait', '--within', '10s', 'fault syn-dropped hits >= 2');
	await nslab('wait', '--within', '10s', 'socket client to server:8080 state CLOSED');
});

// Waits until somebody's dial hangs, then lets SYN pass.
async function heal() {
	await nslab('wait', '--within', '10s', 'socket client to server:8080 state SYN-SENT');
	await nslab('fault', 'off', 'syn-dropped');
}

test('recovers when the firewall heals', { skip }, async () => {
	try {
		const [text] = await Promise.all([fetchWithRetry(url, 500, 20), heal()]);

		assert.strictEqual(text, 'hello\n');
	} finally {
		await nslab('fault', 'on', 'syn-dropped');
	}
});
