// SPDX-License-Identifier: GPL-2.0-or-later

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Gets a URL: with Java's default client, or with the timeouts given, in seconds: HttpGet URL [connect=3] [request=3]. */
class HttpGet {
	public static void main(String[] words) throws Exception {
		var client = HttpClient.newBuilder();
		var request = HttpRequest.newBuilder(URI.create(words[0]));

		for (int i = 1; i < words.length; i++) {
			String[] setting = words[i].split("=");
			Duration time = Duration.ofSeconds(Long.parseLong(setting[1]));

			switch (setting[0]) {
			case "connect" -> client.connectTimeout(time);
			case "request" -> request.timeout(time);
			default -> throw new IllegalArgumentException(words[i]);
			}
		}
		System.out.print(client.build().send(request.build(), BodyHandlers.ofString()).body());
	}
}
