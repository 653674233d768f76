// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/xml.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "netns/cleanup.h"

/* A function's address by way of memory: ISO C knows no cast from an object's. */
static bool function_find(void *library, const char *name, void *ret_function)
{
	void *found = dlsym(library, name);

	memcpy(ret_function, &found, sizeof(found));
	return found;
}

const struct xml *xml_load(const char **ret_lacks)
{
	static struct xml loaded;
	static bool is_loaded;
	struct xml xml;
	void *library;

	if (is_loaded)
		return &loaded;
	library = dlopen(NSLAB_LIBXML2, RTLD_NOW | RTLD_LOCAL);
#define XML_FIND(name) &&function_find(library, "xml" #name, &xml.name)
	if (library XML_FUNCTIONS(XML_FIND)) {
		loaded = xml;
		is_loaded = true;
		return &loaded;
	}
#undef XML_FIND
	if (ret_lacks)
		*ret_lacks = dlerror();
	if (library)
		dlclose(library);
	return NULL;
}
