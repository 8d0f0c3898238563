# The bundled firmware on the virtual board: from `stmiot flash` without an image to what
# it says on its console.

load outside
load hubs

more_setup() {
	hub_up
	stmiot -q sim up --no-hub --time real >up.txt
}

teardown() {
	# It would wait for the board for ever.
	if [ -n "${session:-}" ]; then
		kill "$session" || true
	fi
	stmiot -q sim down || true
}

# Its console is heard from here on in `heard`, and `say` types; BOOT0 is low.
boot() {
	stmiot -q -b sim:b0 flash
	mkfifo keys
	stmiot console -b sim:b0 <keys >heard 2>said 3>&- &
	session=$!
	exec 9>keys
	stmiot sim boot0 b0 off
	stmiot sim reset b0
	eventually grep -q "^type 'help'" heard
}

# JQ-FILTER: of the board's status
status() {
	stmiot sim status b0 --json | jq -e ".[0] | $1"
}

say() {
	printf '%s\r' "$1" >&9
}

hears() {
	eventually grep -q "$1" heard || {
		cat heard
		return 1
	}
}

@test "it boots, blinks, and counts the clicks" {
	boot
	hears '^stmiot STM32F407 '
	eventually leds '.leds[] | select(.changes > 2)'
	stmiot sim press b0 --for 100
	hears 'click 1, id '
	eventually leds '.pressed | not'
	stmiot sim press b0 --for 100
	hears 'click 2, id '
	say info
	hears '^info 1'
	hears "$(stmiot list --json | jq -r '.[0].serial')"
	hears '168'
}

@test "it knows the very record that was provisioned" {
	stmiot -q -b sim:b0 provision dev1 >/dev/null
	boot
	say cred
	hears '^cred 1'
	hears 'dev1'
	hears "$(stmiot hub list --json | jq -r '.[0].host')"
	exec 9>&-
	stmiot device show dev1 --show-keys --json | jq -r '.primary_key, .secondary_key' >keys.txt
	run -1 grep -F -f keys.txt heard
}

@test "dfu on the console: the ROM comes up with BOOT0 low, and a reset leads back" {
	boot
	say dfu
	eventually status '.mode == "rom" and (.boot0 | not)'
	stmiot -q build -o firmware.dfu
	run -0 stmiot -b sim:b0 verify firmware.dfu
	: >heard
	stmiot sim reset b0
	hears "^type 'help'"
}

@test "without an application the stub enters the ROM, and the same flash repairs" {
	boot
	say dfu
	eventually status '.mode == "rom"'
	stmiot -q -b sim:b0 erase 0x08020000 128K --yes
	stmiot sim reset b0
	eventually status '.mode == "rom" and (.boot0 | not)'
	: >heard
	stmiot -q -b sim:b0 flash
	hears "^type 'help'"
}
