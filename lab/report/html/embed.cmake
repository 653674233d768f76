# SPDX-License-Identifier: GPL-2.0-or-later
# Writes OUT: the HTML report's template, style and script, as C arrays.
include(${CMAKE_CURRENT_LIST_DIR}/../../bytes.cmake)
set(text "// made by lab/report/html/embed.cmake from the files beside it\n")
string(APPEND text "#include \"lab/report/html_files.h\"\n\n")
foreach(pair html_template=report.html html_style=style.css html_script=script.js)
	string(REPLACE "=" ";" pair "${pair}")
	list(GET pair 0 name)
	list(GET pair 1 file)
	bytes_of(${CMAKE_CURRENT_LIST_DIR}/${file} bytes)
	string(APPEND text "const char ${name}[] = {${bytes}};\n")
endforeach()
file(WRITE ${OUT} "${text}")
