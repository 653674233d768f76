/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of the event log, for programs: a JSON Schema, made from the tables that write and read it. */
#ifndef NSLAB_EVENT_EVENT_SCHEMA_H
#define NSLAB_EVENT_EVENT_SCHEMA_H

/**
 * event_schema_text() - the JSON Schema (draft 2020-12) of a record
 *
 * Its $id is nslab:events:1, after EVENT_FORMAT_VERSION; each type of record is in its $defs, under the
 * type's name. It refuses what event_read() refuses, except where that takes arithmetic: hosts that
 * there are not, addresses of two families, padding of base64.
 *
 * Return: malloced text with a newline at its end, NULL only when memory is out
 */
char *event_schema_text(void);

#endif
