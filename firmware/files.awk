# What the linker's maps say of each object, as a table: which source takes how many bytes.
# Goes behind hex.awk.

# A piece of the section `name`; what is filled in for alignment is nobody's.
function add(name, address, bytes, file,    key) {
	if (bytes == 0 || name == ".stub" || file !~ /\.(o|a\(.*\))$/)
		return
	sub(/^obj\//, "", file)
	sub(/\.o$/, ".c", file)
	key = part " " file
	if (!(key in known)) {
		known[key] = 1
		order[++n] = key
	}
	if (address ~ /^0x0*800|^0x0*802/)
		flash[key] += bytes
	if (address ~ /^0x0*200/)
		ram[key] += bytes
}

BEGIN { print "part file flash_bytes ram_bytes" }
FNR == 1 {
	part = FILENAME ~ /stub/ ? "stub" : "application"
	placed = 0
}
/^Linker script and memory map/ { placed = 1 }
!placed { next }
# " .text.name 0x08020800 0x1c obj/app/log.o", or the name alone on a line before.
/^ \.[a-zA-Z]/ && NF == 1 { name = $1; next }
/^ \.[a-zA-Z]/ && NF >= 4 { add($1, $2, hex($3), $4); name = ""; next }
name != "" && /^ +0x/ && NF >= 3 { add(name, $1, hex($2), $3) }
{ name = "" }
END {
	for (i = 1; i <= n; i++)
		print order[i], flash[order[i]] + 0, ram[order[i]] + 0
}
