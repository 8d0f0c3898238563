load boards

@test "no board: an empty table, and what to do" {
	run -0 --separate-stderr stmiot list
	output_is ""
	stderr_is "stmiot: no board is in sight; \`stmiot doctor\` finds what is wrong, \`stmiot sim up\` starts a virtual one"
	run -0 --separate-stderr stmiot -q list
	output_is ""
	stderr_is ""
	run -0 --separate-stderr stmiot list --json
	output_is "[]"
	stderr_is ""
}

@test "boards in a table" {
	boards_up 2
	a=$(board b0 .serial) b=$(board b1 .serial)
	run -0 --separate-stderr stmiot list
	output_is "BOARD   SERIAL        MODE  MEMORY
sim:b0  $a  dfu   Internal Flash 1 MiB
sim:b1  $b  dfu   Internal Flash 1 MiB"
	stderr_is ""
}

@test "a board that runs its program, and one without power" {
	boards_up 2
	stmiot sim boot0 b0 off
	stmiot sim reset b0
	stmiot sim power b1 off
	a=$(board b0 .serial) b=$(board b1 .serial)
	run -0 --separate-stderr stmiot list
	output_is "BOARD   SERIAL        MODE     MEMORY
sim:b0  $a  running  -
sim:b1  $b  off      -"
}

@test "JSON has all that is known" {
	boards_up
	run -0 --separate-stderr stmiot list --json
	stderr_is ""
	serial=$(board b0 .serial) url=$(board b0 .usbip)
	run -0 jq -r '.[0] | .selector, .serial, .path, .vid, .pid, .bcdDevice, .mode, .usbip, .access,
		.product, .node, (.alternates | length)' <<<"$output"
	output_is "sim:b0
$serial
1-1
0483
df11
2200
dfu
$url
ok
STM32  BOOTLOADER
null
4"
	stmiot list --json >list
	run -0 jq -c '.[0].alternates[] | [.alt, .name, .string]' list
	output_is '[0,"Internal Flash","@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]
[1,"Option Bytes","@Option Bytes  /0x1FFFC000/01*016 e"]
[2,"OTP Memory","@OTP Memory /0x1FFF7800/01*512 e,01*016 e"]
[3,"Device Feature","@Device Feature/0xFFFF0000/01*004 e"]'
	run -0 jq -c '.[0].alternates[0].regions[]' list
	output_is '{"address":"0x08000000","sectors":4,"sector_bytes":16384,"readable":true,"erasable":true,"writeable":true}
{"address":"0x08010000","sectors":1,"sector_bytes":65536,"readable":true,"erasable":true,"writeable":true}
{"address":"0x08020000","sectors":7,"sector_bytes":131072,"readable":true,"erasable":true,"writeable":true}'
}

@test "a serial number for a script" {
	boards_up
	run -0 bash -c "stmiot list --json | jq -r '.[].serial'"
	output_is "$(board b0 .serial)"
}

@test "STMIOT_BUS chooses where to look" {
	boards_up
	STMIOT_BUS=usb run -0 --separate-stderr stmiot list --json
	[[ "$output" != *sim:b0* ]]
	STMIOT_BUS=can run -2 --separate-stderr stmiot list
	output_is ""
	has "$stderr" 'STMIOT_BUS is "can"; it is sim, usb or all'
}

@test "nothing else is taken" {
	run -2 --separate-stderr stmiot list boards
	output_is ""
	has "$stderr" 'list takes no arguments, and has "boards"'
}

@test "looking at a board changes nothing of it" {
	boards_up
	take_flash
	stmiot list >/dev/null
	run -0 board b0 '| .counters | .dnload, .upload, .getstatus, .abort'
	output_is $'0\n0\n0\n0'
	cmp flash.b0 sim/b0/flash.bin
}

@test "-b lists the boards that it means" {
	boards_up 2
	url=$(stmiot list --json | jq -r '.[1].usbip')
	[ "$(stmiot -b sim:b0 list --json | jq -r '.[].selector')" = sim:b0 ]
	[ "$(stmiot -b "$url" list --json | jq -r '.[].selector')" = "$url" ]
	run -3 --separate-stderr stmiot -b sim:b7 list
	has "$stderr" 'no board "sim:b7" is in sight'
}
