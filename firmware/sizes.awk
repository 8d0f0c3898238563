# What the linker's maps say of both parts, as a table: what they take, and what they may.
# Goes behind hex.awk.

FNR == 1 { part = FILENAME ~ /stub/ ? "stub" : "application" }
# "APP 0x08020000 0x00060000 xr"
$1 == (part == "stub" ? "STUB" : "APP") && NF == 4 {
	origin[part] = hex($2)
	room[part] = hex($3)
}
# ".text 0x08020800 0x31a8", and behind .data where it is loaded
/^\.(text|header|first) +0x/ {
	end = hex($2) + hex($3)
	if (end > top[part])
		top[part] = end
}
/^\.data +0x/ { data[part] = hex($3) }
/^\.(stack|data|bss|noinit) +0x/ { ram[part] += hex($3) }
function row(part) {
	print part, top[part] - origin[part] + data[part], room[part], ram[part]
}
END {
	print "part flash_bytes flash_room ram_bytes"
	row("stub")
	row("application")
}
