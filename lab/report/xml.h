/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxml2's text writer, loaded when it is first asked for. It needs ICU and C++'s library: the loader
 * would spend as long on them, at each start, as on all the rest, and clone() would copy their mappings.
 */
#ifndef NSLAB_REPORT_XML_H
#define NSLAB_REPORT_XML_H

#include <libxml/xmlwriter.h>

/* those that we call, without their xml */
#define XML_FUNCTIONS(X)                  \
	X(OutputBufferCreateIO)           \
	X(OutputBufferClose)              \
	X(NewTextWriter)                  \
	X(FreeTextWriter)                 \
	X(TextWriterSetIndent)            \
	X(TextWriterSetIndentString)      \
	X(TextWriterStartDocument)        \
	X(TextWriterEndDocument)          \
	X(TextWriterStartElement)         \
	X(TextWriterEndElement)           \
	X(TextWriterWriteAttribute)       \
	X(TextWriterWriteFormatAttribute) \
	X(TextWriterWriteString)

/** struct xml - xml->NewTextWriter() is xmlNewTextWriter() */
struct xml {
#define XML_MEMBER(name) __typeof__(&xml##name) name;
	XML_FUNCTIONS(XML_MEMBER)
#undef XML_MEMBER
};

/**
 * xml_load() - the functions; loaded once, and there till the process ends
 * @ret_lacks: NULL, or where to say what is missing, in the loader's words; valid till the next call
 * Return: NULL if they cannot be had
 */
const struct xml *xml_load(const char **ret_lacks);

#endif
