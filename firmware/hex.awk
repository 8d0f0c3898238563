# "0x08020000" as a number: not every awk can.
function hex(text,    n, i) {
	n = 0
	text = tolower(substr(text, 3))
	for (i = 1; i <= length(text); i++)
		n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return n
}
