load boards

@test "all about a board" {
	boards_up
	run -0 --separate-stderr stmiot info
	stderr_is ""
	output_is "board              sim:b0
serial             $(board b0 .serial)
usb                0483:df11 at 1-1
bootloader         STM32  BOOTLOADER, protocol 2.2, 2048 bytes a transfer
memory             Internal Flash: 4 x 16K, 1 x 64K, 7 x 128K at 0x08000000
                   Option Bytes: 1 x 16 bytes at 0x1fffc000
                   OTP Memory: 1 x 512 bytes, 1 x 16 bytes at 0x1fff7800
                   Device Feature: 1 x 4 bytes at 0xffff0000
option bytes       rdp level 0
                   bor_lev off
                   wdg_sw 1
                   nrst_stop 1
                   nrst_stdby 1
                   nwrp 0xfff
OTP                0 of 16 blocks used, 0 locked
credential slots   A blank
                   B blank"
}

@test "as JSON" {
	boards_up
	stmiot info --json >info
	run -0 jq -c '[.board, .serial, .path, .vid, .pid, .bcdDevice, .product, .wTransferSize,
		.read_protected]' info
	output_is "[\"sim:b0\",\"$(board b0 .serial)\",\"1-1\",\"0483\",\"df11\",\"2200\",\"STM32  BOOTLOADER\",2048,false]"
	run -0 jq -c '[.options.rdp, .options.bor_lev, .options.nwrp, .options.nwrp11, .otp, .slots,
		(.memory | length)]' info
	output_is '[0,3,4095,1,{"blocks":16,"used":0,"locked":0},{"a":"blank","b":"blank"},4]'
}

@test "what is used" {
	boards_up
	"$BATS_TEST_DIRNAME/credential-record" "$(board b0 .serial)" 7 >record
	cat record |
		change_board b0 flash.bin 32768
	printf 'other' | change_board b0 flash.bin 49152
	printf 'birth' | change_board b0 otp.bin 64
	printf '\000' | change_board b0 otp.bin 514
	run -0 stmiot info
	has "$output" "OTP                1 of 16 blocks used, 1 locked"
	has "$output" "credential slots   A credential record in use: 'dev' at hub.azure-devices.net, sas, generation 7"
	has "$output" "                   B something else"
	run -0 bash -c "stmiot info --json | jq -c '.slots, .otp'"
	output_is '{"a":"credential record","b":"something else"}
{"blocks":16,"used":1,"locked":1}'
}

@test "under read protection" {
	boards_up
	stmiot -q option set rdp=1 --yes >/dev/null
	run -0 --separate-stderr stmiot info
	has "$output" "serial             $(board b0 .serial)"
	has "$output" "read protection    on (RDP level 1): nothing else can be read; \`stmiot option unprotect --yes\` lifts it and erases all flash"
	run -0 bash -c "stmiot info --json | jq -c '[.read_protected, .options, .slots]'"
	output_is "[true,null,null]"
}

@test "a look changes nothing" {
	boards_up
	random_file f 1048576
	change_board b0 flash.bin 0 <f
	stmiot info >/dev/null
	cmp f sim/b0/flash.bin
	run -0 board b0 '| .counters | .erases, .programmed_bytes, .option_writes'
	output_is $'0\n0\n0'
}

# A command that was killed between a DNLOAD and the GETSTATUS behind it left it queued.
@test "what a killed command had asked for is not carried out by the next" {
	boards_up
	random_file other 4000 7
	stmiot -q flash --no-start --address 0x08020000 other >/dev/null
	random_firmware f.bin 4000 8
	queued=0
	for n in $(seq 20 90); do
		stmiot sim fault b0 timeout --at "$n"
		stmiot -q flash --no-start --full --no-preserve --address 0x08020000 f.bin \
			>/dev/null 2>&1 3>&- &
		pid=$!
		while [ "$(board b0 .faults[0])" != null ] && kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
		kill -0 "$pid" 2>/dev/null || break
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		for _ in $(seq 50); do [ "$(board b0 .attached)" = false ] && break; sleep 0.01; done
		stmiot sim fault b0 none
		[ "$(board b0 .dfu_state)" = dfuDNLOAD-SYNC ] || continue
		queued=$((queued + 1))
		take_flash
		before=$(board b0 '| .counters | .erases, .programmed_bytes')
		stmiot info >/dev/null
		[ "$(board b0 '| .counters | .erases, .programmed_bytes')" = "$before" ]
		cmp flash.b0 sim/b0/flash.bin
	done
	[ "$queued" -gt 0 ]
}

@test "no arguments" {
	run -2 --separate-stderr stmiot info all
	has "$stderr" 'info takes no arguments, and has "all"'
}
