# Sessions through a link that breaks, at every record of TLS: what is sent and read is
# whole, or it is told that it is not; and the hub serves the others, and forgets who is
# gone. Each is a run of cut_session; its number is that of the record.

load hubs

# The hub that each session has a copy of: four devices with three events each.
more_setup() {
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -o link "$BATS_TEST_DIRNAME/../hub/link.c"
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -o ask "$BATS_TEST_DIRNAME"/{ask,fault}.c
	hub_up
	hub_add h --use --connection-string-file hub/connection-string \
		--mqtt-port "$(./ask hub '"status"' | jq .mqtt)"
	for i in 0 1 2 3; do
		stmiot -q device create "d$i" >made
		stmiot -q token --device "d$i" >"token.d$i"
		printf '%s\n' "$i-0" "$i-1" "$i-2" | stmiot -q device send "d$i" --as-device -
	done
	hub_down
}

# KIND ACTION...: with "/N" each N-th record, without it each; all where all is wanted
sweep() {
	local kind=$1 what action stride records numbers at_once
	records=$("$BATS_TEST_DIRNAME/cut_session" "$kind" whole)
	[ "$records" -ge 16 ]
	for what in "${@:2}"; do
		action=${what%/*}
		stride=1
		[ -n "${STMIOT_LONG:-}" ] || [ "$what" = "$action" ] || stride=${what#*/}
		numbers=$(seq 1 "$stride" "$records")
		at_once=6 # half of the time they wait, for what hangs they do nothing else
		[ "$action" != hang ] || at_once=16
		xargs -P "$at_once" -I {} "$BATS_TEST_DIRNAME/cut_session" "$kind" "$action" {} \
			>said 2>&1 <<<"$numbers" || { cat said; return 1; }
		sed -n 's/^[^ ]*: //p' said | sort | uniq -c |
			sed "s/^ *\([0-9]*\) */# $kind, $action at one of $records: \1 times /" >&3
		# A session has a record more or less, as things come together or apart.
		[ "$(grep -vc ': not struck' said)" -ge $(($(wc -l <<<"$numbers") * 3 / 4)) ]
	done
}

@test "monitor: the connection is cut, reset, silent or slow from record n on" {
	sweep monitor cut reset/4 hang slow/9
}

@test "monitor: cut off, and again at record n of its coming back, in every way" {
	sweep again cut reset/4 hang slow/9
}

@test "device send --as-device: the connection is cut, reset, silent or slow from record n on" {
	sweep uplink cut reset/4 hang slow/9
}

@test "device send: the connection is cut, reset, silent or slow from record n on" {
	sweep message cut reset/4 hang slow/9
}

@test "a device's connection is cut or half-open from record n on: the hub knows and forgets it" {
	sweep device cut hang
}

@test "a reader's connection is half-open from record n on: the hub forgets it" {
	sweep reader hang/2
}
