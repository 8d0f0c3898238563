load helpers

more_setup() {
	make_firmware blinky.bin 20000
}

@test "info of a raw program" {
	run -0 --separate-stderr stmiot image info blinky.bin
	stderr_is ""
	has "$output" "file     blinky.bin, 20000 bytes"
	has "$output" "format   bin"
	has "$output" "fits     an STM32F407"
	[[ "${lines[-1]}" =~ ^0\ +0x08000000\ +20000\ +[0-9a-f]{8}\ +0-1$ ]]
}

@test "the CRC is everyone's" {
	# gzip ends in the CRC-32 of what it holds, the lowest byte first (RFC 1952, 2.3.1).
	want=$(gzip -c blinky.bin | tail -c 8 | head -c 4 | od -An -tx1 | awk '{ print $4 $3 $2 $1 }')
	run -0 bash -c "stmiot image info blinky.bin --json | jq -r '.segments[0].crc32'"
	output_is "$want"
}

@test "info as JSON" {
	run -0 bash -c "stmiot image info --json blinky.bin |
		jq -c '[.format, .vid, .bytes, .fits, .why_not, .segments[0].address, .segments[0].sectors]'"
	output_is '["bin",null,20000,true,null,"0x08000000",[0,1]]'
}

@test "to .dfu, .hex, .bin and back" {
	stmiot -q image convert blinky.bin a.dfu
	stmiot -q image convert a.dfu b.hex
	stmiot -q image convert b.hex c.bin
	cmp blinky.bin c.bin
	run -0 stmiot image info a.dfu
	has "$output" "format   dfuse"
	has "$output" "ids      0483:df11"
	if command -v dfu-suffix; then
		dfu-suffix -c a.dfu
	fi
}

@test "by --to, and to standard output" {
	run -0 --separate-stderr bash -c 'stmiot image convert blinky.bin - --to bin | cmp - blinky.bin'
	stderr_is ""
	run -0 bash -c 'stmiot image convert - x.y --to hex <blinky.bin && head -c 1 x.y'
	has "$output" ":"
}

@test "the output is there whole or not at all, and overwritten" {
	echo old >out.bin
	run -5 stmiot image convert --format hex blinky.bin out.bin
	run -0 cat out.bin
	output_is old
	stmiot -q image convert blinky.bin out.bin
	cmp blinky.bin out.bin
	run -0 bash -c 'ls | grep -c tmp || true'
	output_is 0
}

@test "a raw file at an address, and where none fits" {
	run -0 bash -c "stmiot image info --json --address 0x08020000 blinky.bin | jq -c '.segments[0].sectors'"
	output_is "[5]"
	run -0 --separate-stderr stmiot image info --address 0x1fffc000 blinky.bin
	has "$output" "fits     no: "
}

@test "wrong command lines and files" {
	run -2 --separate-stderr stmiot image convert blinky.bin out.xyz
	has "$stderr" "its extension names no format"
	run -2 --separate-stderr stmiot image info
	run -2 --separate-stderr stmiot image info --to hex blinky.bin
	run -2 --separate-stderr stmiot image info nothing.bin
	has "$stderr" "No such file"
	head -c 1000 /dev/zero >zeros.bin
	run -5 --separate-stderr stmiot image info zeros.bin
	has "$stderr" "nothing but zero bytes"
	stmiot -q image convert blinky.bin a.dfu
	head -c 300 a.dfu >cut.dfu
	run -5 --separate-stderr stmiot image info cut.dfu
	has "$stderr" "cut.dfu"
}
