#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fetch.sh URL RETRIES - what URL answers. Each attempt gets half a second; curl makes another one after a
# timeout, and after answers that say "later". Exit status: curl's, 28 after the last timeout.
exec curl --silent --show-error --fail --max-time 0.5 --retry "$2" --retry-delay 1 "$1"
