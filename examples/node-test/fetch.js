// SPDX-License-Identifier: GPL-2.0-or-later
// GET with a deadline, and again.
'use strict';

const http = require('node:http');

function get(url, signal) {
	return new Promise((resolve, reject) => {
		const fail = (error) => reject(signal.aborted ? signal.reason : error);

		http.get(url, { signal }, (answer) => {
			let text = '';

			answer.setEncoding('utf8');
			answer.on('data', (part) => { text += part; });
			answer.on('end', () => resolve(text));
			answer.on('error', fail);
		}).on('error', fail);
	});
}

/**
 * What url answers. Each attempt gets timeoutMs, answer and all; another one is made only after a timeout.
 * Rejects with a TimeoutError after the last attempt.
 */
async function fetchWithRetry(url, timeoutMs, attempts) {
	for (;;) {
		try {
			return await get(url, AbortSignal.timeout(timeoutMs));
		} catch (error) {
			attempts -= 1;
			if (error.name !== 'TimeoutError' || attempts <= 0)
				throw error;
		}
	}
}

module.exports = { fetchWithRetry };
