# The bundled firmware on the virtual board: from `stmiot flash` without an image to what
# it says on its console.

load outside
load boards
load hubs
load firmware

more_setup() {
	hub_up
	stmiot -q sim up --no-hub --time real >up.txt
}

# COLOUR JQ-FILTER: is true of this LED
led() {
	leds ".leds[] | select(.pin | IN(\"PD12\", \"PD13\", \"PD14\", \"PD15\")) | select(.colour == \"$1\") | $2"
}

@test "built, flashed and started without the jumper: it blinks, and counts the clicks" {
	stmiot -q build -o firmware.dfu
	boot firmware.dfu
	hears "^stmiot STM32F407 $(stmiot version --json | jq -r .version)"
	hears 'start: reset power-on'
	eventually led green '.changes > 2'
	led orange '.changes == 0 and (.on | not)'
	led red '.changes == 0 and (.on | not)'
	stmiot sim press b0
	hears 'click 1, id '
	eventually led blue .on
	stmiot sim release b0
	eventually led blue '.on | not'
	stmiot sim press b0 --for 100
	hears 'click 2, id '
	anew
	say log
	hears 'click 1, id '
	hears 'click 2, id '
	say info
	hears '^info 1'
	hears "^serial $(serial)"
	hears '^clock hse 168000000 Hz'
	hears '^clicks 2'
	hears '^random ok'
	hears '^watchdog ok'
	hears '^fault none'
	[ "$(stmiot sim status b0 --json | jq -c '.[0].unmodelled')" = '[]' ]
}

# OPTION...: provision the board, which is in its bootloader, and compare what `info` there
# and `cred` on the console say of it.
cred_is_that_of() {
	stmiot -q -b sim:b0 provision "$@" >/dev/null
	stmiot -b sim:b0 info --json >info.json
	jq -r '.credentials[] | select(.in_use) | to_entries[] | {
		slot: "in-use \(.value | tostring | ascii_downcase)",
		state: null, in_use: null, thumbprint: null,
		serial: "serial \(.value)",
		generation: "generation \(.value)",
		auth: "auth \(.value)",
		hub: "hub \(.value)",
		device_id: "device \(.value)",
		id_scope: "id-scope \(.value)",
		registration_id: "registration \(.value)",
		issued_at: "issued \(.value)",
		wrapped: (if .value then null else "wrapped no" end),
		otp_block: "wrapped aes-256-gcm, root in OTP block \(.value), which is burned and locked"
	}[.key] // empty' info.json >expected
	restart
	say cred
	hears '^ok'
	tail -c "+$((was + 1))" heard | tr -d '\r' >answer
	grep -qx 'cred 1' answer
	# Each of these is a line of the answer, and there are no others but what info does not tell.
	grep -Ev '^(keys|slot-[ab]|gateway) ' answer | sed -n '/^cred 1$/,/^ok$/p' | sed '1d;$d' | sort >is
	sort expected | diff - is
	asks_for_rom
}

keys_are() {
	grep -qx "keys $1" answer || {
		cat answer
		return 1
	}
}

@test "cred shows the very record that was provisioned, in flash or wrapped by OTP" {
	head -c 32 /dev/urandom | base64 >group.key
	boot
	asks_for_rom
	cred_is_that_of dev1
	keys_are primary
	grep -qx 'slot-b blank' answer
	cred_is_that_of dev2 --auth x509
	keys_are 'private certificate'
	cred_is_that_of dev3 --auth dps --id-scope 0ne1 --group-key-file group.key
	keys_are primary
	[ "$(stmiot -b sim:b0 info --json | jq .otp.used)" = 0 ]
	cred_is_that_of dev4 --store otp --burn "$(serial)"
	keys_are primary
	cred_is_that_of dev5 --store otp --auth x509
	keys_are 'private certificate'
	[ "$(stmiot -b sim:b0 info --json | jq -c '[.otp.used, .otp.locked]')" = '[1,1]' ]
	exec 9>&-
	for id in dev1 dev2 dev4 dev5; do
		stmiot device show $id --show-keys --json | jq -r '.primary_key, .secondary_key'
	done | grep -v null >keys.txt
	[ "$(wc -l <keys.txt)" -ge 4 ]
	run -1 grep -F -f keys.txt heard said
}

@test "dfu on the console: the ROM comes up with BOOT0 low, and start or a reset lead back" {
	boot
	asks_for_rom
	stmiot -q build -o firmware.dfu
	run -0 stmiot -b sim:b0 verify firmware.dfu
	anew
	stmiot -q -b sim:b0 start
	hears 'start: reset bootloader'
	hears "^type 'help'"
	asks_for_rom
	restart
	hears 'start: reset pin'
}

@test "without an application the stub enters the ROM, and the same flash repairs" {
	boot
	asks_for_rom
	stmiot -q -b sim:b0 erase 0x08020000 128K --yes
	stmiot sim reset b0
	eventually in_rom
	anew
	stmiot -q -b sim:b0 flash
	hears "^type 'help'"
}
