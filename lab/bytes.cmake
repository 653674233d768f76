# SPDX-License-Identifier: GPL-2.0-or-later
# bytes_of(PATH RET): a file as the initialiser of a C string.
function(bytes_of path ret)
	file(READ ${path} hex HEX)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
	set(${ret} "${hex}0x00" PARENT_SCOPE)
endfunction()
