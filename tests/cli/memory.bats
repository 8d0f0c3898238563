load boards
load hubs

# What the command's memory holds when it has ended: every secret in it was wiped. (What a
# sanitizer frees stays as it was, so that these tests are not for it.)

more_setup() {
	secrets=$BATS_TEST_DIRNAME/../../build/secrets
	[ -x "$secrets/secrets" ] || make -s -C "$BATS_TEST_DIRNAME/../.." secrets-build
	mkdir kept
	export STMIOT_KEEP=$PWD/kept LD_PRELOAD=$secrets/keep.so
	hub_up
	stmiot -q sim up --no-hub --time none >up.txt
	serial=$(stmiot list --json | jq -r '.[0].serial')
}

# COMMAND...: its memory is kept; what it prints is not of interest. libc itself binds a few
# functions of the loader at their first call, which is when the loader puts the vector
# registers on the stack: not ours to mend.
ends() {
	LD_BIND_NOW=1 STMIOT_KEEP_MEMORY=1 "$@" >>said 2>&1
}

search() {
	"$secrets/secrets" "$BATS_TEST_DIRNAME/../secrets/allowed" kept >report
}

nothing_in() {
	local memories
	memories=$(find kept -name '*.memory' | wc -l)
	[ "$memories" -eq "$1" ] || {
		echo "$memories memories, not $1"
		return 1
	}
	search || {
		grep ^find report
		return 1
	}
}

@test "of a device: created, shown, rotated, its connection string, a token" {
	ends stmiot device create d1
	ends stmiot device create d2 --show-keys
	ends stmiot device show d1
	ends stmiot device show d1 --show-keys
	ends stmiot device show d1 --show-keys --json
	ends stmiot device connection-string d1
	ends stmiot device connection-string d1 --secondary --json
	ends stmiot device rotate d1 --hub-only --yes --key primary
	ends stmiot device disable d1
	ends stmiot device twin d1
	ends stmiot device list --json
	ends stmiot token
	ends stmiot token --json
	ends stmiot token --device d1
	nothing_in 14
	grep -q "^keys [1-9][0-9]* key of a hub's store" report
}

@test "of a hub: added, listed, looked at, and one that refuses" {
	ends stmiot hub add again --connection-string-file hub/policies/service
	ends stmiot hub add piped --connection-string-file - <hub/policies/service
	ends stmiot hub list --json
	ends stmiot doctor || true
	sed 's/SharedAccessKey=..../SharedAccessKey=AAAA/' hub/connection-string >wrong
	hub_add wrong --connection-string-file wrong
	ends stmiot --hub wrong device list || true
	ends stmiot --hub again device create d1 || true
	nothing_in 6
}

@test "of a board: provisioned in every way, rotated, and looked at" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 4000 \
		-subj /CN=ca -keyout ca.key -out ca.pem 2>openssl.out \
		-addext basicConstraints=critical,CA:TRUE
	head -c 32 /dev/urandom | base64 >group.key
	ends stmiot provision d1
	ends stmiot provision d2 --auth x509
	ends stmiot provision d3 --auth x509 --ca-cert ca.pem --ca-key ca.key --days 10
	ends stmiot provision d4 --auth dps --id-scope 0ne1 --group-key-file group.key
	ends stmiot provision d5 --store otp --burn "$serial"
	ends stmiot device rotate d5
	ends stmiot provision d5
	ends stmiot provision d6 --auth x509 --store otp
	ends stmiot info
	ends stmiot otp show
	printf 'board,device_id\nsim:b0,d7\n' >tray.csv
	ends stmiot provision --batch tray.csv
	ends stmiot provision d8 --dry-run
	nothing_in 12
	grep -q '^keys [1-9][0-9]* root in OTP' report
	grep -q '^keys [1-9][0-9]* private key' report
	grep -q '^keys [1-9][0-9]* key of a file' report
}

@test "the search finds a key that is still there" {
	STMIOT_HUB_CONNECTION_STRING=$(cat hub/connection-string)
	export STMIOT_HUB_CONNECTION_STRING
	ends stmiot token
	run ! search
	grep -q "^find kept stmiot[^ ]*\.memory [0-9]* key of a hub's store, as base64" report
}
